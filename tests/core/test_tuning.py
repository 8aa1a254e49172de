"""Searches: what may be asked for, that a stop changes nothing, and what comes out where the answer is known."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from detente import plugins as installed
from detente.errors import UsageError
from detente.experiments import tune as tuning
from detente.experiments.search import GridSearch, RandomSearch, Search, TreeParzen, Wish
from detente.experiments.search.pruning import hopeless
from detente.experiments.search.reading import ranges
from detente.experiments.search.space import Choices, Reals, Wholes
from detente.experiments.search.storage import journal_storage
from detente.results.search import Noise, Trial, best
from searches import GAMMA, wish

pytestmark = pytest.mark.usefixtures("module_cache")

# --- what may be searched ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("r1.gamma=log:0.01..100", Reals("r1.gamma", GAMMA, 0.01, 100.0, True)),
        ("r1.gamma = lin:0..1", Reals("r1.gamma", GAMMA, 0.0, 1.0, False)),
        ("r1.every=log:1..16", Wholes("r1.every", "discriminator.regularizers.r1.every", 1, 16, True)),
        ("ema.half_life=lin:1..9", None),
        ("generator.optimizer.lr=log:1e-5..1e-2", None),
        ("batch=lin:2..8", Wholes("batch", "batch", 2, 8, False)),
        ("generator.regularizers.ema.half_life=log:1..1000", None),
    ],
)
def test_ranges_are_read_as_what_the_option_takes(plain, text, want):
    (found,) = ranges([text], plain, installed.host())
    if want is None:
        assert isinstance(found, Reals | Wholes)
        assert found.key.endswith(found.label)
    else:
        assert found == want


def test_choices_are_values_of_a_recipe(plain):
    text = "discriminator.optimizer.betas=choice:[0.5, 0.9],[0.0, 0.99]"
    (found,) = ranges([text], plain, installed.host())
    assert isinstance(found, Choices)
    assert [found.read(name) for name in found.spread(9)] == [[0.5, 0.9], [0.0, 0.99]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("r1.gamma", "should be NAME=log:LOW..HIGH"),
        ("r1.gamma=0.01..100", "should be NAME=log:LOW..HIGH"),
        ("r1.gamma=lgo:0.01..100", "Did you mean 'log'?"),
        ("r1.gamma=log:1", "should have two ends"),
        ("r1.gamma=log:a..b", "'a' in log:a..b is not a finite number"),
        ("r1.gamma=log:2..1", "is empty"),
        ("r1.gamma=lin:1..1", "is empty"),
        ("r1.gamma=log:0..1", "goes through 0"),
        ("r1.gamma=log:-1..1", "goes through 0"),
        ("r1.gama=log:1..2", "Did you mean 'gamma'?"),
        ("r11.gamma=log:1..2", "Did you mean 'r1'?"),
        ("generator.regularizers.emma.half_life=log:1..2", "Did you mean 'ema'?"),
        ("generator.optimizer.lrr=log:1..2", "Did you mean 'lr'?"),
        ("generator.optimizer=log:1..2", "is not a single value; search one of its options"),
        ("steps=lin:1..100", "steps is the same for all trials"),
        ("r1.every=lin:1.5..8", "takes whole numbers"),
        ("discriminator.optimizer.betas=lin:0..1", "should be [a number, a number]"),
        ("generator.optimizer.lr=lin:-1..1", "greater than or equal to 0"),
        ("r1.gamma=choice:1", "leaves nothing to choose"),
        ("r1.gamma=choice:1,,2", "empty value"),
        ("r1.gamma=choice:1,1", "names a value twice"),
        ("r1.gamma=choice:1,much", "should be a number, but is 'much'"),
    ],
)
def test_a_range_that_cannot_be_is_one_sentence(plain, text, message):
    with pytest.raises(UsageError) as error:
        ranges([text], plain, installed.host())
    (line,) = str(error.value).splitlines()
    assert line.startswith("--search: ")
    assert message in line


def test_all_wrong_ranges_are_told_at_once(plain):
    with pytest.raises(UsageError) as error:
        ranges(["r1.gama=log:1..2", "r1.gamma=log:0..1"], plain, installed.host())
    assert len(str(error.value).splitlines()) == 2
    with pytest.raises(UsageError, match="searched twice"):
        ranges(["r1.gamma=log:1..2", f"{GAMMA}=log:1..2"], plain, installed.host())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"search": []}, "needs something to search"),
        ({"sampler": "tep"}, "Did you mean 'tpe'?"),
        ({"seeds": 51}, "--seeds 51"),
        ({"seeds": 10**12}, "--seeds 1000000000000"),
        ({"seeds": 0}, "--seeds 0"),
        ({"seeds": [1, 1]}, "twice"),
        ({"seeds": [-1]}, "negative"),
        ({"trials": 0}, "--trials 0"),
        ({"trials": 10**9}, "--trials"),
        ({"trials": 1000, "seeds": 11}, "11000 runs"),
        ({"trials": 3, "search": ["r1.gamma=choice:1,2"]}, "hold 2 different settings"),
        (
            {"trials": 3, "sampler": "grid", "search": ["r1.gamma=choice:1,2", "r1.every=choice:1,2"]},
            "4 points at least",
        ),
        ({"fresh": 1}, "--fresh 1"),
        ({"wave": 0}, "--wave 0"),
        ({"sampler_seed": -1}, "negative"),
        ({"metric": "distnace"}, "Did you mean 'distance'?"),
        ({"metric": "distance<far"}, "'far' is not a number"),
        ({"domain": "dirca"}, "Did you mean 'dirac'?"),
        ({"reg": ["r11"]}, "Did you mean 'r1'?"),
    ],
)
def test_more_than_makes_sense_and_wrong_names_are_refused_before_anything_is_written(tmp_path, more, message):
    with pytest.raises(UsageError) as error:
        tuning.tune(wish(**more), out=tmp_path / "out", host=installed.host())
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_file_says_what_flags_say(tmp_path):
    file = tmp_path / "tune.yaml"
    file.write_text(
        "domain: dirac\nreg: r1\nsearch: {r1.gamma: log:0.01..10}\ntrials: 6\nseeds: [0, 3]\nset: [batch=4]\n"
    )
    found = Wish.of(file, {"trials": 7, "steps": 20, "reg": None})
    assert found == Wish(
        domain="dirac", reg=["r1"], search=["r1.gamma=log:0.01..10"], trials=7, seeds=[0, 3], set=["batch=4"], steps=20
    )
    file.write_text("trails: 6\n")
    with pytest.raises(UsageError, match=r"tune\.yaml: trails: unknown key\. Did you mean 'trials'\?"):
        Wish.of(file, {})
    file.write_text("trials: many\n")
    with pytest.raises(UsageError, match=r"tune\.yaml: trials: should be a whole number, but is 'many'"):
        Wish.of(file, {})


def test_ranges_say_themselves_back(plain):
    texts = ["r1.gamma=log:0.01..10", "r1.every=lin:1..8", "discriminator.optimizer.amsgrad=choice:true,false"]
    found = ranges(texts, plain, installed.host())
    assert [f"{one.label}={one.text}" for one in found] == texts


# --- samplers ---------------------------------------------------------------------------------------------------------

A, B = Reals("a", "a", 0.01, 100.0, True), Wholes("b", "b", 1, 3, False)
C = Choices("c", "c", (("x", "x"), ("y", "y")))


def test_a_grid_is_even_with_both_ends_and_shuffled_by_the_seed():
    values = [point["a"] for point in GridSearch([A], 5).points]
    assert sorted(values) == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert values != [point["a"] for point in GridSearch([A], 5, seed=1).points]


def test_a_grid_over_several_ranges_fits_into_the_trials():
    grid = GridSearch([A, B, C], 24)
    assert grid.trials == len({tuple(point.values()) for point in grid.points}) == 24  # 4 × 3 × 2
    assert GridSearch([A, B, C], 23).trials == 18  # 3 × 3 × 2


def test_a_step_folds_back_at_the_ends():
    assert Reals("a", "a", 0.0, 1.0, False).near(0.9, 0.3) == pytest.approx(0.8)
    assert A.near(0.01, -0.25) == pytest.approx(0.1)
    assert B.near(3, 0.5) == 2
    assert C.near("y", 3.0) == "y"


@pytest.mark.parametrize("kind", [GridSearch, RandomSearch, TreeParzen])
def test_every_suggestion_is_in_its_range_and_the_seed_decides(kind):
    def found(seed: int) -> list[dict[str, Any]]:
        search = Search(kind([A, B, C], 24, seed), [0], lambda pairs: [bowl(t.params["a"]) for t, _ in pairs])
        return [trial.params for trial in search.run()]

    first = found(0)
    assert all(0.01 <= p["a"] <= 100 and p["b"] in (1, 2, 3) and p["c"] in ("x", "y") for p in first)
    assert first == found(0)
    assert first != found(1)


# --- the loop ---------------------------------------------------------------------------------------------------------


def bowl(value: float, seed: int = 0) -> float:
    """Best at 2, with noise that the seed and the value make."""
    noise = np.random.default_rng([seed, round(1e6 * value)]).normal(0, 0.01)
    return float(np.clip(1 - math.log10(value / 2) ** 2 / 4 + noise + 0.02 * seed, 0, 1))


def trials_of(search: Search) -> list[tuple[Any, ...]]:
    return [(t.number, t.params, t.status, t.scores) for t in search.trials]


def make(kind: type, path: Path, evaluate: Any = None) -> Search:
    def usual(pairs: Sequence[tuple[Trial, int]]) -> list[float]:
        return [bowl(trial.params["a"], seed) for trial, seed in pairs]

    return Search(kind([A, B], 18), [0, 1, 2], evaluate or usual, storage=journal_storage(path))


@pytest.mark.parametrize("kind", [RandomSearch, TreeParzen])
def test_a_search_cut_off_anywhere_goes_on_to_the_same_trials(kind, tmp_path):
    """Whatever a SIGKILL leaves is a beginning of the journal, at any byte, and perhaps its lock."""
    whole = make(kind, tmp_path / "whole")
    whole.run()
    content = (tmp_path / "whole").read_bytes()
    assert len(content) > 5000
    for i, cut in enumerate(np.random.default_rng(0).integers(0, len(content), 12)):
        path = tmp_path / f"cut-{i}"
        path.write_bytes(content[:cut])
        Path(f"{path}.lock").touch()
        again = make(kind, path)
        again.run()
        assert trials_of(again) == trials_of(whole)
        storage = again.record.get_trials()
        assert [t.params for t in storage] == [t.params for t in whole.record.get_trials()]
        assert {t.state.name for t in storage} <= {"COMPLETE", "PRUNED"}


def test_a_search_that_is_done_asks_for_nothing_new(tmp_path):
    first = make(TreeParzen, tmp_path / "journal")
    first.run()
    before = first.record.get_trials()
    again = make(TreeParzen, tmp_path / "journal")
    again.run()
    assert trials_of(again) == trials_of(first)
    assert again.record.get_trials() == before


def test_a_search_goes_on_in_a_database(tmp_path):
    url = f"sqlite:///{tmp_path / 'trials.db'}"
    calls = 0

    def stops(pairs: Sequence[tuple[Trial, int]]) -> list[float]:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise KeyboardInterrupt
        return [bowl(trial.params["a"], seed) for trial, seed in pairs]

    def search(evaluate: Any) -> Search:
        return Search(TreeParzen([A], 8), [0, 1], evaluate, storage=optuna.storages.RDBStorage(url))

    with pytest.raises(KeyboardInterrupt):
        search(stops).run()
    again = search(stops)
    again.run()
    assert [t.number for t in again.trials] == list(range(8))
    fresh = Search(TreeParzen([A], 8), [0, 1], stops)
    fresh.run()
    assert trials_of(fresh) == trials_of(again)


def test_noise_is_what_is_left_of_trials_and_seeds():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.2, 0.8, (400, 1)) + rng.normal(0, 0.1, (1, 3)) + rng.normal(0, 0.03, (400, 3))
    trials = [Trial(i, {}, "complete", dict(enumerate(row))) for i, row in enumerate(scores.tolist())]
    found = Noise.of([*trials, Trial(400, {}, "complete", {0: 0.0, 1: 0.0, 2: 0.0})])
    assert found is not None
    assert found.freedom == 399 * 2
    assert found.deviation == pytest.approx(0.03, rel=0.1)  # its standard error is 2.5 %
    assert Noise.of(trials[:1]) is None


def test_hopeless_is_what_one_in_a_thousand_as_good_would_be_behind():
    incumbent, noise = Trial(0, {}, "complete", {0: 0.8, 1: 0.6}), Noise(0.05, 6)
    limit = 5.2076 * 0.05 * math.sqrt(2)  # t with 6 degrees of freedom, from a table
    assert hopeless(Trial(1, {}, "running", {0: 0.8 - limit - 0.001}), incumbent, noise)
    assert not hopeless(Trial(1, {}, "running", {0: 0.8 - limit + 0.001}), incumbent, noise)
    assert not hopeless(Trial(1, {}, "running", {0: 0.0}), incumbent, Noise(0.05, 1))  # t is 318
    assert not hopeless(Trial(1, {}, "running", {0: 0.0}), None, noise)


def test_a_hopeless_trial_gets_no_more_seeds_and_the_winner_all_of_them():
    asked: list[tuple[float, int]] = []

    def evaluate(pairs: Sequence[tuple[Trial, int]]) -> list[float]:
        asked.extend((trial.params["a"], seed) for trial, seed in pairs)
        return [bowl(trial.params["a"], seed) for trial, seed in pairs]

    search = Search(RandomSearch([A], 24), [0, 1, 2], evaluate)
    trials = search.run()
    pruned = [t for t in trials if t.status == "pruned"]
    winner = best(trials)
    assert pruned and winner is not None
    assert len(asked) == sum(len(t.scores) for t in trials) < 24 * 3
    assert all(len(t.scores) < 3 and t.mean < winner.mean for t in pruned)
    assert len(winner.scores) == 3
    assert {t.status for t in trials[:4]} == {"complete"}  # nothing to compare with yet


def test_a_failed_trial_is_kept_and_the_others_go_on():
    search = Search(RandomSearch([A], 6), [0], lambda p: [None if t.number == 2 else 0.5 for t, _ in p])
    search.run()
    assert [t.status for t in search.trials] == ["complete"] * 2 + ["failed"] + ["complete"] * 3
    assert search.record.trials[2].state.name == "FAIL"
    assert best(search.trials) is search.trials[0]


def test_importance_finds_the_range_that_matters():
    def evaluate(pairs: Sequence[tuple[Trial, int]]) -> list[float]:
        return [bowl(trial.params["a"]) for trial, _ in pairs]

    search = Search(RandomSearch([A, B], 40), [0], evaluate)
    search.run()
    found = search.importance()
    assert found["a"] > 0.8
    assert sum(found.values()) == pytest.approx(1)
