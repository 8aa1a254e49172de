"""Distances and densities between two sets of features, whatever the features are of.

Everything here is float64, takes features [n, d] and [m, d], and returns NaN if a feature is not finite or there are
too few samples.
"""

import logging
import math
from collections.abc import Mapping
from functools import cache
from typing import Annotated

import torch
from torch import Tensor

from detente.domains.contracts import Evaluation, Metric
from detente.domains.primary import Direction
from detente.engine.options import Count, Range
from detente.engine.streams import Stream
from detente.errors import UsageError

MOST_PAIRED = 10_000
"""Samples that a metric compares each with each: time grows with the square of their number."""

_ROWS = 1024
"""Rows of a distance matrix that are in memory at a time."""

_log = logging.getLogger(__name__)


def paired(x: Tensor, metric: str, rng: Stream) -> Tensor:
    """The rows of `x` [n, ...] that a metric compares each with each: all of them up to `MOST_PAIRED`.

    Of more, so many are drawn by `rng`, and a warning names the metric and both numbers.
    """
    if len(x) <= MOST_PAIRED:
        return x
    _say(metric, len(x))
    return x[torch.randperm(len(x), generator=rng.generator())[:MOST_PAIRED].to(x.device)]


@cache
def _say(metric: str, n: int) -> None:
    _log.warning("%s compares samples in pairs: %d of %d, drawn at random, are compared.", metric, MOST_PAIRED, n)


def frechet_distance(x: Tensor, y: Tensor) -> float:
    """Squared Wasserstein-2 distance between the Gaussians that fit `x` [n, d] and `y` [m, d], in squared units.

    ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½)      (Dowson & Landau 1982; Heusel et al. 2017, eq. 6)

    Σ is the unbiased sample covariance. With Σᵢ = RᵢᵀRᵢ from a QR decomposition of the centred features, the trace of
    the root is the nuclear norm of R₁R₂ᵀ: no root of a matrix is taken, nothing is squared, and singular covariances
    (fewer samples than dimensions, constant features) are no special case.
    """
    x, y = x.double(), y.double()
    if not _usable(x, y, least=2):
        return math.nan
    (mean_x, root_x), (mean_y, root_y) = _gaussian(x), _gaussian(y)
    cross = torch.linalg.svdvals(root_x @ root_y.T).sum()
    spread = root_x.square().sum() + root_y.square().sum() - 2 * cross
    # The spread is a squared distance; rounding alone makes it negative.
    return ((mean_x - mean_y).square().sum() + spread.clamp(min=0)).item()


_HALVES = 4
"""Pairs of random halves whose distances are averaged."""


