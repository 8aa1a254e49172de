"""Tabular keeps the laws of domains, regularizers keep theirs on its networks, and its parts are what they say."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from detente import Evaluation, Stream, UsageError, leaves
from detente.plugins import host
from detente.pytest_plugin import laws_of
from detente.recipe import load
from detente.regularizers import GradientPenalty
from detente.testing.probe import probe

from detente_tabular import metrics
from detente_tabular.columns import Category, Number, columns_of, decoded
from detente_tabular.data import Csv, Diamonds, Sampled, prepare
from detente_tabular.domain import Tabular
from detente_tabular.networks import CTGAN, PackCritic
from detente_tabular.penalty import PackPenalty


@laws_of("tabular")
def test_laws_of_the_domain(law: Callable[[], None]) -> None:
    law()


@laws_of(PackPenalty, cases=["tabular", "ring"])
def test_laws_of_its_penalty(law: Callable[[], None]) -> None:
    law()


@laws_of(host().load("regularizer", "spectral-norm"), cases=["tabular"])
def test_laws_of_a_normalization(law: Callable[[], None]) -> None:
    law()


@pytest.fixture(scope="module")
def csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """600 rows: an id, two correlated numbers, a code, words that depend on a number, gaps and repeated rows."""
    draws = np.random.default_rng(0)
    age = draws.integers(18, 90, 600)
    income = np.round(300.0 * age + draws.normal(0, 3000, 600), 2)
    kind = np.where(age > 60, "old", np.where(draws.random(600) < 0.05, "rare", "young"))
    frame = pd.DataFrame(
        {"id": range(600), "age": age, "income": income, "code": draws.integers(0, 3, 600), "kind": kind}
    )
    frame.loc[:9, "income"] = np.nan
    file = tmp_path_factory.mktemp("tables") / "people.csv"
    pd.concat([frame, frame.tail(5)]).to_csv(file, index=False)
    return file


@pytest.fixture
def people(csv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Csv:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    return Csv(str(csv), categories=["code"], without=["id"])


def test_a_file_becomes_columns_and_says_what_it_left_out(people: Csv) -> None:
    assert [(type(c), c.name) for c in people.columns] == [
        (Number, "age"), (Number, "income"), (Category, "code"), (Category, "kind"),
    ]  # fmt: skip
    assert people.target == "kind" and columns_of(people.space) == people.columns
    assert people.notes[0].startswith("10 rows have a missing value") and people.notes[1].startswith("5 rows repeat")
    assert len(people) == 590 - 2 * 59


def test_rows_come_back_from_their_encoding(people: Csv, csv: Path) -> None:
    frame = pd.read_csv(csv).dropna()
    domain = Tabular()
    domain.meet(people.space)
    back = domain.table(people.batch(torch.arange(len(people))).x)
    assert set(back["kind"]) == {"old", "rare", "young"} and set(back["code"]) == {"0", "1", "2"}
    known = set(zip(frame["age"], frame["income"].round(2), frame["kind"], strict=True))
    same = [row in known for row in zip(back["age"], back["income"].round(2), back["kind"], strict=True)]
    # All but what lies beyond four standard deviations of its mode; float32 keeps an income to the cent now and then.
    assert np.mean(same) > 0.5
    income = pd.Series(people.train[0][:, 1].numpy())
    assert (back["income"] - income).abs().max() < 0.02 * income.std()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"without": ["nobody"]}, "no column 'nobody'"),
        ({"target": "nobody"}, "target='nobody'"),
        ({"categories": ["age"]}, "different values"),
    ],
)
def test_what_cannot_be_is_said(csv: Path, change: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Csv(str(csv), **change)


def test_too_small_a_table_is_refused() -> None:
    with pytest.raises(UsageError, match="12 whole rows"):
        prepare(pd.DataFrame({"a": range(12)}), ())


def test_training_by_sampling_gives_every_condition_a_row_that_meets_it(people: Csv) -> None:
    sampled = Sampled(people)
    x, labels = sampled.batch(torch.arange(len(sampled)))
    code, kind = leaves(x)[2:]
    for label in range(3):
        assert (code[labels == label].argmax(1) == label).all()
        assert (kind[labels == 3 + label].argmax(1) == label).all()
    # log-frequency: the rare level is far more frequent than in the table, and no level is left out
    share = labels.bincount().double() / len(labels)
    rare = (people.levels()[:, 1] == 1).double().mean()
    assert share[4] > 2 * rare / 2 and share.min() > 0.05
    asked = sampled.conditions(20_000, Stream(0)).bincount(minlength=6) / 20_000
    assert asked[4].item() == pytest.approx(rare.item() / 2, abs=0.01), "evaluation asks as often as the table has it"


@pytest.mark.parametrize("pac", [1, 2, 5])
def test_the_penalty_of_packs_is_that_of_the_concatenated_rows(pac: int) -> None:
    torch.manual_seed(0)
    critic = PackCritic(3, 8, pac).double()
    real, fake = torch.randn(10, 3).double(), torch.randn(10, 3).double()
    step = probe(critic, real, fake, name="pack-penalty")
    alpha = torch.rand(10, generator=step.m.rng.at("mix").generator(), dtype=torch.float64)[::pac]

    wide = torch.lerp(real.view(-1, 3 * pac), fake.view(-1, 3 * pac), alpha[:, None]).requires_grad_()
    score = critic(wide.view(10, 3))[::pac]
    norm = torch.autograd.grad(score.sum(), wide)[0].norm(dim=1)
    assert PackPenalty().penalty(step).item() == pytest.approx(10 * (norm - 1).square().mean().item(), rel=1e-6)
    if pac == 1:
        same = GradientPenalty().penalty(probe(critic, real, fake, name="pack-penalty"))
        assert PackPenalty().penalty(step).item() == pytest.approx(same.item(), rel=1e-6)


def test_a_batch_that_makes_no_packs_is_refused() -> None:
    with pytest.raises(UsageError, match="7 rows make no packs of 2"):
        PackCritic(3, 8, 2)(torch.randn(7, 3))


def test_the_condition_s_term_is_the_cross_entropy_of_the_level_that_is_asked_for(people: Csv) -> None:
    torch.manual_seed(0)
    model, sampled = CTGAN(width=8, latent_dim=4, pac=2), Sampled(people)
    G, D = model.build(sampled.space)
    x, labels = sampled.batch(torch.tensor([0, 1, 400, 401, 700, 701]))
    z = torch.randn(6, 4)
    step = probe(D, x, generator=G, z=z, turn="generator", labels=labels)
    raw = dict(zip([c.name for c in G.columns], G.logits(z, labels), strict=True))
    both = torch.cat([raw["code"].log_softmax(1), raw["kind"].log_softmax(1)], 1)
    expected = -both[torch.arange(6), labels].mean()
    assert model.auxiliary(step)["condition"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_associations_have_their_known_values() -> None:
    x = np.arange(60.0)
    level = (x >= 30).astype(int)
    numbers, levels = np.stack([x, -(x**3)], 1), np.stack([level, level, np.arange(60) % 2], 1)
    spearman, *others = metrics.associations(numbers, levels, [2, 2, 2])
    assert spearman == pytest.approx(-0.5), "halved"
    # halves of a uniform: means ±15 of a standard deviation of 60/√12
    assert others[0] == pytest.approx(15 / np.std(x)) == others[3]
    assert others[6] == pytest.approx(1) and others[7] == pytest.approx(0, abs=1e-9)


def test_scores_know_real_rows_copies_and_noise(people: Csv) -> None:
    domain = Tabular()
    domain.meet(people.space)
    train = people.batch(torch.arange(59)).x
    judged = {n: Evaluation(x, people, domain) for n, x in (("real", people.held_out()), ("copies", train))}
    assert metrics.ClosestRecord()(judged["copies"]) == {"closest-record": 0.0, "closer-to-train": 1.0}
    assert abs(metrics.ClosestRecord()(judged["real"])["closer-to-train"] - 0.5) < 0.2
    quality = metrics.Quality()(judged["real"])
    assert quality["quality"] > 0.85 and quality["ks"] < 0.25
    assert metrics.Detection()(judged["real"])["detection-auc"] < 0.75
    assert metrics.Utility()(judged["real"])["utility"] > 0.5
    numbers, levels = decoded(train, people.columns)
    assert numbers.shape == (59, 2) and levels.shape == (59, 2)


def test_the_shipped_table_is_what_it_says() -> None:
    data = Diamonds()
    assert len(data) + 4000 == 53_775
    assert [c.name for c in data.columns if isinstance(c, Category)] == ["cut", "color", "clarity"]
    assert sum(c.width for c in data.columns if isinstance(c, Category)) == 5 + 7 + 8


def test_the_recipe_of_ctgan_is_the_published_one() -> None:
    recipe = load(domain="tabular", sets=["model=ctgan"])
    assert (recipe.model.options["pac"], recipe.batch, recipe.critic_steps) == (10, 500, 1)
    assert recipe.objective.name == "wasserstein"
    adam = {"lr": 2e-4, "betas": [0.5, 0.9], "weight_decay": 1e-6}
    for player in (recipe.generator, recipe.discriminator):
        assert {key: player.optimizer.options[key] for key in adam} == adam
    assert list(recipe.generator.regularizers) == ["batch-norm"]
    assert recipe.discriminator.regularizers["pack-penalty"]["weight"] == 10
    assert recipe.discriminator.regularizers["dropout"]["p"] == 0.5
