"""`--data`: the name of a data set, or the path of the user's own files, which the domain's reader reads."""

import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from detente.cli.display import Session
from detente.errors import DetenteError, UsageError, did_you_mean, typed, visible_name

if TYPE_CHECKING:
    from detente.plugins import Host
    from detente.plugins.registry import Entry

PATH = "path"
"""The option that a data set of the user's own files cannot do without."""


class Reader(NamedTuple):
    """A data set that reads what the user has.

    Attributes:
        entry: as its plugin declares it.
        options: its other options and their defaults, where they have one.
    """

    entry: "Entry"
    options: dict[str, Any]


def readers(host: "Host", domain: str) -> list[Reader]:
    """The data sets of a domain that are made of files of the user's own: they require a `path`."""
    found: list[Reader] = []
    for entry in host.entries("data", domain):
        try:
            parameters = dict(inspect.signature(entry.load()).parameters)
        except (DetenteError, TypeError, ValueError):  # whoever asks for this one by name is told what is wrong
            continue
        path = parameters.pop(PATH, None)
        if path is not None and path.default is path.empty:
            defaults = {name: p.default for name, p in parameters.items() if p.default is not p.empty}
            found.append(Reader(entry, defaults))
    return found


def chosen(
    session: Session, host: "Host", text: str | None, domain: str | None, recipe: Path | None
) -> str | dict[str, Any] | None:
    """What `--data` means for a recipe: a name as it is, a path as the options of the domain's reader.

    A registered name is a name, also where a folder is called so; whatever else exists, or has a separator or a dot, is
    a path.

    Raises:
        UsageError: it is a path and there is nothing, or the domain has no reader, or several.
    """
    domain = domain or _domain_of(recipe)
    if text is None or domain is None:
        return text
    where, names = Path(text).expanduser(), [entry.name for entry in host.entries("data", domain)]
    said = f"--data {visible_name(text)}"
    if text in names:
        if where.exists():
            path = typed("--data", f".{os.sep}{text}")
            session.note(f"{said}: the data set of this name; for the files in it, write {path}")
        return text
    separated = any(mark in text for mark in (os.sep, os.altsep, ".", "~") if mark)
    if not where.exists():
        if separated:
            hint = did_you_mean(text, names)
            raise UsageError(
                f"{said}: there is no such file or folder.{hint} `detente data` lists the data sets with a name."
            )
        return text  # the name of a data set as its domain will understand it, or refuse
    able = readers(host, domain)
    if len(able) != 1:
        raise UsageError(_no_reader(said, text, domain, able))
    name, kind = able[0].entry.name, "folder" if where.is_dir() else "file"
    session.note(f"{said}: the {kind} {visible_name(str(where.absolute()))}, read as the data set {name!r} of {domain}")
    return {"name": name, PATH: str(where.absolute())}


def usage(host: "Host", domain: str) -> list[dict[str, Any]]:
    """For each reader of a domain, what to type for data of one's own."""
    return [
        {
            "name": reader.entry.name,
            "summary": reader.entry.summary,
            "command": typed("detente", "train", domain, "--data", "PATH"),
            "options": reader.options,
        }
        for reader in readers(host, domain)
    ]


def _no_reader(said: str, text: str, domain: str, able: list[Reader]) -> str:
    if not able:
        return f"{said}: {domain} reads no files of your own; `detente data` lists its data sets."
    names = [reader.entry.name for reader in able]
    first = typed("--data", names[0], "--set", f"data.{PATH}={text}")
    return f"{said}: {', '.join(names)} can read files of your own; choose one, as in {first}."


def _domain_of(recipe: Path | None) -> str | None:
    """The domain that a recipe names; what is wrong with the file is said when it is resolved."""
    from detente.recipe.document import read

    try:
        found = read(recipe).get("domain") if recipe else None
    except DetenteError:
        return None
    return found if isinstance(found, str) else None
