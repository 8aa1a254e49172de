"""A search on disk."""

import math

import numpy as np
import pytest

from detente.errors import UsageError
from detente.results.search import Noise, Trial, Tuning, best, short
from search_folder import write_search

pytestmark = pytest.mark.usefixtures("module_cache")


def test_noise_is_what_is_left_of_trials_and_seeds():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.2, 0.8, (400, 1)) + rng.normal(0, 0.1, (1, 3)) + rng.normal(0, 0.03, (400, 3))
    trials = [Trial(i, {}, "complete", dict(enumerate(row))) for i, row in enumerate(scores.tolist())]
    found = Noise.of([*trials, Trial(400, {}, "complete", {0: 0.0, 1: 0.0, 2: 0.0})])
    assert found is not None
    assert found.freedom == 399 * 2
    assert found.deviation == pytest.approx(0.03, rel=0.1)  # its standard error is 2.5 %
    assert Noise.of(trials[:1]) is None


def test_a_damaged_search_is_named(tmp_path, plain):
    found = write_search(tmp_path, plain)
    found.record.write_text("{")
    with pytest.raises(UsageError, match=r"trials\.json: is not JSON.*delete it"):
        Tuning.open(tmp_path)
    found.path.write_text("format: 7\n")
    with pytest.raises(UsageError, match="has format 7"):
        Tuning.open(tmp_path)
    with pytest.raises(UsageError, match="not a search folder"):
        Tuning.open(tmp_path / "nowhere")


def test_the_best_trial_is_the_first_of_the_complete_ones_with_the_highest_mean():
    trials = [
        Trial(0, {}, "complete", {0: 0.2, 1: 0.4}),
        Trial(1, {}, "complete", {0: 0.6, 1: 0.8}),
        Trial(2, {}, "complete", {0: 0.8, 1: 0.6}),
        Trial(3, {}, "pruned", {0: 1.0}),
    ]
    assert trials[0].mean == pytest.approx(0.3)
    assert best(trials) is best(trials[::-1]) is trials[1]
    assert best(trials[3:]) is None
    assert math.isnan(Trial(4, {}).mean)


@pytest.mark.parametrize(
    ("value", "shown"), [(True, "true"), (None, "null"), (1, "1"), (0.123456, "0.1235"), (1e-7, "1e-07"), ("x", "x")]
)
def test_a_setting_is_shown_in_four_digits_as_a_recipe_writes_it(value, shown):
    assert short(value) == shown


def test_trials_rivals_and_importance_are_read_back_as_they_were_written(tmp_path, plain):
    written = write_search(tmp_path, plain)
    found = Tuning.open(tmp_path)
    assert (found.trials, found.rivals, found.importance) == (written.trials, written.rivals, written.importance)
    assert found.winner == written.trials[2]


def test_runs_that_a_pruned_trial_never_had_are_not_among_those_of_the_search(tmp_path, plain):
    found = write_search(tmp_path, plain)
    of_trials = [(cell.arm.slug, cell.seed) for cell, _ in found.runs() if cell.arm.slug.startswith("trial")]
    complete = [(f"trial-{i:04d}", seed) for i in (0, 1, 2) for seed in (0, 1)]
    unfinished = [(f"trial-{i:04d}", seed) for i in (4, 5) for seed in (0, 1)]
    assert of_trials == [*complete, ("trial-0003", 0), *unfinished]