def extrapolated_frechet(x: Tensor, y: Tensor, stream: Stream) -> float:
    """The Fréchet distance that infinitely many samples would have: 2 F(n) − F(n/2), of all samples and of halves.

    Of n samples a Fréchet distance is too large by about c/n, and c is smaller for samples that are too much alike:
    among few, a generator that varies too little wins. The extrapolation takes c/n away (Chong & Forsyth 2020, with two
    sizes instead of fifteen); near 0 it may be negative. Of Gaussians in 64 dimensions, of which one has standard
    deviations of .7 and a distance of 7.4 and one is shifted and has 5.1, it ranked 93 % of pairs right with 112
    samples and all with 300; F(n) ranked 2 % and 76 % right.
    """
    if min(len(x), len(y)) < 4:
        return math.nan
    generator = stream.generator()
    halves: list[float] = []
    for _ in range(_HALVES):
        a, b = (f[torch.randperm(len(f), generator=generator)[: len(f) // 2].to(f.device)] for f in (x, y))
        halves.append(frechet_distance(a, b))
    return 2 * frechet_distance(x, y) - math.fsum(halves) / _HALVES


def _gaussian(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [d] and R [min(n, d), d] with RᵀR = Σ."""
    mean = x.mean(dim=0)
    return mean, torch.linalg.qr(x - mean, mode="r").R / math.sqrt(len(x) - 1)


def kernel_distance(x: Tensor, y: Tensor) -> float:
    """Unbiased squared maximum mean discrepancy under k(a, b) = (aᵀb/d + 1)³; near 0, it may be negative.

    (Gretton et al. 2012, eq. 3; Bińkowski et al. 2018, eq. 3–4, the kernel inception distance on other features)
    """
    x, y = x.double(), y.double()
    if not _usable(x, y, least=2):
        return math.nan
    n, m, d = len(x), len(y), x.shape[1]

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        """Sum over all pairs."""
        return torch.stack([((part @ b.T / d + 1) ** 3).sum() for part in a.split(_ROWS)]).sum()

    def within(a: Tensor) -> Tensor:
        own = (a.square().sum(dim=1) / d + 1) ** 3
        return (kernel(a, a) - own.sum()) / (len(a) * (len(a) - 1))

    return (within(x) + within(y) - 2 * kernel(x, y) / (n * m)).item()


def subset_kernel_distance(x: Tensor, y: Tensor, subsets: int, size: int, stream: Stream) -> float:
    """Mean kernel distance over random subsets of both, which bounds memory; all of the samples where `size` allows it.

    (Bińkowski et al. 2018, section 4: subsets of 1000)
    """
    if max(len(x), len(y)) <= size:
        return kernel_distance(x, y)
    generator = stream.generator()
    values = []
    for _ in range(subsets):
        chosen = [f[torch.randperm(len(f), generator=generator)[:size].to(f.device)] for f in (x, y)]
        values.append(kernel_distance(*chosen))
    return math.fsum(values) / subsets


def prdc(real: Tensor, fake: Tensor, k: int = 5) -> dict[str, float]:
    """Precision, recall, density, coverage: a ball around each sample reaches to its k-th nearest neighbour in its set.

    precision: share of fakes in some real ball; recall: share of reals in some fake ball
    (Kynkäänniemi et al. 2019, eq. 1–2); density: real balls per fake, over k; coverage: share of real balls that hold a
    fake (Naeem et al. 2020, eq. 3–4). A fake in the distribution of the reals has density 1 on average.

    Balls are closed, as both papers write them; their released code leaves the surface out, which differs on ties only.
    A set of k samples or fewer has no balls, and what needs them is NaN.
    """
    real, fake = real.double(), fake.double()
    out: dict[str, float] = dict.fromkeys(("precision", "recall", "density", "coverage"), math.nan)
    if not _usable(real, fake, least=1):
        return out
    if len(real) > k:
        radius = _radii(real, k)
        held = torch.zeros(len(fake), dtype=torch.long, device=fake.device)  # real balls around each fake
        filled = 0
        for part, reach in zip(real.split(_ROWS), radius.split(_ROWS), strict=True):
            inside = _distances(part, fake) <= reach[:, None]  # [rows, n]
            held += inside.sum(dim=0)
            filled += int(inside.any(dim=1).sum())
        out["precision"] = (held > 0).double().mean().item()
        out["density"] = held.double().mean().item() / k
        out["coverage"] = filled / len(real)
    if len(fake) > k:
        radius = _radii(fake, k)
        found = sum(int((_distances(part, fake) <= radius).any(dim=1).sum()) for part in real.split(_ROWS))
        out["recall"] = found / len(real)
    return out


def _radii(x: Tensor, k: int) -> Tensor:
    """Distance of each row to its k-th nearest other row, [n]: the (k + 1)-th smallest, for it is its own nearest."""
    return torch.cat([_distances(part, x).kthvalue(k + 1, dim=1).values for part in x.split(_ROWS)])


def _distances(a: Tensor, b: Tensor) -> Tensor:
    # Not through ‖a‖² + ‖b‖² − 2aᵀb: that cancels, and equal points would end up apart.
    return torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist")


def mode_scores(assigned: Tensor, modes: int) -> dict[str, float]:
    """The number of covered modes, of K, and how unevenly they are covered.

    Args:
        assigned: the mode of each sample, [n], integers from 0 to K − 1.
        modes: K.

    Returns:
        modes: how many modes have a sample.
        modes-kl: KL(share of samples per mode ‖ uniform) = log K − entropy, in nats; NaN without samples. For n samples
            of K balanced modes it is (K − 1)/2n on average, not 0.
    """
    count = torch.bincount(assigned.flatten(), minlength=modes).double()
    if len(count) != modes:
        raise UsageError(f"a sample is assigned to mode {len(count) - 1}, but there are {modes} modes, counted from 0.")
    share = count[count > 0] / count.sum()
    kl = math.nan if len(share) == 0 else max(0.0, math.log(modes) + (share * share.log()).sum().item())
    return {"modes": float(len(share)), "modes-kl": kl}


def _usable(x: Tensor, y: Tensor, least: int) -> bool:
    if x.dim() != 2 or y.dim() != 2 or x.shape[1] != y.shape[1]:
        raise UsageError(
            f"features are [n, d] with one d for both sets, but got {tuple(x.shape)} and {tuple(y.shape)}; "
            "flatten them in the domain's features()."
        )
    return min(len(x), len(y)) >= least and bool(x.isfinite().all()) and bool(y.isfinite().all())


class Frechet(Metric):
    """Fréchet distance between the features of samples and reference."""

    scores: Mapping[str, Direction] = {"frechet": "lower"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return {"frechet": frechet_distance(e.features, e.reference_features)}


class FrechetExtrapolated(Metric):
    """The Fréchet distance of features, extrapolated to infinitely many samples; for data of which there are few."""

    scores: Mapping[str, Direction] = {"frechet-extrapolated": "lower"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        stream = e.rng.at("frechet-extrapolated")
        return {"frechet-extrapolated": extrapolated_frechet(e.features, e.reference_features, stream)}


class KernelDistance(Metric):
    """Kernel distance between the features of samples and reference.

    Args:
        subsets: how many random subsets are averaged where there are more samples than `size`.
        size: samples in a subset.
    """

    scores: Mapping[str, Direction] = {"kernel-distance": "lower"}

    def __init__(self, subsets: Count = 10, size: Annotated[int, Range(least=2)] = 1000) -> None:
        self.subsets, self.size = subsets, size

    def __call__(self, e: Evaluation) -> dict[str, float]:
        stream = e.rng.at("kernel-distance")
        value = subset_kernel_distance(e.features, e.reference_features, self.subsets, self.size, stream)
        return {"kernel-distance": value}


class PRDC(Metric):
    """Precision, recall, density and coverage of the features of samples and reference, of 10,000 at most in each.

    Args:
        k: which neighbour a ball reaches to.
    """

    scores: Mapping[str, Direction] = {
        "precision": "higher",
        "recall": "higher",
        "density": "higher",
        "coverage": "higher",
    }

    def __init__(self, k: Count = 5) -> None:
        self.k = k

    def __call__(self, e: Evaluation) -> dict[str, float]:
        rng = e.rng.at("prdc")
        real = paired(e.reference_features, "prdc, of the reference,", rng.at("reference"))
        return prdc(real, paired(e.features, "prdc", rng), self.k)
