"""The domain of images: its distances, its baseline and its previews."""

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from PIL import Image as Picture
from torch import Tensor

from detente import Batch
from detente.domains.metrics import frechet_distance
from detente_image.data import Digits, Images
from detente_image.domain import Image
from detente_image.networks import DCGAN
from images import SETS
from seeded import seeded


@pytest.mark.parametrize("make", SETS)
def test_frechet_orders_real_baseline_and_untrained(make: Callable[[], Images]):
    d, domain = make(), Image()
    reference = domain.reference_features(d)
    n = len(d.held_out())
    torch.manual_seed(0)
    made = DCGAN(width=8).build(d.space).generator
    with torch.no_grad():
        untrained = made(torch.randn(n, 64, generator=seeded()))
    real, baseline, floor = (
        frechet_distance(domain.features(x).double(), reference)
        for x in (d.held_out(), domain.baseline(d, n, seeded()), untrained)
    )
    assert 0 < real < baseline < floor


def test_the_baseline_has_the_mean_and_covariance_of_each_class():
    class Two(Digits):
        def __len__(self) -> int:
            return 400

        def batch(self, index: Tensor) -> Batch:
            c = index % 2
            spread = torch.linspace(-0.2, 0.2, 200)[index // 2]
            return Batch((c - 0.5 + spread)[:, None, None, None].expand(-1, 1, 4, 4), c)

    x = Image().baseline(Two(), 4000, seeded())
    assert (x - x[:, :, :1, :1]).abs().max() < 1e-5, "all pixels vary together, as in the data"
    level = x[:, 0, 0, 0]
    high = level > 0
    assert high.double().mean() == pytest.approx(0.5, abs=0.03)  # four standard errors
    assert level[high].mean() == pytest.approx(0.5, abs=0.011)
    assert level[high].std() == pytest.approx(0.1158, rel=0.06)
    assert torch.equal(x, Image().baseline(Two(), 4000, seeded()))


@pytest.mark.parametrize(("n", "channels", "rows"), [(64, 1, 8), (100, 3, 13), (9, 1, 2), (1, 3, 1)])
def test_a_preview_is_a_grid_that_a_person_can_read(tmp_path: Path, n: int, channels: int, rows: int):
    x = torch.rand(n, channels, 32, 32, generator=seeded()) * 2 - 1
    x[0] = math.nan
    Image().preview(x, tmp_path / "grid.png")
    with Picture.open(tmp_path / "grid.png") as picture:
        assert picture.format == "PNG"
        assert picture.size == (2 * (8 * 33 + 1), 2 * (rows * 33 + 1))
        assert picture.getpixel((10, 10)) == (0, 0, 0)


def test_every_metric_of_the_domain_but_the_shared_ones_is_declared_here():
    shared = {"frechet", "kernel-distance", "prdc"}
    assert set(Image.metrics) - shared == {"modes", "diversity"}
    assert Image.primary.score == "frechet"


def test_an_extractor_of_the_users_gets_three_channels_within_the_range():
    grey = torch.tensor([-3.0, 0.5]).view(2, 1, 1, 1).expand(2, 1, 8, 8)
    given = Image().for_extractors(grey)
    assert given.shape == (2, 3, 8, 8) and given[0].unique().tolist() == [-1] and given[1].unique().tolist() == [0.5]
    assert Image().for_extractors(torch.zeros(2, 3, 8, 8)).shape == (2, 3, 8, 8)
