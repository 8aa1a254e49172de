"""Where trials are kept; what a kill leaves there is in test_loop."""

import pytest

from detente.errors import UsageError
from detente.experiments.search.storage import check_url, database_storage, journal_storage, mend


def test_mending_takes_away_a_lock_and_half_a_line_and_nothing_else(tmp_path):
    journal, lock = tmp_path / "journal.log", tmp_path / "journal.log.lock"
    journal.write_bytes(b'{"a": 1}\n{"b": 2}\n{"c')
    lock.touch()
    mend(journal)
    assert journal.read_bytes() == b'{"a": 1}\n{"b": 2}\n'
    assert not lock.exists()
    mend(journal)
    assert journal.read_bytes() == b'{"a": 1}\n{"b": 2}\n'


def test_a_journal_that_is_not_there_yet_is_made(tmp_path):
    assert journal_storage(tmp_path / "journal.log").get_all_studies() == []


@pytest.mark.parametrize("url", ["postgres://me:secret@here/db", "sqlite+none://me:secret@here", "nonsense"])
def test_a_url_without_a_driver_is_refused_alike_by_looking_and_by_opening_and_keeps_its_password(url):
    told = []
    for attempt in (check_url, database_storage):
        with pytest.raises(UsageError, match="cannot be opened: ") as error:
            attempt(url)
        told.append(str(error.value))
    assert told[0].startswith("--storage ")
    assert "secret" not in "".join(told)


def test_looking_at_a_url_makes_no_database(tmp_path):
    check_url(f"sqlite:///{tmp_path / 'trials.db'}")
    assert list(tmp_path.iterdir()) == []
    database_storage(f"sqlite:///{tmp_path / 'trials.db'}")
    assert (tmp_path / "trials.db").is_file()
