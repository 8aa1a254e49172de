"""A search whose trials all score alike found no difference, and its winner is the first one only."""

from pathlib import Path

import pytest

from detente.results.search import Trial, Tuning


@pytest.mark.parametrize(
    ("trials", "undecided"),
    [
        ([{0: 0.0, 1: 0.0}, {0: 0.0, 1: 0.0}], True),
        ([{0: 0.5}, {0: 0.5}, {0: 0.5}], True),
        ([{0: 0.25, 1: 0.75}, {0: 0.5, 1: 0.5}], True),
        ([{0: 0.5}, {0: 0.5}, {0: 0.51}], False),
        ([{0: 0.5}], False),
        ([], False),
    ],
)
def test_undecided_is_what_has_one_score_throughout(trials: list[dict[int, float]], undecided: bool) -> None:
    found = Tuning(Path("nowhere"), {})
    found.trials += [Trial(i, {}, "complete", scores) for i, scores in enumerate(trials)]
    assert found.undecided is undecided


def test_trials_that_were_given_up_or_failed_do_not_count() -> None:
    found = Tuning(Path("nowhere"), {})
    found.trials += [Trial(0, {}, "complete", {0: 0.1}), Trial(1, {}, "pruned", {0: 0.0}), Trial(2, {}, "failed", {})]
    assert found.undecided
