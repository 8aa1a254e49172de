"""What went wrong in the runs of a study or a search, by domain and arm."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detente.results.cells import SETTLED
from detente.results.doctor.rules import RULES, examine
from detente.results.manifest import Manifest


@dataclass
class ArmFound:
    """The runs of an arm in one domain that have ended.

    Attributes:
        text: the arm, as it was typed.
        runs: how many there are.
        found: code of a rule → the folders of the runs that show it, worst faults first.
    """

    domain: str
    text: str
    runs: int = 0
    found: dict[str, list[Path]] = field(default_factory=dict[str, list[Path]])

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"domain": self.domain, "arm": self.text, "runs": self.runs, "found": self.found}


def of_arms(manifest: Manifest) -> list[ArmFound]:
    """What was found, in the order of the experiment; arms without an ended run are left out."""
    arms: dict[tuple[str, str], ArmFound] = {}
    order = [rule.code for rule in RULES]
    for cell, _ in manifest.runs():
        if cell.status not in SETTLED:
            continue
        arm = arms.setdefault((cell.domain, cell.arm.slug), ArmFound(cell.domain, cell.arm.text))
        arm.runs += 1
        for code in dict.fromkeys(each.code for each in examine(cell.run)):
            arm.found.setdefault(code, []).append(cell.folder)
    for arm in arms.values():
        arm.found = dict(sorted(arm.found.items(), key=lambda item: order.index(item[0])))
    return list(arms.values())
