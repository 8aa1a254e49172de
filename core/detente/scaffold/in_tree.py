"""Writing a regularizer of the core itself: its class, its test, its card, and the lines that register it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from detente.errors import UsageError
from detente.files import write_atomically
from detente.plugins import Host
from detente.scaffold.package import Package, refuse_taken, rendered

_CLASSES = "core/detente/regularizers"
_BUILTIN = "core/detente/plugins/builtin.py"
_TEMPLATES = {
    "in_tree/regularizer.py.j2": _CLASSES + "/{module}.py",
    "in_tree/test.py.j2": "tests/core/regularizers/test_{module}.py",
    "in_tree/card.md.j2": "docs/cards/{name}.md",
}


@dataclass(frozen=True)
class BuiltIn:
    """A regularizer to be written into a checkout of détente.

    Args:
        name: what recipes call it.

    Raises:
        UsageError: the name cannot be used; the message says which could.
    """

    name: str

    def __post_init__(self) -> None:
        Package("regularizer", self.name)  # which refuses a bad name

    @property
    def cls(self) -> str:
        """The class, whose name in recipes is `name`."""
        return Package("regularizer", self.name).cls

    @property
    def module(self) -> str:
        """The module of the class."""
        return self.name.replace("-", "_")

    def files(self) -> dict[str, str]:
        """The text of each new file, by its path in the checkout."""
        says = {
            "name": self.name,
            "cls": self.cls,
            "module": self.module,
            "year": datetime.now(UTC).year,
            "summary": f"{self.cls}: what it does, in a few words",
        }
        return {path.format(module=self.module, name=self.name): rendered(t, says) for t, path in _TEMPLATES.items()}

    def edits(self, root: Path) -> dict[str, str]:
        """The new text of each file of the checkout that changes, by its path.

        Raises:
            UsageError: a file is missing, or the place for the line is not found in it.
        """
        changes: dict[str, Callable[[str], str | None]] = {
            _BUILTIN: self._registered,
            _CLASSES + "/__init__.py": self._handed_out,
        }
        out = {}
        for path, change in changes.items():
            if not (root / path).is_file():
                raise UsageError(f"{root} is no checkout of détente: it has no {path}. Name its root with --into.")
            text = change((root / path).read_text(encoding="utf-8"))
            if text is None:
                raise UsageError(
                    f"{path} has no place for the line of {self.name!r} that is known here: add it by hand."
                )
            out[path] = text
        return out

    def write(self, root: Path, host: Host) -> list[Path]:
        """Write and change all files; which they are.

        Raises:
            UsageError: the name is taken, a file is there already, or `root` is no checkout.
        """
        refuse_taken("regularizer", self.name, host)
        changed, new = self.edits(root), self.files()
        for path in new:
            if (root / path).exists():
                raise UsageError(f"{root / path} exists already. Choose another name.")
        for path, text in (new | changed).items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            write_atomically(root / path, text)
        return [root / path for path in (*new, *changed)]

    def _registered(self, text: str) -> str | None:
        """After the last line of the hook that registers regularizers."""
        hook = re.search(r"def detente_register_regularizers\(.*?(?=\n\n\n|\Z)", text, flags=re.DOTALL)
        if hook is None:
            return None
        line = f'    add("{self.name}", "{self.module}", "{self.cls}", "what it does, in a few words")'
        return f"{text[: hook.start()]}{hook[0].rstrip()}\n{line}\n{text[hook.end() :].removeprefix(chr(10))}"

    def _handed_out(self, text: str) -> str | None:
        """Among the classes that the package hands out, by their modules: at run time, and for checkers."""
        home = re.compile(r'    "\w+": "(\w+)",\n')
        shown = re.compile(r"    from detente\.regularizers\.(\w+) import .*\n")
        lines = (
            (home, f'    "{self.cls}": "{self.module}",\n'),
            (shown, f"    from detente.regularizers.{self.module} import {self.cls} as {self.cls}\n"),
        )
        for form, line in lines:
            found = list(form.finditer(text))
            if not found:
                return None
            before = [one for one in found if one[1] < self.module]
            place = before[-1].end() if before else found[0].start()
            text = text[:place] + line + text[place:]
        return text
