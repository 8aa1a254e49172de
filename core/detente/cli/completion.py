"""What a shell completes: names of regularizers, domains, data sets, runs. Looks names up, imports nothing heavy."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import typer

from detente.errors import DetenteError
from detente.files.heads import HEADS
from detente.plugins.registry import OF_ONE_DOMAIN, Kind

_WITHIN = re.compile(r"^(.*[+:])?([^+:(]*)$")
_RUNS, _STUDIES = Path("runs"), Path("studies")


def domains(incomplete: str) -> list[str]:
    """Names of domains."""
    return _beginning(incomplete, _names("domain"))


def data(context: typer.Context, incomplete: str) -> list[str]:
    """Names of data sets, of the domain where one is given; files are completed by the shell itself."""
    return _beginning(incomplete, _names("data", _domain(context)))


def models(context: typer.Context, incomplete: str) -> list[str]:
    """Names of architectures, of the domain where one is given."""
    return _beginning(incomplete, _names("model", _domain(context)))


def objectives(incomplete: str) -> list[str]:
    """Names of adversarial losses."""
    return _beginning(incomplete, _names("objective"))


def regularizers(incomplete: str) -> list[str]:
    """Chains that end in the name of a regularizer: `d:r1+spec` is completed to `d:r1+spectral-norm`."""
    found = _WITHIN.match(incomplete)
    if found is None:  # inside the parentheses of options
        return []
    before, begun = found[1] or "", found[2]
    return [
        before + name
        for name in _beginning(begun, _names("regularizer") if before else ["none", *_names("regularizer")])
    ]


def presets(incomplete: str) -> list[str]:
    """Names of the studies that come along."""
    return _beginning(incomplete, _names("preset"))


def runs(incomplete: str) -> list[str]:
    """Folders of runs under `runs`."""
    return _beginning(incomplete, _folders(_RUNS))


def folders(incomplete: str) -> list[str]:
    """Folders of runs, studies and searches under `runs` and `studies`."""
    return _beginning(incomplete, [*_folders(_RUNS), *_folders(_STUDIES)])


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(incomplete)]


def _names(kind: Kind, domain: str | None = None) -> list[str]:
    from detente import plugins

    try:
        return sorted(entry.name for entry in plugins.host().entries(kind, domain if kind in OF_ONE_DOMAIN else None))
    except DetenteError:  # said by the command itself
        return []


def _folders(parent: Path) -> list[str]:
    try:
        return sorted(str(path) for path in parent.iterdir() if any((path / head).is_file() for head in HEADS))
    except OSError:
        return []


def _domain(context: typer.Context) -> str | None:
    given: Any = context.params.get("domain")
    first = given[0] if isinstance(given, list | tuple) and given else given
    return first if isinstance(first, str) else None
