"""What came out of testing the laws on one subject."""

import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

_OURS = [Path(__file__).parents[1] / part for part in ("engine", "testing", "domains", "toys")]


class Verdict(NamedTuple):
    """The verdict of one law on one case."""

    law: str
    where: str
    outcome: str
    """passed, skipped or broken"""
    reason: str = ""


RAISES = "it raises"
"""How the reason begins where a law met an error: one error breaks many laws and is told once."""


def raised(error: BaseException) -> str:
    """The reason where a law met an error, with the line of the author's code."""
    return f"{RAISES} {type(error).__name__}: {error}{line_of(error)}"


def line_of(error: BaseException) -> str:
    """Where in the author's code it happened, or nothing if that was not where it came up."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        ours = any(file.is_relative_to(folder) for folder in _OURS)
        if (
            not ours
            and "site-packages/torch" not in file.as_posix()
            and file.suffix == ".py"
            and "/lib/python" not in file.as_posix()
        ):
            here = file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file
            return f" ({here}:{frame.lineno})"
    return ""


@dataclass
class Report:
    """All verdicts on one regularizer."""

    name: str
    must: tuple[str, ...]
    verdicts: list[Verdict] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        """How many verdicts came out so."""
        return sum(v.outcome == outcome for v in self.verdicts)

    @property
    def broken(self) -> list[Verdict]:
        """The verdicts against it."""
        return [v for v in self.verdicts if v.outcome == "broken"]

    @property
    def untried(self) -> dict[str, str]:
        """Laws that it must keep and that applied nowhere, with a reason that was given."""
        tried = {v.law for v in self.verdicts if v.outcome != "skipped"}
        why = {v.law: v.reason for v in self.verdicts}
        return {law: why.get(law, "no case applies") for law in self.must if law not in tried}

    @property
    def causes(self) -> list[list[Verdict]]:
        """The verdicts against it by distinct cause: those of one law, or of one error."""
        causes: dict[str, list[Verdict]] = {}
        for v in self.broken:
            causes.setdefault(v.reason if v.reason.startswith(RAISES) else v.law, []).append(v)
        return list(causes.values())

    @property
    def laws(self) -> list[str]:
        """The laws that there are for it, whether they apply or not."""
        return list(dict.fromkeys(v.law for v in self.verdicts))

    @property
    def not_applicable(self) -> dict[str, str]:
        """Laws that applied nowhere, each with a reason that was given."""
        tried = {v.law for v in self.verdicts if v.outcome != "skipped"}
        return {v.law: v.reason for v in self.verdicts if v.law not in tried}

    @property
    def faults(self) -> list[str]:
        """A line for each distinct cause: each broken law, each error, each law that was tried nowhere."""
        lines = [_told(found) for found in self.causes]
        return lines + [f"{law} was not tested in any case: {why}" for law, why in self.untried.items()]

    def require(self) -> "Report":
        """Itself, if every law was kept and none that matters was left out.

        Raises:
            AssertionError: naming each broken law with where and why, and each untried one.
        """
        if lines := self.faults:
            raise AssertionError(f"{self.name} breaks {len(lines)} law(s)\n  " + "\n  ".join(lines))
        return self

    def __str__(self) -> str:
        counts = ", ".join(f"{self.count(outcome)} {outcome}" for outcome in ("passed", "skipped", "broken"))
        return f"{self.name}: {counts}"


def _told(found: list[Verdict]) -> str:
    first, laws = found[0], dict.fromkeys(v.law for v in found)
    where = dict.fromkeys(v.where for v in found)
    also = f" and {len(laws) - 1} other laws" if len(laws) > 1 else ""
    more = f" and in {len(where) - 1} other cases" if len(where) > 1 else ""
    return f"{first.law}{also} on {first.where}{more}: {first.reason}"
