"""The domain of speech: its distances, its baselines and its previews."""

import math

import numpy as np
import pytest
import scipy.linalg
import soundfile
import torch
from PIL import Image as Picture

from detente.domains.metrics import frechet_distance
from detente_speech import augmentations, transforms
from detente_speech.domain import Speech
from detente_speech.networks import SpecGAN
from seeded import seeded


def test_frechet_distances_are_scipys_on_the_same_features(voices):
    domain = Speech()
    # As many samples as make the covariances regular, so that scipy's root exists.
    louder = [augmentations.gain(voices.batch(torch.arange(len(voices))).x, seeded(i)) for i in range(12)]
    x = domain.features(torch.cat(louder)).double()
    y = domain.features(augmentations.time_shift(torch.cat(louder), seeded())).double()
    a, b = (torch.cov(f.T).numpy() for f in (x, y))
    root = scipy.linalg.sqrtm(a @ b)
    expected = (x.mean(0) - y.mean(0)).square().sum().item() + np.trace(a + b - 2 * root).real
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-6)


def test_frechet_orders_real_and_untrained(voices):
    domain = Speech()
    reference = domain.reference_features(voices)
    torch.manual_seed(0)
    made = SpecGAN(width=4).build(voices.space).generator
    untrained = made(torch.randn(64, 64, generator=seeded())).detach()
    real, baseline, floor = (
        frechet_distance(domain.features(x).double(), reference)
        for x in (voices.held_out(), domain.baseline(voices, 64, seeded()), untrained)
    )
    assert 0 < real < floor and baseline < floor


@pytest.mark.slow
def test_a_preview_is_a_picture_and_sounds_that_a_person_can_take_in(tmp_path, voices, vocoded):
    for name, x in (("mel", voices.held_out()[:7]), ("wave", vocoded.held_out()[:7])):
        x = x.clone()
        x[0] = math.nan
        path = tmp_path / f"{name}-000500.png"
        Speech().preview(x, path)
        with Picture.open(path) as picture:
            assert picture.format == "PNG" and picture.width == 900
        heard = sorted(tmp_path.glob(f"{name}-000500-*.ogg"))
        assert len(heard) == 6
        sound, rate = soundfile.read(heard[1])
        assert rate == 8000 and len(sound) == 4096 and 0.01 < np.sqrt(np.square(sound).mean()) < 0.5


def test_the_baseline_of_recordings_is_gaussian_and_that_of_a_vocoder_griffin_lims(voices, vocoded):
    x = Speech().baseline(voices, 500, seeded())
    every = voices.batch(torch.arange(len(voices))).x
    assert x.shape == (500, 1, 40, 64)
    assert (x.mean(0) - every.mean(0)).abs().mean() < 0.05  # four standard errors of 500 draws, less what is clipped
    assert torch.equal(x, Speech().baseline(voices, 500, seeded()))
    y = Speech().baseline(vocoded, 3, seeded())
    assert (transforms.log_mel(y) - vocoded.conditions(3)).abs().mean() < 0.1


def test_every_metric_of_the_domain_but_the_shared_ones_is_declared_here():
    assert set(Speech.metrics) - {"frechet", "kernel-distance", "prdc"} == {"voices", "naturalness", "vocoding"}
