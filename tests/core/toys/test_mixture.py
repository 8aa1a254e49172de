"""Ring and grid: the scores of a perfect sampler and of a collapsed one, and what leaves the mixtures the same."""

import math
from pathlib import Path

import pytest
import torch
from matplotlib.image import imread

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


def test_a_picture_shows_each_point_where_it_is_and_leaves_out_what_is_not_finite(tmp_path: Path) -> None:
    """400 × 400 pixels, from −3 to 3: (1.5, 1.5) stands at three quarters to the right and a quarter down."""
    path = tmp_path / "x.png"
    nowhere = [[math.nan, 0.0], [math.inf, 0.0], [7.0, 0.0]]
    RingDomain().preview(torch.tensor([[1.5, 1.5], [0.0, -3.0 + 1e-3], *nowhere]), path)
    picture = imread(path)
    assert picture.shape[:2] == (400, 400)
    marked = (picture[..., :3].mean(axis=2) < 0.99).nonzero()
    found = sorted(zip(marked[0].tolist(), marked[1].tolist(), strict=True))
    assert found == [(row, column) for row in (99, 100) for column in (298, 299)] + [
        (row, column) for row in (397, 398) for column in (199, 200)
    ]


@pytest.mark.parametrize("make", [RingData, GridData])
def test_every_centre_has_its_share_of_the_data(make: type[RingData] | type[GridData]) -> None:
    data = make(size=10_000)
    x = leaves(data.batch(torch.arange(10_000)).x)[0].double()
    distance, nearest = torch.cdist(x, data.centres).min(dim=1)
    share = torch.bincount(nearest, minlength=data.modes) / 10_000
    assert (share - 1 / data.modes).abs().max() < 4 * math.sqrt(1 / data.modes / 10_000)
    # ‖x − centre‖² of a plane Gaussian has the mean 2σ² and the deviation 2σ².
    assert distance.square().mean().item() == pytest.approx(2 * data.std**2, rel=4 / 100)


def test_centres_are_where_the_options_say() -> None:
    ring, grid = RingData(radius=3.0, size=1).centres, GridData(spacing=1.5, size=1).centres
    torch.testing.assert_close(ring.norm(dim=1), torch.full((8,), 3.0, dtype=torch.float64))
    torch.testing.assert_close(torch.pdist(ring).min().item(), 6 * math.sin(math.pi / 8))
    assert len(grid) == 25 and torch.pdist(grid).min().item() == pytest.approx(1.5)
    torch.testing.assert_close(grid.mean(dim=0), torch.zeros(2, dtype=torch.float64))
