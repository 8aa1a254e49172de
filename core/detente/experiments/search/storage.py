"""Where Optuna keeps the trials of a search: a journal in the search's folder, or a database."""

from pathlib import Path
from typing import TYPE_CHECKING

from detente.errors import UsageError, one_line
from detente.experiments.planning import masked
from detente.files import appending

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


def journal_storage(journal: Path) -> "BaseStorage":
    """A file, to which nobody else may write meanwhile.

    Raises:
        UsageError: it is damaged, or a link to somewhere else.
    """
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    mend(journal)
    try:
        return JournalStorage(JournalFileBackend(str(journal), lock_obj=JournalFileOpenLock(str(journal))))
    except Exception as error:  # Optuna takes every line for one of its own
        raise unusable(journal, error) from error


def unusable(journal: Path, error: Exception) -> UsageError:
    """What to say of a journal that Optuna cannot go on with."""
    return UsageError(
        f"{journal}: is not what Optuna wrote ({one_line(error)[:200]}); delete it and resume the search, which asks "
        "for the same settings again."
    )


def database_storage(url: str) -> "BaseStorage":
    """A database, whose tables are made if there are none.

    Raises:
        UsageError: it cannot be opened.
    """
    from optuna.storages import RDBStorage

    try:
        return RDBStorage(url)
    except Exception as error:  # each database has errors of its own, and a missing driver is an ImportError
        raise _refused(url, error) from error


def check_url(url: str) -> None:
    """Whether there is a driver for a database, without connecting to it.

    Raises:
        UsageError: there is none, or this is not a URL of a database.
    """
    from sqlalchemy import create_engine

    try:
        create_engine(url).dispose()
    except Exception as error:
        raise _refused(url, error) from error


def mend(journal: Path) -> None:
    """Take away what a killed search left: its lock, and a last line that it did not finish."""
    Path(f"{journal}.lock").unlink(missing_ok=True)
    if journal.exists() or journal.is_symlink():
        appending(journal).close()  # nothing is written through a link
        content = journal.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with journal.open("r+b") as file:
                file.truncate(whole)


def _refused(url: str, error: Exception) -> UsageError:
    first = masked(str(error).splitlines()[0]).rstrip(".") if str(error) else type(error).__name__
    return UsageError(f"--storage {masked(url)}: cannot be opened: {first}.")
