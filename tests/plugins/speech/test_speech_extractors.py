"""The shipped network of voices."""

import torch

from detente_speech import extractors, transforms
from detente_speech.domain import Speech
from voices import waves


def test_features_of_a_waveform_are_those_of_its_log_mel():
    x = waves(2, 16000)
    narrow = transforms.resampled(x, 16000, 8000)
    assert torch.allclose(Speech().features(x), Speech().features(transforms.log_mel(narrow)), atol=1e-5)


def test_the_network_is_loaded_once_ready_to_be_asked():
    net = extractors.extractor()
    assert net is extractors.extractor()
    assert not net.training and not any(p.requires_grad for p in net.parameters())
    assert net.voice.out_features == len(extractors.FROZEN.record("voices")["voices"]) == 5


def test_of_no_samples_there_are_no_features_and_no_logits():
    nothing = torch.zeros(0, 1, 40, 64)
    assert extractors.run(nothing).shape == (0, 64)
    assert extractors.run(nothing, voices=True).shape == (0, 5)


def test_features_do_not_depend_on_the_batch_and_lead_to_the_logits():
    x = transforms.log_mel(waves(7))
    features, logits = extractors.run(x), extractors.run(x, voices=True)
    assert features.shape == (7, 64) and features.min() > 0, "softplus"
    torch.testing.assert_close(features, extractors.run(x, batch=2), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(extractors.extractor().voice(features), logits, rtol=1e-4, atol=1e-4)
    assert not extractors.run(x.requires_grad_()).requires_grad


def test_the_voices_were_told_apart_when_the_network_was_made():
    assert min(extractors.FROZEN.record("voices")["accuracy"].values()) > 0.9
