"""Whether two things together do what each does alone: Δ(a+b) − Δa − Δb.

With Δ against an arm that has neither, this is (a+b) − a − b + neither, block by block: above 0 the two help each
other, below 0 the second adds less once the first is there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from detente.recipe.keys import flat
from detente.results.cells import NONE, Arm
from detente.results.intervals import Interval, difference_interval
from detente.results.study import Study

_SIDES = ("generator.regularizers", "discriminator.regularizers")
Finals = Callable[[str, Arm], Mapping[int, float]]
_MOST = 2.0  # of a difference of two differences


@dataclass(frozen=True)
class Interaction:
    """Of two arms and the one that joins them.

    Attributes:
        first, second, both, neither: the arms.
        differences: (a+b) − a − b + neither, of the seeds on which none of the four broke down.
        pairs: seeds on which all four have a score.
    """

    domain: str
    first: Arm
    second: Arm
    both: Arm
    neither: Arm
    differences: tuple[float, ...]
    pairs: int

    @property
    def mean(self) -> float | None:
        return sum(self.differences) / len(self.differences) if self.differences else None

    @property
    def interval(self) -> Interval | None:
        return difference_interval(self.differences, (-_MOST, _MOST))

    def plain(self) -> dict[str, Any]:
        """As data."""
        return {
            "domain": self.domain,
            "first": self.first.text,
            "second": self.second.text,
            "both": self.both.text,
            "neither": self.neither.text,
            "sound": len(self.differences),
            "pairs": self.pairs,
            "mean": self.mean,
            "interval": self.interval and list(self.interval),
        }


def interactions(study: Study, domain: str, finals: Finals) -> list[Interaction]:
    """Every a, b and a+b of a domain, by what their recipes have that the arm without both has not.

    Args:
        study: what is compared.
        domain: where.
        finals: the scaled final scores of an arm in a domain, by seed.
    """
    neither = next((arm for arm in study.arms if arm.text.strip() == NONE), study.against)
    recipes = study.recipes(domain)
    if neither not in recipes:
        return []
    base = _parts(recipes[neither])
    added = {arm: _added(base, _parts(recipe)) for arm, recipe in recipes.items() if arm != neither}
    found: list[Interaction] = []
    for a, b in combinations(added, 2):
        if added[a] and added[b] and not added[a].keys() & added[b].keys():
            both = next((arm for arm, parts in added.items() if parts == {**added[a], **added[b]}), None)
            if both is not None:
                found.append(_of(study, finals, domain, a, b, both, neither))
    return found


def _of(study: Study, finals: Finals, domain: str, a: Arm, b: Arm, both: Arm, neither: Arm) -> Interaction:
    scores: list[Mapping[int, float]] = [finals(domain, arm) for arm in (both, a, b, neither)]
    seeds = [seed for seed in study.seeds if all(seed in own for own in scores)]
    sound = [[own[seed] for own in scores] for seed in seeds if all(own[seed] > 0 for own in scores)]
    return Interaction(domain, a, b, both, neither, tuple(x - y - z + w for x, y, z, w in sound), len(seeds))


def _parts(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe by dotted keys: a regularizer is one part with all of its options."""
    found = {key: value for key, value in flat(recipe).items() if not key.startswith(_SIDES)}
    for side in _SIDES:
        player, _, chain = side.partition(".")
        found |= {f"{side}.{name}": entry for name, entry in (recipe.get(player) or {}).get(chain, {}).items()}
    return found


def _added(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What an arm has other than the base, None where it has nothing."""
    return {key: own.get(key) for key in {**base, **own} if base.get(key) != own.get(key)}
