"""The ceiling of pictures: fresh triples of digits where more are asked for, a cap everywhere else."""

import math

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from detente import Evaluation
from detente.training.evaluation import sample_count
from detente_image.data import Digits, Folder, StackedDigits
from detente_image.domain import Image
from detente_image.metrics import Modes


@pytest.fixture(scope="module", autouse=True)
def a_cache_of_our_own(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def stacked() -> StackedDigits:
    return StackedDigits(count=10)


@pytest.mark.parametrize("n", [1, 300, 750])
def test_up_to_what_is_held_out_the_real_triples_are_the_held_out_ones(stacked, n):
    assert torch.equal(stacked.real(n), stacked.held_out()[:n])


@pytest.mark.parametrize("n", [751, 1500, 2500])
def test_beyond_them_fresh_triples_are_drawn_and_none_comes_twice(stacked, n):
    x = stacked.real(n)
    assert sample_count(Image(), stacked, n) == len(x) == n
    assert torch.equal(x[:750], stacked.held_out())
    assert len(x.flatten(1).unique(dim=0)) == n
    held_out = {channel.numpy().tobytes() for channel in Digits().held_out()[:, 0]}
    assert {channel.numpy().tobytes() for picture in x[750:] for channel in picture} <= held_out


@pytest.mark.slow
@pytest.mark.parametrize("n", [900, 1800])
def test_fresh_triples_have_as_many_modes_as_balanced_draws(stacked, n):
    found = Modes()(Evaluation(stacked.real(n), stacked, Image()))
    expected = 1000 * (1 - 0.999**n)
    # The deviation of the number of modes is below √(1000 · .999ⁿ); the classifier errs on 3 % of triples.
    assert found["modes"] == pytest.approx(expected, abs=3 * math.sqrt(1000 * 0.999**n))
    assert found["modes-kl"] == pytest.approx(999 / 2 / n, rel=0.4)  # (K − 1)/2n for many samples


def test_what_cannot_be_drawn_anew_is_capped(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(60):
        Picture.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(tmp_path / f"{i}.png")
    folder = Folder(str(tmp_path), size=16)
    for data, held_out in ((Digits(), 750), (folder, 9)):
        assert sample_count(Image(), data, 10_000) == len(data.real(10_000)) == held_out
