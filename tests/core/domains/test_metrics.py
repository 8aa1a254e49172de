"""Metrics against known answers, and against implementations that share no line with ours."""

import math
import time
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from detente.domains.contracts import Data, Domain, Evaluation
from detente.domains.metrics import (
    PRDC,
    Frechet,
    KernelDistance,
    frechet_distance,
    kernel_distance,
    mode_scores,
    prdc,
    subset_kernel_distance,
)
from detente.engine.streams import Stream
from detente.errors import UsageError


def normal(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gaussian(n: int, mean: Tensor, covariance: Tensor, seed: int = 0) -> Tensor:
    """n points whose sample mean and unbiased sample covariance are exactly those given, up to rounding."""
    x = normal(n, len(mean), seed)
    x = x - x.mean(dim=0)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(torch.cov(x.T)), x.T, upper=False).T
    return white @ torch.linalg.cholesky(covariance).T + mean


def random_covariance(d: int, seed: int) -> Tensor:
    factor = normal(d, d, seed)
    return factor @ factor.T + 0.1 * torch.eye(d, dtype=torch.float64)


class Columns(nn.Module):
    """Lets torchmetrics take features that are already there: they come in as an image of one row."""

    def __init__(self, d: int) -> None:
        super().__init__()
        self.num_features = d

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), -1)


# Fréchet distance


def test_frechet_of_two_gaussians_with_diagonal_covariances_is_the_textbook_sum() -> None:
    mean, a, b = (
        torch.tensor([3.0, -4.0]).double(),
        torch.tensor([1.0, 4.0]).double(),
        torch.tensor([9.0, 0.25]).double(),
    )
    x, y = gaussian(50, torch.zeros(2).double(), a.diag()), gaussian(70, mean, b.diag(), seed=1)
    # ‖μ‖² + Σ(√a − √b)² = 25 + (1 − 3)² + (2 − ½)²; a hundred roundings of numbers below 50 stay under 1e-11.
    assert frechet_distance(x, y) == pytest.approx(31.25, abs=1e-11)


@pytest.mark.parametrize(("n", "m", "d"), [(500, 300, 8), (1000, 1000, 32)])
def test_frechet_agrees_with_the_matrix_root_of_scipy(n: int, m: int, d: int) -> None:
    mean_x, mean_y, cov_x, cov_y = normal(1, d)[0], normal(1, d, 1)[0], random_covariance(d, 2), random_covariance(d, 3)
    x, y = gaussian(n, mean_x, cov_x, 4), gaussian(m, mean_y, cov_y, 5)
    root = scipy.linalg.sqrtm((cov_x @ cov_y).numpy())
    expected = float((mean_x - mean_y).square().sum() + cov_x.trace() + cov_y.trace()) - 2 * float(np.trace(root).real)
    # scipy's root of a product whose condition is some 1e5 is good to about 1e-10.
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-9)


def test_frechet_agrees_with_torchmetrics() -> None:
    x, y = normal(400, 12) @ random_covariance(12, 1), 2 * normal(300, 12, 2) + 1
    theirs = FrechetInceptionDistance(feature=Columns(12), normalize=True, input_img_size=(1, 1, 12)).set_dtype(
        torch.float64
    )
    theirs.update(y[:, None, None], real=True)
    theirs.update(x[:, None, None], real=False)
    # It adds up second moments of all samples before it takes the mean out, which costs a few digits.
    assert frechet_distance(x, y) == pytest.approx(theirs.compute().item(), rel=1e-9)


def test_frechet_is_symmetric_and_zero_for_equal_features() -> None:
    x, y = normal(100, 5), normal(80, 5, 1)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-12)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-12)


def test_frechet_of_fewer_samples_than_dimensions_is_that_of_their_subspace() -> None:
    x, y = normal(6, 4), normal(7, 4, 1) + 1
    rotation = torch.linalg.qr(normal(100, 100, 2)).Q[:4]  # [4, 100], orthonormal rows
    assert frechet_distance(x @ rotation, y @ rotation) == pytest.approx(frechet_distance(x, y), rel=1e-12)


def test_frechet_of_constant_features_is_the_squared_distance_of_the_constants() -> None:
    assert frechet_distance(torch.full((10, 3), 2.0), torch.full((12, 3), 4.0)) == 12.0


