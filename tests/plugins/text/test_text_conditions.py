"""Sentences of a length that is asked for: networks, warm-up, scores, files."""

import math
from pathlib import Path

import pytest
import torch

import detente
from detente import Evaluation, Stream, UsageError, cli, recipe
from detente.training import evaluation
from detente.training.build import build
from detente.training.warmup import fresh
from detente_text.data import Lines
from detente_text.metrics import ClassAccuracy, ClassMeans
from detente_text.networks import NullControl, RelGAN, Transformer
from detente_text.networks.warmup import Warmed
from seeded import seeded
from texts import TINY, met, models

CONDITIONAL = models(conditional=True)
IDS = [model.called for model in CONDITIONAL]


@pytest.fixture(scope="module")
def classed(small: Lines) -> Lines:
    return Lines(small.source, vocabulary=20, length=6, condition="length", bins=2)


@pytest.mark.parametrize("model", CONDITIONAL, ids=IDS)
def test_what_is_made_and_its_logit_depend_on_the_class(model: Warmed, classed: Lines):
    made = fresh(model, classed.space, 0)
    z = model.latents(40, seeded())
    drawn = []
    for c in (0, 1):
        torch.manual_seed(0)
        drawn.append(made.generator(z, torch.full((40,), c)))
    assert drawn[0].shape == (40, 6, 15 + 2) and not torch.equal(*drawn)
    logits = [made.discriminator(drawn[0], torch.full((40,), c)) for c in (0, 1)]
    assert logits[0].shape == (40,) and not torch.allclose(*logits, atol=1e-4)


@pytest.mark.parametrize("model", CONDITIONAL, ids=IDS)
def test_a_conditional_network_says_that_it_needs_classes(model: Warmed, small: Lines, classed: Lines):
    made = fresh(model, classed.space, 0)
    with pytest.raises(UsageError, match="with a class for each sample"):
        made.generator(model.latents(2, seeded()))
    with pytest.raises(UsageError, match="with a class for each sample"):
        made.discriminator(classed.batch(torch.arange(2)).x)
    for entry in (lambda: model.build(small.space), lambda: model.view(small)):
        with pytest.raises(UsageError, match=rf"'{model.called}' .* sentences with classes .*data\.condition=length"):
            entry()


@pytest.mark.parametrize("model", models(), ids=IDS)
def test_without_the_option_networks_are_those_of_before_whatever_the_classes(
    model: Warmed, small: Lines, classed: Lines
):
    plain, labelled = (fresh(model, of.space, 0) for of in (small, classed))
    for a, b in zip(plain, labelled, strict=True):
        assert not any("beside" in name or "of_class" in name for name in a.state_dict())
        assert a.state_dict().keys() == b.state_dict().keys()
        assert all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())
    assert not model.metrics and not model.conditional


def test_the_control_that_learns_nothing_takes_classes_too(classed: Lines):
    made = fresh(NullControl(**TINY, maps=4, warm_up_steps=0, conditional=True), classed.space, 0)
    x = made.generator(torch.zeros(3, 4), torch.tensor([0, 1, 1]))
    assert torch.equal(made.discriminator(x, torch.tensor([0, 1, 1])), torch.zeros(3))


@pytest.mark.slow
@pytest.mark.parametrize(
    "model",
    [
        RelGAN(width=16, embedding=8, maps=4, latent_dim=4, warm_up_steps=80, warm_up_lr=2e-2, conditional=True),
        Transformer(width=16, layers=1, heads=2, latent_dim=4, warm_up_steps=80, warm_up_lr=1e-2, conditional=True),
    ],
    ids=["relgan", "transformer"],
)
def test_the_warm_up_learns_what_length_a_class_has(model: Warmed, classed: Lines):
    torch.manual_seed(0)
    networks = model.build(classed.space)
    untrained = scores(classed, model, networks.generator)
    model.warm_up(networks, classed, Stream(0), lambda *said: None)
    found = scores(classed, model, networks.generator)
    assert found["class-accuracy"] > max(0.8, untrained["class-accuracy"])
    assert found["class-0-mean"] < found["class-1-mean"] - 1


