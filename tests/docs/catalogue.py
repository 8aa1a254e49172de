"""What is missing of a regularizer: class, registration, test or card. `python tests/docs/catalogue.py` prints it."""

import importlib
import inspect
from pathlib import Path

import detente
from detente.engine.regularizer import Regularizer
from detente.plugins import discover

HOME = "detente.regularizers"


def faults() -> list[str]:
    """A sentence for each file that is missing or left over, and what goes in it."""
    core = Path(inspect.getfile(detente)).parent
    root = core.parents[1]
    entries = [e for e in discover().entries("regularizer") if e.distribution == "detente"]
    found = []
    for entry in entries:
        module, _, cls = entry.target.rpartition(".")[2].partition(":")
        line = f"core/detente/plugins/builtin.py registers {entry.name!r}, but "
        if not (core / "regularizers" / f"{module}.py").is_file():
            found.append(
                f"{line}core/detente/regularizers/{module}.py is missing: write the class {cls} there, with its"
                " equation and citation in the docstring."
            )
        elif not isinstance(getattr(importlib.import_module(f"{HOME}.{module}"), cls, None), type):
            found.append(
                f"{line}core/detente/regularizers/{module}.py has no class {cls}: write it, or correct the line."
            )
        if not (root / "tests/core/regularizers" / f"test_{module}.py").is_file():
            found.append(
                f"{line}tests/core/regularizers/test_{module}.py is missing: write there what {cls} does on a game"
                " with a known answer, with the paper's numbers."
            )
        if not (root / "docs/cards" / f"{entry.name}.md").is_file():
            found.append(
                f"{line}docs/cards/{entry.name}.md is missing: write its card, with the sections and the table of"
                " docs/cards/r1.md, then run `make index`."
            )
    registered = {entry.target for entry in entries}
    modules = {p.stem for p in (core / "regularizers").glob("*.py") if not p.stem.startswith("_")}
    for module in sorted(modules):
        for name, cls in inspect.getmembers(importlib.import_module(f"{HOME}.{module}"), inspect.isclass):
            own = cls.__module__ == f"{HOME}.{module}" and issubclass(cls, Regularizer) and not name.startswith("_")
            if own and f"{HOME}.{module}:{name}" not in registered:
                found.append(
                    f"core/detente/regularizers/{module}.py has the class {name}, which nothing registers: put"
                    f' add("{cls.name}", "{module}", "{name}", "…") into core/detente/plugins/builtin.py.'
                )
    for test in sorted((root / "tests/core/regularizers").glob("test_*.py")):
        if test.stem.removeprefix("test_") not in modules:
            found.append(
                f"tests/core/regularizers/{test.name} tests no module of core/detente/regularizers: delete it."
            )
    for card in sorted((root / "docs/cards").glob("*.md")):
        if card.stem != "index" and card.stem not in {entry.name for entry in entries}:
            found.append(f"docs/cards/{card.name} is the card of nothing that is registered: delete or rename it.")
    return found


if __name__ == "__main__":
    print("\n".join(faults()))
