"""Nothing is claimed of blocks where nothing differs, whatever the settings do to all arms. `bench.blocks` has more."""

from collections.abc import Callable

import numpy as np
import pytest

from detente.results import statistics
from detente.results.contrasts import contrasts

AT = np.repeat([0, 1, 2], 4)  # of each of 12 blocks, its setting
SHIFT = np.array([-0.2, 0.05, -0.1])[AT, None]
BREAKS = np.array([0.0, 0.05, 0.4])[AT, None]
NOISE: dict[str, Callable[[np.random.Generator, tuple[int, int]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.normal(0, 0.06, shape),
    "heavy tails": lambda rng, shape: 0.04 * rng.standard_t(2, shape),
    "skewed": lambda rng, shape: 0.08 * (1 - rng.exponential(size=shape)),
    "ties": lambda rng, shape: np.round(rng.normal(0, 0.08, shape), 1),
    "breakdowns": lambda rng, shape: np.where(rng.random(shape) < BREAKS, -9, rng.normal(0, 0.06, shape)),
}


def claims(noise: str, studies: int, domains: int) -> float:
    """The share of studies of twelve arms in some domains with a claim."""
    rng = np.random.default_rng(0)
    found = 0
    for _ in range(studies):
        drawn = [np.clip(0.6 + SHIFT + NOISE[noise](rng, (12, 12)), -1, 1) for _ in range(domains)]
        scores = [np.where(each <= -0.5, 0, np.maximum(each, 1e-3)) for each in drawn]
        own = np.hstack([each[:, 1:] for each in scores])
        none = np.hstack([np.repeat(each[:, :1], 11, axis=1) for each in scores])
        sound = own.all() and none.all()
        if not sound or (statistics.step_down(own - none) <= statistics.ALPHA).any():
            found += any(c.better or c.steadier or c.claimed for c in contrasts(own, none))
    return found / studies


@pytest.mark.parametrize("noise", list(NOISE))
def test_a_study_over_settings_in_which_nothing_differs_seldom_has_a_verdict(noise):
    # At a rate of .05, more than 8 of 40 come once in 2,000 times.
    assert claims(noise, 40, 1) <= 8 / 40


@pytest.mark.acceptance
@pytest.mark.parametrize("noise", list(NOISE))
def test_of_a_thousand_studies_in_four_domains_at_most_sixty_have_a_false_verdict(noise):
    assert claims(noise, 1000, 4) <= 0.06
