"""Recordings of a class that is asked for: networks, labels, the score."""

import math

import numpy as np
import pytest
import torch

from detente import Evaluation, Leaf, Packed, Space, UsageError, recipe
from detente.training import evaluation
from detente.training.warmup import fresh
from detente_speech import extractors
from detente_speech.data import Prompts
from detente_speech.domain import Speech
from detente_speech.metrics import ClassAccuracy
from detente_speech.networks import SpecGAN
from seeded import seeded

MODEL = SpecGAN(width=4, latent_dim=8, conditional=True)


def test_what_is_made_and_its_logit_depend_on_the_class(voices):
    made = fresh(MODEL, voices.space, 0)
    z = MODEL.latents(5, seeded())
    a, b = (made.generator(z, torch.full((5,), c)) for c in (0, 1))
    assert a.shape == (5, 1, 40, 64) and not torch.allclose(a, b, atol=1e-3)
    logits = [made.discriminator(a, torch.full((5,), c)) for c in (0, 1)]
    assert logits[0].shape == (5,) and not torch.allclose(*logits, atol=1e-4)


def test_a_conditional_network_says_that_it_needs_classes(voices):
    made = fresh(MODEL, voices.space, 0)
    with pytest.raises(UsageError, match="with a class for each sample"):
        made.generator(MODEL.latents(2, seeded()))
    with pytest.raises(UsageError, match="with a class for each sample"):
        made.discriminator(torch.zeros(2, 1, 40, 64))
    with pytest.raises(UsageError, match="with classes"):
        MODEL.build(Space((Leaf((1, 40, 64), channel_axis=1),)))


def test_without_the_option_networks_are_those_of_before(voices):
    model = SpecGAN(width=4)
    made = fresh(model, voices.space, 0)
    assert not any("beside" in name or "of_class" in name for net in made for name in net.state_dict())
    assert not model.metrics and not model.conditional
    plain = recipe.load(domain="speech")
    assert plain.metrics is not None and "class-accuracy" not in plain.metrics


def test_labels_of_real_recordings_are_those_of_the_held_out_crops(voices):
    labels = voices.real_labels(7)
    rows = voices.packed.rows("held_out")
    assert labels is not None and labels.tolist() == voices.packed.arrays["labels"][rows][:7].tolist()


def test_class_accuracy_of_samples_in_the_voices_asked_for_and_in_others():
    net = extractors.extractor()
    x = torch.zeros(5, 1, 40, 64, requires_grad=True)
    for _ in range(40):
        (slope,) = torch.autograd.grad(torch.diagonal(net(x).log_softmax(1)).sum(), x)
        x = (x + 0.05 * slope.sign()).clamp(-1, 1).detach().requires_grad_()
    data = object.__new__(Prompts)
    data.packed = Packed({"labels": np.arange(5)}, {"reference": 5})
    asked = (torch.arange(5), torch.arange(5).roll(1), torch.tensor([0, 1, 2, 4, 3]), None)
    found = [ClassAccuracy()(Evaluation(x.detach(), data, Speech(), labels=y))["class-accuracy"] for y in asked]
    assert found[:3] == [1.0, 0.0, pytest.approx(0.6)] and math.isnan(found[3])


def test_a_preview_has_a_row_of_each_voice():
    data = object.__new__(Prompts)
    data.space = Space((Leaf((1, 40, 64), channel_axis=1),), 5)
    labels = torch.arange(5).repeat(10)
    shown = evaluation.by_class(Speech(), data, 50, labels)
    assert labels[shown].tolist() == [c for c in range(5) for _ in range(4)]