def test_frechet_keeps_small_distances_far_from_the_origin() -> None:
    # A shift of 1e-4 at 1e4: squares of coordinates are 1e16 times larger than the answer.
    x = gaussian(100, torch.full((3,), 1e4).double(), torch.eye(3).double())
    assert frechet_distance(x, x + 1e-4) == pytest.approx(3e-8, rel=1e-4)


# Kernel distance


def test_kernel_distance_of_two_and_two_points_by_hand() -> None:
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[1.0], [2.0]])
    # k(a, b) = (ab + 1)³. Within x: k(0,1) = 1. Within y: k(1,2) = 27. Between: 1, 1, 8, 27, of mean 37/4.
    assert kernel_distance(x, y) == 1 + 27 - 2 * 37 / 4


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance` will save")  # it says so at every construction
def test_kernel_distance_agrees_with_torchmetrics() -> None:
    x, y = normal(200, 10), normal(200, 10, 1) * 1.2 + 0.1
    theirs = KernelInceptionDistance(feature=Columns(10), subsets=1, subset_size=200, normalize=True).set_dtype(
        torch.float64
    )
    theirs.update(y[:, None, None], real=True)
    theirs.update(x[:, None, None], real=False)
    expected = cast(tuple[Tensor, Tensor], theirs.compute())[0].item()
    assert kernel_distance(x, y) == pytest.approx(expected, rel=1e-10)


def test_kernel_distance_is_unbiased() -> None:
    values = torch.tensor([kernel_distance(normal(20, 3, 2 * i), normal(30, 3, 2 * i + 1)) for i in range(400)])
    assert abs(values.mean()) < 3 * values.std() / 20  # three standard errors; a biased estimate is off by twenty


def test_subsets_use_everything_where_there_is_room_and_else_estimate_the_same() -> None:
    x, y = normal(600, 4), normal(500, 4, 1) + 0.5
    exact = kernel_distance(x, y)
    assert subset_kernel_distance(x, y, 10, 600, Stream(0)) == exact
    values = [subset_kernel_distance(x, y, 20, 200, Stream(0)) for _ in range(2)]
    assert values[0] == values[1]
    assert values[0] == pytest.approx(exact, rel=0.15)  # the standard error of 20 subsets is about 5 %


# Precision, recall, density, coverage


def brute_force(real: Tensor, fake: Tensor, k: int) -> dict[str, float]:
    """Straight from the definitions, sample by sample."""
    r, f = real.tolist(), fake.tolist()

    def radii(points: list[list[float]]) -> list[float]:
        return [sorted(math.dist(p, q) for j, q in enumerate(points) if j != i)[k - 1] for i, p in enumerate(points)]

    real_radius, fake_radius = radii(r), radii(f)
    around = [[math.dist(p, q) <= reach for p, reach in zip(r, real_radius, strict=True)] for q in f]  # [fake][real]
    return {
        "precision": sum(map(any, around)) / len(f),
        "recall": sum(any(math.dist(p, q) <= c for q, c in zip(f, fake_radius, strict=True)) for p in r) / len(r),
        "density": sum(map(sum, around)) / (k * len(f)),
        "coverage": sum(map(any, zip(*around, strict=True))) / len(r),
    }


@pytest.mark.parametrize(("n", "m", "d", "k"), [(60, 90, 2, 5), (90, 60, 5, 3), (40, 40, 1, 1)])
def test_prdc_agrees_with_brute_force(n: int, m: int, d: int, k: int) -> None:
    real, fake = normal(n, d), 0.7 * normal(m, d, 1) + 0.3
    assert prdc(real, fake, k) == pytest.approx(brute_force(real, fake, k), rel=1e-14)


def test_prdc_does_not_depend_on_the_blocks_it_is_computed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = normal(70, 3), normal(50, 3, 1)
    whole = prdc(real, fake)
    monkeypatch.setattr("detente.domains.metrics._ROWS", 16)
    assert prdc(real, fake) == whole


def test_prdc_of_the_real_data_themselves_is_one() -> None:
    x = normal(200, 4)
    scores = prdc(x, x)
    assert (scores["precision"], scores["recall"], scores["coverage"]) == (1, 1, 1)
    # Each real ball holds its centre and k neighbours.
    assert scores["density"] == pytest.approx(6 / 5)


def test_a_collapsed_generator_is_precise_and_covers_nothing() -> None:
    real = normal(500, 2)
    scores = prdc(real, real[:1].expand(500, 2))
    assert scores["precision"] == 1
    assert scores["recall"] == 1 / 500
    assert scores["coverage"] < 0.05


def test_constant_features_hit_a_constant_exactly() -> None:
    zeros = torch.zeros(20, 2)
    assert set(prdc(zeros, zeros).values()) == {1.0, 20 / 5}
    assert set(prdc(zeros, zeros + 1).values()) == {0.0}


def test_a_set_without_k_neighbours_leaves_out_what_its_balls_would_say() -> None:
    few_fakes, few_reals = prdc(normal(50, 2), normal(5, 2, 1)), prdc(normal(5, 2), normal(50, 2, 1))
    assert [k for k, v in few_fakes.items() if math.isnan(v)] == ["recall"]
    assert [k for k, v in few_reals.items() if math.isnan(v)] == ["precision", "density", "coverage"]


# Modes


def test_kl_of_uneven_modes_by_hand() -> None:
    scores = mode_scores(torch.tensor([0, 0, 0, 2]), 4)
    assert scores["modes"] == 2
    assert scores["modes-kl"] == pytest.approx(0.75 * math.log(3) + 0.25 * math.log(1))
    assert mode_scores(torch.arange(8).repeat(3), 8) == {"modes": 8, "modes-kl": 0}
    assert mode_scores(torch.zeros(9, dtype=torch.long), 25)["modes-kl"] == pytest.approx(math.log(25))


def test_kl_of_balanced_modes_has_a_floor_of_k_minus_1_over_2n() -> None:
    modes, n = 25, 2000
    generator = torch.Generator().manual_seed(0)
    values = [mode_scores(torch.randint(modes, (n,), generator=generator), modes)["modes-kl"] for _ in range(200)]
    # 2n·KL is χ² with K − 1 degrees of freedom: of 200 means the standard error is 2 %.
    assert np.mean(values) == pytest.approx((modes - 1) / (2 * n), rel=0.06)


def test_no_sample_has_no_kl_and_an_unknown_mode_is_refused() -> None:
    none = mode_scores(torch.empty(0, dtype=torch.long), 3)
    assert none["modes"] == 0
    assert math.isnan(none["modes-kl"])
    with pytest.raises(UsageError, match="assigned to mode 3, but there are 3 modes"):
        mode_scores(torch.tensor([3]), 3)


# All of them


ALL: list[Callable[[Tensor, Tensor], float]] = [
    frechet_distance,
    kernel_distance,
    *(lambda x, y, name=name: prdc(y, x)[name] for name in PRDC.scores),
]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_feature_that_is_not_finite_makes_every_score_nan(bad: float) -> None:
    x, y = normal(30, 3), normal(30, 3, 1)
    x[4, 1] = bad
    assert all(math.isnan(f(x, y)) and math.isnan(f(y, x)) for f in ALL)


def test_a_single_sample_has_no_spread_to_compare() -> None:
    assert all(math.isnan(f(normal(1, 3), normal(30, 3))) for f in (frechet_distance, kernel_distance))


def test_features_that_are_no_rows_are_refused_with_a_fix() -> None:
    with pytest.raises(UsageError, match=r"\(4, 2, 3\).*flatten them"):
        frechet_distance(torch.zeros(4, 2, 3), torch.zeros(4, 6))


class Given(Evaluation):
    """An evaluation whose features are given."""

    def __init__(self, features: Tensor, reference: Tensor) -> None:
        super().__init__(features, cast(Data, None), cast(Domain, None))
        self.__dict__ |= {"features": features, "reference_features": reference}


def test_metrics_return_what_they_state() -> None:
    x, y = normal(40, 3), normal(50, 3, 1)
    for metric in (Frechet(), KernelDistance(), PRDC()):
        assert metric(Given(x, y)).keys() == metric.scores.keys()
    assert Frechet()(Given(x, y)) == {"frechet": frechet_distance(x, y)}
    assert KernelDistance()(Given(x, y)) == {"kernel-distance": kernel_distance(x, y)}
    assert PRDC(k=3)(Given(x, y)) == prdc(real=y, fake=x, k=3)


@pytest.mark.parametrize("make", [lambda: PRDC(k=0), lambda: KernelDistance(subsets=0), lambda: KernelDistance(size=1)])
def test_options_without_a_meaning_are_refused(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError):
        make()


def test_a_thousand_samples_of_64_features_take_a_moment() -> None:
    e = Given(normal(1000, 64), normal(1000, 64, 1))
    started = time.process_time()
    for metric in (Frechet(), KernelDistance(), PRDC()):
        metric(e)
    assert time.process_time() - started < 5  # half a second of processor time; the rest is for a busy machine
