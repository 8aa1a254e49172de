"""How many more blocks would settle a comparison that is open, from the differences that were observed."""

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev

from detente.results.statistics import ALPHA, pairs_needed, smallest_p

POWER = 0.8
"""The chance of a verdict that the answer is for."""
MOST = 1_000
"""More than so many pairs are not worth naming: such a difference is none that anybody would pay for."""
_LEAST = 3  # differences that a deviation is worth anything from


def pairs_for(differences: Sequence[float], comparisons: int = 1) -> int | None:
    """With how many pairs in all a verdict would come with probability `POWER`, if mean and deviation are those seen.

    n = ((z₁₋α/₂ + z_power)·s/d)² + z²₁₋α/₂/2 pairs (Guenther 1981: the normal formula, with a correction for Student's
    t), and never fewer than the exact test needs to reach α at all.

    Args:
        differences: one per pair.
        comparisons: how many are tested together. The joint test costs no more than a level of α over that many.

    Returns:
        At most `MOST` + 1, which means more than `MOST`; None where there are too few differences to tell by how much
        they vary, and where all are 0.
    """
    if len(differences) < _LEAST:
        return None
    mean, deviation = fmean(differences), stdev(differences)
    if abs(mean) < 1e-12:
        return None if deviation < 1e-12 else MOST + 1
    normal = NormalDist()
    z = normal.inv_cdf(1 - ALPHA / max(1, comparisons) / 2)
    n = ((z + normal.inv_cdf(POWER)) * deviation / abs(mean)) ** 2 + (z * z / 2 if deviation else 0)
    exact = next(n for n in range(1, 64) if smallest_p(n) <= ALPHA) if comparisons == 1 else pairs_needed(comparisons)
    return min(max(math.ceil(n), exact), MOST + 1)


def more_blocks(differences: Sequence[float], pairs: int, comparisons: int = 1) -> int | None:
    """How many blocks (seeds, or seeds of further settings) there should be beside the `pairs` that there are.

    Args:
        differences: of the pairs in which neither side broke down.
        pairs: all of them; where some broke down, so many more are needed.
        comparisons: as in `pairs_for`.

    Returns:
        At least 1, more than `MOST` where that many would not do; None where nothing can be said.
    """
    wanted = pairs_for(differences, comparisons)
    if wanted is None:
        return None
    if wanted > MOST:
        return MOST + 1
    return min(MOST + 1, max(1, math.ceil(wanted * pairs / len(differences)) - pairs))


def said(more: int | None) -> str:
    """As a sentence ends: `about 12 more blocks`."""
    if more is None:
        return ""
    return f"more than {MOST:,} more" if more > MOST else f"about {more} more"
