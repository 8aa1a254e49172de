"""Features by a network of the user's."""

import hashlib
import pickle
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from torch import Tensor, nn

from detente.domains.brought import Brought
from detente.domains.contracts import Evaluation
from detente.domains.metrics import frechet_distance
from detente.errors import UsageError
from detente.testing import cases

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
"""Tests write such files; only reading them is détente's."""


class Wide(nn.Module):
    """[n, 2] → [n, 3, 1, 1], as Inception's pooling returns its features."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([x[:, 0], x[:, 1], x.sum(1)], 1)[..., None, None]


def saved(module: nn.Module, folder: Path, example: Tensor | None = None) -> Path:
    file = folder / "network.pt"
    torch.jit.save(torch.jit.trace(module, torch.randn(3, 2) if example is None else example), str(file))
    return file


def test_features_are_those_of_the_file_whose_hash_is_their_identity(tmp_path: Path):
    file = saved(Wide(), tmp_path)
    brought = Brought(file)
    assert brought.identity == "torchscript " + hashlib.sha256(file.read_bytes()).hexdigest()
    x = torch.randn(150, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = brought(x)
    assert found.dtype is torch.float32 and not found.requires_grad
    assert torch.equal(found, Wide()(x.float()).flatten(1)), "in parts it is the same"


def test_scores_are_measured_on_them_and_references_are_not_mixed_up(tmp_path: Path):
    case = cases(["ring"])[0]
    domain, data = case.domain, case.data
    samples = data.held_out()
    own = Evaluation(samples, data, domain)
    before = own.features, own.reference_features, domain.measured_identity
    domain.measure_on(Brought(saved(Wide(), tmp_path)))
    e = Evaluation(samples, data, domain)
    assert (before[0].shape[1], e.features.shape[1], e.reference_features.shape[1]) == (2, 3, 3)
    assert torch.equal(e.reference_features, Wide()(data.reference().float()).flatten(1).double())
    assert domain.measured_identity.startswith("torchscript ") and domain.measured_identity != before[2]
    assert domain.features_identity == before[2], "a run's own record stays"


def test_a_pickle_is_refused_and_never_opened(tmp_path: Path):
    class Attack:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    plain, zipped = tmp_path / "plain.pt", tmp_path / "zipped.pt"
    plain.write_bytes(pickle.dumps(Attack()))
    torch.save(Attack(), zipped)
    for file in (plain, zipped):
        with pytest.raises(UsageError, match=r"is not TorchScript.*what torch\.save writes is not read"):
            Brought(file)
    assert not (tmp_path / "ran").exists()
    with pytest.raises(UsageError, match=r"--features: cannot read .*gone.pt"):
        Brought(tmp_path / "gone.pt")


class Total(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.sum()


class Picture(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, None].expand(-1, -1, 4)


class Few(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:1]


@pytest.mark.parametrize(
    ("module", "said"),
    [
        (Total(), r"should map \[5, 2\] to \[n, d\], but gives \[\]"),
        (Picture(), r"gives \[5, 2, 4\]"),
        (Few(), "gives 1 rows for 5 samples"),
        (nn.Linear(2, 3), r"fails on \[5, 4\]"),
    ],
)
def test_a_network_that_gives_no_row_for_each_sample_is_refused(module: nn.Module, said: str, tmp_path: Path):
    brought = Brought(saved(module, tmp_path))
    with pytest.raises(UsageError, match=said):
        brought(torch.randn(5, 4 if isinstance(module, nn.Linear) else 2))


def test_frechet_is_the_published_formula_of_means_and_covariances() -> None:
    """‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), as codes compute it of statistics that others have published."""
    draws = np.random.default_rng(0)
    statistics = []
    for _ in range(2):
        a = draws.standard_normal((5, 5))
        statistics.append((draws.standard_normal(5), a @ a.T + np.eye(5)))

    def features(mu: np.ndarray, sigma: np.ndarray) -> torch.Tensor:
        """Samples that have exactly this mean and this unbiased covariance."""
        x = draws.standard_normal((40, 5))
        x = np.linalg.qr(x - x.mean(0))[0] * 39**0.5  # of mean 0 and covariance 1
        return torch.from_numpy(x @ np.linalg.cholesky(sigma).T + mu)

    (m1, s1), (m2, s2) = statistics
    published = ((m1 - m2) ** 2).sum() + np.trace(s1 + s2 - 2 * scipy.linalg.sqrtm(s1 @ s2).real)
    assert frechet_distance(features(m1, s1), features(m2, s2)) == pytest.approx(published, rel=1e-9)
