"""Images of a class that is asked for: networks, scores, previews."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from detente import Leaf, Model, Networks, Space, Stream, UsageError, recipe
from detente.training import evaluation
from detente.training.build import build
from detente.training.warmup import fresh
from detente_image.data import Digits, Folder, Images, StackedDigits
from detente_image.networks import DCGAN, ResNet
from images import accuracy, held_out_labels
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
    found = [accuracy(digits, digits.real(750), given) for given in (labels, (labels + 1) % 10, labels.roll(1), None)]
    assert found[0] > 0.985 and found[1] < 0.01 and 0.02 < found[2] < 0.2
    assert found[3] != found[3], "not measured"


@pytest.mark.parametrize("n", [1, 40, 1200])
def test_labels_of_stacked_digits_are_those_of_the_triples(n: int):
    data = StackedDigits(count=10)
    x, labels = data.real(n), data.real_labels(n)
    assert len(x) == len(labels) == n
    assert accuracy(data, x, labels) > (0.9 if n > 10 else 0.0)  # a mistake in one of three digits counts


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


def test_a_recipe_for_a_folder_measures_its_classes_too_unless_the_user_chose_otherwise(tmp_path: Path):
    sets = ["data=folder", f"data.path={sorted_pictures(tmp_path / 'of', {'a': 2, 'b': 2})}"]
    usual = recipe.load(domain="image", sets=sets).metrics
    assert usual is not None and "frechet-extrapolated" in usual and "class-accuracy" not in usual
    assert recipe.load(domain="image", sets=[*sets, "model.conditional=true"]).metrics == [*usual, "class-accuracy"]
    sets += ["model.conditional=true", "metrics=[prdc, frechet-extrapolated]"]
    assert recipe.load(domain="image", sets=sets).metrics == ["prdc", "frechet-extrapolated"]


def sorted_pictures(folder: Path, classes: dict[str, int], seed: int = 0) -> Path:
    """Noise of another brightness in each class, half of it one folder deeper."""
    draws = np.random.Generator(np.random.PCG64(seed))
    for k, (name, count) in enumerate(classes.items()):
        (folder / name / "deeper").mkdir(parents=True)
        for i in range(count):
            values = draws.integers(80 * k, 80 * k + 70, (20, 20, 3), np.uint8)
            Picture.fromarray(values).save(folder / name / ("deeper" if i % 2 else "") / f"{i}.png")
    return folder


def test_the_folders_below_are_the_classes_of_a_conditional_model(tmp_path: Path):
    where = sorted_pictures(tmp_path / "of", {"b": 30, "a": 20, "c": 25})
    (where / "c" / "again.png").write_bytes((where / "a" / "0.png").read_bytes())
    (where / "b" / "broken.png").write_bytes(b"no")
    plain = Folder(str(where), size=16)
    assert plain.labels is None and plain.space.classes is None and DCGAN().view(plain) is plain
    found = DCGAN(conditional=True).view(plain)
    assert isinstance(found, Images) and found.space.classes == 3 and found.identity != plain.identity
    x, labels = found.batch(torch.arange(len(found)))
    assert torch.equal(x, plain.batch(torch.arange(len(plain))).x) and len(found) + 2 * len(found.held_out()) == 75
    # b is the darkest and a the next; of a picture that is in a and in c, a counts.
    shades = ((x.mean((1, 2, 3)) + 1) / 2 * 255).div(80).long()
    assert labels is not None and labels.tolist() == torch.tensor([1, 0, 2])[shades].tolist()
    held_out = found.real_labels(5)
    assert held_out is not None and len(held_out) == 5
    counts = labels.bincount().tolist()
    assert found.notes[-1].startswith(
        f"folder: classes with pictures to train on: 0 a ({counts[0]}), 1 b ({counts[1]})"
    )
    assert accuracy(found, found.real(11), held_out_labels(found)) == 1, "of three shades"
    assert found.identity == DCGAN(conditional=True).view(Folder(str(where), size=16)).identity
    made = fresh(DCGAN(width=4, conditional=True), found.space, 0)
    assert made.generator(torch.zeros(3, 64), torch.arange(3)).shape == (3, 3, 16, 16)


def test_a_folder_that_is_not_sorted_into_classes_is_refused_for_a_conditional_model(tmp_path: Path):
    where = sorted_pictures(tmp_path / "of", {"a": 3})
    for model in (DCGAN(conditional=True), ResNet(conditional=True)):
        with pytest.raises(UsageError, match=r"needs a sub-folder for each class, and .* has all of them in one"):
            model.view(Folder(str(where)))
    sorted_pictures(where, {"b": 3}, seed=1)
    (where / "loose.png").write_bytes((where / "a" / "0.png").read_bytes())
    with pytest.raises(UsageError, match=r"has 1 picture in none \(loose\.png\)"):
        DCGAN(conditional=True).view(Folder(str(where)))
    (where / "loose.png").unlink()
    (where / "empty").mkdir()
    assert DCGAN(conditional=True).view(Folder(str(where))).space.classes == 2
    (where / "empty" / "broken.png").write_bytes(b"no")
    with pytest.raises(UsageError, match=r"no picture to train on: 0 a \(3\), 1 b \(3\), 2 empty \(0\)"):
        DCGAN(conditional=True).view(Folder(str(where)))
