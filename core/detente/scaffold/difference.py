"""What the templates of this détente would write differently into a package that was made from older ones."""

import difflib
import tomllib
from pathlib import Path
from typing import Any, get_args

from detente.errors import UsageError
from detente.scaffold.package import LICENCES, Package, What

_PREFIX = "detente-"


def of_package(folder: Path) -> Package:
    """The package in a folder, as `new` would write it.

    Raises:
        UsageError: the folder holds no package that `new` could have written.
    """
    project = _project(folder / "pyproject.toml")
    name = str(project.get("name", ""))
    if not name.startswith(_PREFIX):
        raise UsageError(f"{folder} is called {name!r}: `detente new` writes packages called {_PREFIX}…")
    licence = project.get("license")
    for what in get_args(What):
        package = Package(what, name.removeprefix(_PREFIX), licence=licence if licence in LICENCES else LICENCES[0])
        if (folder / package.package / f"{what}.py").is_file():
            return package
    raise UsageError(
        f"{folder} has neither regularizer.py nor domain.py in {name.replace('-', '_')}/: it does not come from "
        "`detente new`, or was rebuilt since."
    )


def difference(folder: Path) -> str:
    """A unified diff from the files of a package around its own class to those of today's templates.

    The class, the README, the licence and a domain's recipe are the author's from the first day and left out. Lines
    that an author has added elsewhere stand in it as well, as lines that the templates lack. Nothing is written.

    Args:
        folder: that of the package.

    Returns:
        The diff; empty where nothing differs.

    Raises:
        UsageError: the folder holds no package that `new` could have written.
    """
    package = of_package(folder)
    own = {"README.md", "LICENSE", f"{package.package}/{package.what}.py"}
    lines: list[str] = []
    for path, text in package.files().items():
        if path in own or path.endswith(".yaml"):
            continue
        file = folder / path
        there = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
        lines += difflib.unified_diff(there, text.splitlines(), f"yours/{path}", f"template/{path}", lineterm="")
    return "\n".join(lines)


def _project(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))["project"]
    except FileNotFoundError:
        raise UsageError(f"{file.parent} holds no package: it has no {file.name}. Name the package's folder.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
        raise UsageError(f"{file} cannot be read as a project: {type(error).__name__} {error}.") from None
