"""Ring and grid: the scores of a perfect sampler and of a collapsed one, and what leaves the mixtures the same."""

import math

import pytest
import torch

from detente.domains.contracts import Domain, Evaluation
from detente.domains.metrics import mode_scores
from detente.engine.sample import leaves
from detente.errors import UsageError
from detente.toys.domain import training_samples
from detente.toys.mixture import GridData, GridDomain, Mixture, Modes, RingData, RingDomain
from detente.toys.pair import PairData
from toy_parts import rng


@pytest.mark.parametrize(("domain", "make", "k"), [(RingDomain, RingData, 8), (GridDomain, GridData, 25)])
def test_a_perfect_sampler_has_98_89_percent_within_three_sigma_and_a_kl_of_its_floor(
    domain: type[Domain], make: type[RingData] | type[GridData], k: int
) -> None:
    data = make(size=200_000)
    x = training_samples(data, len(data))
    scores = Modes()(Evaluation(x, data, domain()))
    inside = 1 - math.exp(-4.5)
    assert inside == pytest.approx(0.9889, abs=5e-5)
    assert scores["inside"] == pytest.approx(
        inside, abs=4 * math.sqrt(inside * (1 - inside) / 200_000)
    )  # 4 std. errors
    assert scores["modes"] == k
    assert scores["quality"] == scores["inside"]
    floor, spread = (k - 1) / 400_000, math.sqrt(2 * (k - 1)) / 400_000  # 2n·KL is χ² of K − 1
    assert scores["modes-kl"] == pytest.approx(floor, abs=4 * spread)


def test_a_collapsed_sampler_is_sharp_and_covers_one_mode() -> None:
    data = RingData()
    one = data.centres[:1].float().expand(100, 2)
    scores = Modes()(Evaluation(one, data, RingDomain()))
    assert scores == pytest.approx({"quality": 1 / 8, "inside": 1.0, "modes": 1.0, "modes-kl": math.log(8)})


def test_modes_needs_centres_and_finite_samples() -> None:
    points = torch.zeros(3, 2)
    with pytest.raises(UsageError, match="PairData has none"):
        Modes()(Evaluation(points, PairData(size=1), RingDomain()))
    broken = Modes()(Evaluation(points + math.nan, RingData(), RingDomain()))
    assert all(math.isnan(value) for value in broken.values())


@pytest.mark.parametrize("make", [RingData, GridData])
def test_symmetries_of_the_mixtures_move_centres_onto_centres(make: type[RingData] | type[GridData]) -> None:
    data = make(size=1)
    domain = {RingData: RingDomain, GridData: GridDomain}[make]()
    for augment in domain.augmentations.values():
        for seed in range(8):
            moved = leaves(augment(data.centres, rng(seed)))[0]
            distance, nearest = torch.cdist(moved, data.centres).min(dim=1)
            assert distance.max() < 1e-12
            assert mode_scores(nearest, data.modes)["modes"] > 1
    assert isinstance(data, Mixture)
