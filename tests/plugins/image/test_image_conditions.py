"""Images of a class that is asked for: networks, scores, previews."""

from pathlib import Path

import pytest
import torch

from detente import Evaluation, Leaf, Model, Networks, Space, Stream, UsageError, recipe
from detente.training import evaluation
from detente.training.build import build
from detente.training.warmup import fresh
from detente_image.data import Digits, StackedDigits
from detente_image.domain import Image
from detente_image.metrics import ClassAccuracy
from detente_image.networks import DCGAN, ResNet
from seeded import seeded

MODELS = [DCGAN(width=4, latent_dim=8, conditional=True), ResNet(width=4, group=4, latent_dim=8, conditional=True)]
IDS = ["dcgan", "resnet"]


@pytest.fixture(scope="module")
def digits() -> Digits:
    return Digits()


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_what_is_made_and_its_logit_depend_on_the_class(model: Model, digits: Digits):
    made: Networks = fresh(model, digits.space, 0)
    z = model.latents(5, seeded())
    a, b = made.generator(z, torch.zeros(5, dtype=torch.long)), made.generator(z, torch.full((5,), 7))
    assert a.shape == (5, 1, 32, 32) and not torch.allclose(a, b, atol=1e-3)
    logits = [made.discriminator(a, torch.full((5,), c)) for c in (0, 7)]
    assert logits[0].shape == (5,) and not torch.allclose(*logits, atol=1e-4)


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_a_conditional_network_says_that_it_needs_classes(model: Model, digits: Digits):
    made = fresh(model, digits.space, 0)
    with pytest.raises(UsageError, match="with a class for each sample"):
        made.generator(model.latents(2, seeded()))
    with pytest.raises(UsageError, match="with a class for each sample"):
        made.discriminator(torch.zeros(2, 1, 32, 32))
    with pytest.raises(UsageError, match="with classes"):
        model.build(Space((Leaf((1, 32, 32), channel_axis=1),)))


def test_without_the_option_networks_are_those_of_before(digits: Digits):
    for model in (DCGAN(width=4), ResNet(width=4, group=4)):
        made = fresh(model, digits.space, 0)
        assert not any("beside" in name or "of_class" in name for net in made for name in net.state_dict())
        assert not model.metrics and not model.conditional


def test_class_accuracy_of_real_digits_is_the_classifiers_and_of_shifted_classes_about_zero(digits: Digits):
    labels = digits.real_labels(750)
    assert labels is not None and labels.bincount().tolist() == [75] * 10
    found = [
        ClassAccuracy()(Evaluation(digits.real(750), digits, Image(), labels=given))["class-accuracy"]
        for given in (labels, (labels + 1) % 10, labels.roll(1), None)
    ]
    assert found[0] > 0.985 and found[1] < 0.01 and 0.02 < found[2] < 0.2
    assert found[3] != found[3], "not measured"


@pytest.mark.parametrize("n", [1, 40, 1200])
def test_labels_of_stacked_digits_are_those_of_the_triples(n: int):
    data = StackedDigits(count=10)
    x, labels = data.real(n), data.real_labels(n)
    assert len(x) == len(labels) == n
    accuracy = ClassAccuracy()(Evaluation(x, data, Image(), labels=labels))["class-accuracy"]
    assert accuracy > (0.9 if n > 10 else 0.0)  # a mistake in one of three digits counts


def test_a_conditional_run_scores_the_classes_and_shows_a_row_of_each(tmp_path: Path):
    sets = ["model.conditional=true", "model.width=2", "model.latent_dim=4", "batch=8", "steps=1", "samples=400"]
    built = build(recipe.resolve(domain="image", sets=sets))
    assert built.recipe.metrics is not None and "class-accuracy" in built.recipe.metrics
    built.game.step(built.prepare(built.data.batch(torch.arange(8))))
    n = 400
    labels = evaluation.conditions(built.data, built.model, n, Stream(0))
    assert labels is not None
    shown = evaluation.by_class(built.domain, built.data, n, labels)
    assert labels[shown].tolist() == [c for c in range(10) for _ in range(8)] and len(set(shown.tolist())) == 80
    few = evaluation.by_class(built.domain, built.data, 30, labels[:30])
    assert few.tolist() == list(range(30)), "too few of each class"
    assert evaluation.by_class(built.domain, built.data, n, None).tolist() == list(range(64))
    args = (built.domain, built.metrics, built.data, built.model, 20)
    rows = {row: evaluation.reference_row(row, *args)["class-accuracy"] for row in ("real", "untrained")}
    assert rows["real"] > 0.9 and rows["untrained"] < 0.5


def test_the_recipe_names_the_metric_for_conditional_models_alone():
    plain = recipe.load(domain="image")
    assert plain.metrics is not None and "class-accuracy" not in plain.metrics
    chosen = recipe.load(domain="image", sets=["model.conditional=true", "metrics=[frechet]"])
    assert chosen.metrics == ["frechet"]
