"""The loop of a search: a stop changes nothing, and what comes out where the answer is known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

from detente.experiments.search import RandomSearch, Search, TreeParzen
from detente.experiments.search.storage import journal_storage
from detente.results.search import Trial, best
from searches import A, B, bowl


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
