"""Voices, naturalness and vocoding, where their values are known."""

import importlib.util
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from detente import Evaluation, Packed, Stream
from detente_speech import extractors, metrics
from detente_speech.data import Prompts
from detente_speech.domain import Speech
from seeded import seeded


def evaluation(x: Tensor, of) -> Evaluation:
    return Evaluation(x, of, Speech(), Stream(0))


def test_vocoding_is_perfect_for_the_recording_itself_and_worse_for_others(vocoded):
    n = len(vocoded.held_out())
    same = metrics.Vocoding()(evaluation(vocoded.targets(n), vocoded))
    assert same["mel-distance"] == same["stft-distance"] == 0
    other = metrics.Vocoding()(evaluation(vocoded.targets(n).roll(1, 0), vocoded))
    near = metrics.Vocoding()(evaluation(Speech().baseline(vocoded, n, seeded()), vocoded))
    assert 0 < near["mel-distance"] < other["mel-distance"] and 0 < near["stft-distance"] < other["stft-distance"]
    half = metrics.Vocoding()(evaluation(vocoded.targets(n) / 2, vocoded))
    assert half["mel-distance"] == pytest.approx(math.log(2), rel=0.1)  # but for what is cut off as silence
    if importlib.util.find_spec("pystoi"):
        assert same["stoi"] == pytest.approx(1, abs=1e-6) and other["stoi"] < near["stoi"] < 1


def test_vocoding_and_voices_are_nan_where_they_have_no_meaning(voices):
    for metric in (metrics.Vocoding(), metrics.Voices()):
        found = metric(evaluation(voices.held_out(), voices))
        assert found.keys() == metric.scores.keys() and all(map(math.isnan, found.values()))


def test_voices_of_a_perfect_and_of_a_collapsed_sampler():
    """Log-mels whose voice the classifier is sure of, found by climbing its logits."""
    x = torch.zeros(5, 1, 40, 64, requires_grad=True)
    net = extractors.extractor()
    for _ in range(40):
        (slope,) = torch.autograd.grad(torch.diagonal(net(x).log_softmax(1)).sum(), x)
        x = (x + 0.05 * slope.sign()).clamp(-1, 1).detach().requires_grad_()
    x = x.detach()
    d = object.__new__(Prompts)
    d.packed = Packed({"labels": np.arange(5)}, {"reference": 5})
    perfect = metrics.Voices()(evaluation(x.repeat(4, 1, 1, 1), d))
    assert perfect["modes"] == 5 and perfect["modes-kl"] == pytest.approx(0, abs=1e-12)
    collapsed = metrics.Voices()(evaluation(x[2:3].repeat(20, 1, 1, 1), d))
    assert collapsed["modes"] == 1 and collapsed["modes-kl"] == pytest.approx(math.log(5))
    assert collapsed["confidence"] > 0.5


@pytest.mark.slow
def test_naturalness_tells_noise_from_speech_or_is_nan_and_says_so(vocoded, voices, caplog):
    metrics._dnsmos.cache_clear()
    speech = metrics.Naturalness()(evaluation(vocoded.crops("train", torch.arange(36)), vocoded))
    if metrics._dnsmos() is None:
        assert all(map(math.isnan, speech.values())) and "pip install detente-speech[measures]" in caplog.text
        return
    noise = metrics.Naturalness()(evaluation(0.3 * torch.randn(36, 1, 4096, generator=seeded()), vocoded))
    assert all(0.5 < value < 5 for value in speech.values())
    assert noise["dnsmos-bak"] < speech["dnsmos-bak"]


def test_naturalness_without_its_packages_is_nan_and_says_so(voices, caplog, monkeypatch):
    monkeypatch.setattr(metrics.importlib.util, "find_spec", lambda name: None)
    metrics._dnsmos.cache_clear()
    found = metrics.Naturalness()(evaluation(voices.held_out(), voices))
    metrics._dnsmos.cache_clear()
    assert all(map(math.isnan, found.values())) and "pip install detente-speech[measures]" in caplog.text
