"""No row of recordings is made of the same ones twice."""

import math

import pytest
import torch

from detente import Evaluation, Model, Networks, Space, Stream
from detente.training.evaluation import reference_rows, sample_count
from detente_speech import metrics
from detente_speech.domain import Speech
from voices import Synthetic


@pytest.fixture(scope="module", autouse=True)
def a_cache_of_our_own(tmp_path_factory: pytest.TempPathFactory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def voices() -> Synthetic:
    return Synthetic()


@pytest.fixture(scope="module")
def few() -> Synthetic:
    """Too few clips for a held-out split."""
    return Synthetic(n=8)


def test_evaluations_have_no_more_samples_than_held_out_crops(voices):
    held_out = len(voices.held_out())
    for data in (voices, voices.waveforms(8000), voices.waveforms(16000, conditional=True)):
        assert sample_count(Speech(), data, 10_000) == sample_count(Speech(), data) == held_out
        assert sample_count(Speech(), data, 2) == 2
        assert len(data.real(10_000).flatten(1).unique(dim=0)) == held_out


def test_a_vocoder_without_held_out_recordings_hears_each_training_crop_once(few):
    vocoded = few.waveforms(8000, conditional=True)
    n = sample_count(Speech(), vocoded)
    assert n == len(vocoded) < Speech.sample_count
    assert len(vocoded.conditions(n).flatten(1).unique(dim=0)) == n
    assert sample_count(Speech(), few) == Speech.sample_count  # nothing real goes into these


class Still(Model):
    latent_dim = 1

    def build(self, space: Space) -> Networks:
        return Networks(
            torch.nn.Sequential(torch.nn.Linear(1, 2560), torch.nn.Unflatten(1, (1, 40, 64))), torch.nn.Linear(1, 1)
        )


def test_a_row_beyond_the_held_out_crops_is_nan_for_every_metric(voices, tmp_path):
    from detente.domains.metrics import PRDC, Frechet, KernelDistance

    every = [Frechet(), KernelDistance(), PRDC()]
    n = len(voices.held_out())
    beyond, within = (reference_rows(Speech(), every, voices, Still(), k, cache=tmp_path) for k in (n + 1, n))
    assert all(map(math.isnan, beyond["real"].values()))
    assert within["real"]["frechet"] < within["untrained"]["frechet"]
    assert math.isfinite(beyond["untrained"]["frechet"])


@pytest.mark.parametrize(("n", "stretches"), [(1, 0), (17, 0), (18, 1), (35, 1), (36, 2), (60, 2)])
def test_naturalness_hears_whole_stretches_and_repeats_nothing(voices, monkeypatch, n, stretches):
    heard = []

    def rate(wave):
        heard.append(wave)
        return [1.0, 2.0, 3.0]

    monkeypatch.setattr(metrics, "_dnsmos", lambda: rate)
    x = torch.randn(n, 1, 8192, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)
    found = metrics.Naturalness()(Evaluation(x, voices.waveforms(16000), Speech(), Stream(0)))
    assert [len(wave) for wave in heard] == [144_160] * stretches
    whole = x.flatten().numpy()
    assert all((wave == whole[144_160 * i :][:144_160]).all() for i, wave in enumerate(heard))
    expected = [1.0, 2.0, 3.0] if stretches else [math.nan] * 3
    assert list(found.values()) == pytest.approx(expected, nan_ok=True)
