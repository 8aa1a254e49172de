"""Writing a new package: a regularizer or a domain that installs, passes its tests and trains at once."""

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import jinja2

from detente.engine.options import kebab
from detente.errors import UsageError
from detente.files import staged, write_atomically
from detente.files.standing import make_folder, standing
from detente.plugins import Host
from detente.plugins.contract import CONTRACT

What = Literal["regularizer", "domain"]
LICENCES = ("MIT", "BSD-3-Clause", "Apache-2.0")
_FORM = re.compile(r"[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*")
_LONGEST = 30
_TAKEN = frozenset({"regularizer", "step", "tensor", "non-negative", "test", "plugin", "domain", "data", "model"})
"""Names whose classes or modules would hide what the templates import, or say nothing."""

_COMMON = {
    "common/pyproject.toml.j2": "pyproject.toml",
    "common/gitignore.j2": ".gitignore",
    "common/ci.yml.j2": ".github/workflows/tests.yml",
}
_FILES: dict[What, dict[str, str]] = {
    "regularizer": {
        "regularizer/README.md.j2": "README.md",
        "regularizer/regularizer.py.j2": "{package}/regularizer.py",
        "regularizer/plugin.py.j2": "{package}/plugin.py",
        "regularizer/test.py.j2": "tests/test_{package}.py",
    },
    "domain": {
        "domain/README.md.j2": "README.md",
        "domain/domain.py.j2": "{package}/domain.py",
        "domain/plugin.py.j2": "{package}/plugin.py",
        "domain/recipe.yaml.j2": "{package}/recipes/{name}.yaml",
        "domain/test.py.j2": "tests/test_{package}.py",
    },
}


@dataclass(frozen=True)
class Package:
    """A package to be written.

    Args:
        what: the kind of its component.
        name: what recipes call it.
        author: who holds the copyright.
        licence: one of `LICENCES`.

    Raises:
        UsageError: the name cannot be used; the message says which could.
    """

    what: What
    name: str
    author: str = "the authors"
    licence: str = "MIT"

    def __post_init__(self) -> None:
        good = suggestion(self.name)
        hint = f" Write {good!r}." if good and good != self.name else ""
        if len(self.name) > _LONGEST:
            raise UsageError(f"{self.name!r} is too long for a name that is typed: {_LONGEST} characters are the most.")
        if not _FORM.fullmatch(self.name) or kebab(self.cls) != self.name:
            raise UsageError(
                f"{self.name!r} cannot be the name of a {self.what}: use lower-case words joined by hyphens, each "
                f"of two letters or more, such as 'gradient-noise'.{hint}"
            )
        if self.name in _TAKEN or keyword.iskeyword(self.cls):
            raise UsageError(f"{self.name!r} says too little, or hides something that is imported: use two words.")
        if self.name.startswith("detente-"):
            raise UsageError(f"{self.name!r}: the package is called detente-… anyway.{hint}")
        if self.licence not in LICENCES:
            raise UsageError(f"--licence {self.licence}: write one of {', '.join(LICENCES)}.")

    @property
    def distribution(self) -> str:
        """What pip calls it."""
        return f"detente-{self.name}"

    @property
    def package(self) -> str:
        """What Python calls it."""
        return self.distribution.replace("-", "_")

    @property
    def cls(self) -> str:
        """The class, whose name in recipes is `name`."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    def files(self) -> dict[str, str]:
        """The text of each file, by its path in the package's folder."""
        says = {
            "name": self.name,
            "cls": self.cls,
            "package": self.package,
            "distribution": self.distribution,
            "licence": self.licence,
            "author": self.author,
            "contract": CONTRACT,
            "year": datetime.now(UTC).year,
            "needs": "detente" if self.what == "regularizer" else "detente[run]",
            "summary": f"The {self.what} {self.name.replace('-', ' ')}",
        }
        templates = {**_COMMON, **_FILES[self.what], f"licences/{self.licence}.j2": "LICENSE"}
        out = {
            path.format(package=self.package, name=self.name): rendered(template, says)
            for template, path in templates.items()
        }
        # Empty: every start of détente imports it with plugin.py.
        return {**out, f"{self.package}/py.typed": "", f"{self.package}/__init__.py": ""}

    def write(self, into: Path, host: Host) -> Path:
        """Write it into a new folder of `into`; the folder.

        Raises:
            UsageError: the name is taken by something installed, or the folder is there already.
            OSError: it cannot be written; then there is nothing of it.
        """
        refuse_taken(self.what, self.name, host)
        folder = into / self.distribution
        if standing(folder):
            raise UsageError(f"{folder} exists already. Choose another name, or another place with --into.")
        make_folder(into, "Choose another place with --into")
        with staged(folder) as whole:
            for path, text in self.files().items():
                (whole / path).parent.mkdir(parents=True, exist_ok=True)
                write_atomically(whole / path, text)
        return folder


def rendered(template: str, says: Mapping[str, Any]) -> str:
    """The text of one template."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("detente.scaffold", "templates"),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # Python and TOML, not HTML
    )
    return environment.get_template(template).render(says)


def refuse_taken(what: What, name: str, host: Host) -> None:
    """Refuse a name that something installed has.

    Raises:
        UsageError: it is taken, and by what.
    """
    for entry in host.entries(what):
        if name in entry.names:
            raise UsageError(
                f"There is a {what} {name!r} already, of {entry.origin}. Choose another name: two of one name cannot "
                "be used."
            )


def suggestion(name: str) -> str | None:
    """The nearest name of the form that is needed; None if nothing is left of it."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)
    words = [re.sub(r"[^a-z0-9]", "", part) for part in re.split(r"[-_\s]+", spaced.lower())]
    words = [w for w in words if w]
    while words and words[0] == "detente":
        words = words[1:]
    joined = "-".join(words)
    joined = re.sub(r"-(?=\d)", "", joined)  # R1 is r1, not r-1
    return joined if _FORM.fullmatch(joined) else None
