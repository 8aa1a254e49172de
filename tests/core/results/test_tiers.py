"""Tiers from the verdicts between every two arms."""

from itertools import combinations

import pytest

from detente.results.cells import Arm
from detente.results.tiers import tiers

ARMS = [Arm(name, name) for name in "abcde"]


class Said:
    """A comparison that says which of two is better."""

    def __init__(self, arm: Arm, against: Arm, claimed: int) -> None:
        self.arm, self.against, self.claimed = arm, against, claimed


def sort(better: set[str], arms: int = 5) -> tuple[list[str], str]:
    """From pairs such as `ab`, a better than b; the tiers, and who is undecided."""
    pairs = [Said(b, a, (b.text + a.text in better) - (a.text + b.text in better)) for a, b in combinations(ARMS, 2)]
    found = tiers(ARMS[:arms], [p for p in pairs if {p.arm, p.against} <= set(ARMS[:arms])])
    return ["".join(arm.text for arm in tier) for tier in found.ranked], "".join(arm.text for arm in found.undecided)


@pytest.mark.parametrize(
    ("better", "ranked", "undecided"),
    [
        (set(), [], "abcde"),
        ({"ba"}, ["b", "a"], "cde"),
        ({"ab", "ac", "db"}, ["ad", "bc"], "e"),
        ({"ab", "bc", "ac", "cd"}, ["a", "b", "c", "d"], "e"),
        ({"eb", "ea", "da"}, ["de", "ab"], "c"),
        ({"ab", "bc", "ca"}, ["abc"], "de"),  # a circle
    ],
)
def test_a_tier_holds_those_that_only_earlier_ones_are_better_than(better, ranked, undecided):
    assert sort(better) == (ranked, undecided)


def test_tiers_have_letters():
    found = tiers(ARMS[:3], [Said(ARMS[0], ARMS[1], -1)])
    assert [(letter, [arm.text for arm in tier]) for letter, tier in found.named] == [("A", ["b"]), ("B", ["a"])]
    assert sort({"ab"}, 1) == ([], "a")