def scores(of: Lines, model: Warmed, generator: torch.nn.Module, n: int = 200) -> dict[str, float]:
    labels = torch.arange(n) % 2
    with torch.no_grad():
        x = generator(model.latents(n, seeded()), labels)
    return measured(of, x, labels)


def measured(of: Lines, x: torch.Tensor, labels: torch.Tensor | None) -> dict[str, float]:
    e = Evaluation(x, of, met(of), labels=labels)
    return {**ClassAccuracy()(e), **ClassMeans()(e)}


def test_the_class_of_a_real_sentence_is_found_in_all_of_them_and_another_in_none(small: Lines, classed: Lines):
    n = len(classed.held_out())
    labels = classed.real_labels(n)
    assert labels is not None
    x = classed.held_out()
    found = measured(classed, x, labels)
    assert found["class-accuracy"] == 1 and measured(classed, x, 1 - labels)["class-accuracy"] == 0
    words = (classed.tokens("held_out") > 0).sum(1)
    for k in range(2):
        assert found[f"class-{k}-mean"] == pytest.approx(words[labels.numpy() == k].mean())
    assert math.isnan(found["class-2-mean"])
    for nothing in (measured(small, x, labels), measured(classed, x, None)):
        assert all(math.isnan(value) for value in nothing.values())


def test_a_conditional_run_scores_the_classes_and_shows_a_row_of_each(small: Lines):
    sets = ["model.conditional=true", "data.condition=length", "data=lines", f"data.path={small.source}"]
    sets += ["data.vocabulary=20", "data.length=6", "model.width=6", "model.embedding=4", "model.maps=4"]
    built = build(recipe.resolve(domain="text", sets=[*sets, "model.warm_up_steps=0", "batch=8", "steps=1"]))
    assert built.recipe.metrics is not None and {"class-accuracy", "class-means"} <= set(built.recipe.metrics)
    built.game.step(built.prepare(built.data.batch(torch.arange(8))))
    labels = evaluation.conditions(built.data, built.model, 200, Stream(0))
    assert labels is not None
    shown = evaluation.by_class(built.domain, built.data, 200, labels)
    assert labels[shown].tolist() == [c for c in range(3) for _ in range(8)]
    plain = recipe.load(domain="text")
    assert plain.metrics is not None and "class-accuracy" not in plain.metrics


@pytest.mark.slow
def test_a_length_is_asked_for_and_sentences_of_it_are_written(small: Lines, tmp_path: Path):
    options = [
        f"data.path={small.source}",
        "data.vocabulary=20",
        "data.length=6",
        "data.bins=2",
        "data.condition=length",
    ]
    options += ["model.conditional=true", "model.width=16", "model.embedding=8", "model.maps=4"]
    options += ["model.warm_up_steps=80", "model.warm_up_lr=2e-2", "batch=8", "metrics=[class-accuracy]"]
    options += ["metric=class-accuracy", "data=lines"]
    sets = [part for one in options for part in ("--set", one)]
    run, new = tmp_path / "run", tmp_path / "new"
    assert cli.main(["train", "text", *sets, "--steps", "2", "--folder", str(run), "-q"]) == 0
    assert "Classes of length: 0 below" in (run / "report.html").read_text(encoding="utf-8")
    counts = []
    for c in ("0", "1"):
        assert cli.main(["sample", str(run), "-n", "40", "--label", c, "--out", str(new / c)]) == 0
        written = (new / c / "samples.txt").read_text(encoding="utf-8").splitlines()
        counts.append(sum(len(line.split()) for line in written) / 40)
    assert counts[0] < counts[1] - 1
    drawn = detente.load(run).sample(4, seed=3)
    assert drawn.labels is not None and drawn.labels.tolist() == [0, 1, 0, 1]


def test_conditions_without_classes_are_refused_before_training():
    with pytest.raises(UsageError, match=r"sentences with classes \(those of data\.condition=length\)"):
        build(recipe.resolve(domain="text", sets=["model.conditional=true"]))
