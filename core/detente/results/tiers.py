"""Tiers instead of an order: what the comparisons of every two arms say, and no more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from detente.results.cells import Arm
from detente.results.comparisons import Comparison


@dataclass(frozen=True)
class Tiers:
    """Arms of one domain by what was shown of them.

    Attributes:
        ranked: tiers from the best; each arm of a later one is worse than some arm of the one before it.
        undecided: arms that were shown to be neither better nor worse than any other.
    """

    ranked: Sequence[Sequence[Arm]]
    undecided: Sequence[Arm]

    @property
    def named(self) -> list[tuple[str, Sequence[Arm]]]:
        """Each tier with its letter."""
        return [(ascii_uppercase[min(i, 25)], tier) for i, tier in enumerate(self.ranked)]


def tiers(arms: Sequence[Arm], pairwise: Iterable[Comparison]) -> Tiers:
    """Sort arms into tiers by the verdicts between every two.

    The first tier are the arms that are better than some other and that no other is better than; the next one those
    that only arms of the tiers before are better than, and so on. Within a tier nothing is decided, and an arm need not
    be better than every arm of the tiers below.

    Args:
        arms: of a study.
        pairwise: the comparisons of every two arms in one domain.
    """
    above: dict[Arm, set[Arm]] = {arm: set() for arm in arms}
    decided: set[Arm] = set()
    for c in pairwise:
        if c.claimed:
            better, worse = (c.arm, c.against) if c.claimed > 0 else (c.against, c.arm)
            above[worse].add(better)
            decided |= {better, worse}
    left, ranked = [arm for arm in arms if arm in decided], []
    while left:
        # Verdicts may, rarely, go round in a circle; its arms then share a tier.
        tier = [arm for arm in left if not above[arm] & set(left)] or left
        ranked.append(tier)
        left = [arm for arm in left if arm not in tier]
    return Tiers(ranked, [arm for arm in arms if arm not in decided])
