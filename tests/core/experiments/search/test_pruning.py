"""When a trial is given up."""

import math
from collections.abc import Sequence

from detente.experiments.search import RandomSearch, Search
from detente.experiments.search.pruning import hopeless
from detente.results.search import Noise, Trial, best
from searches import A, bowl


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
