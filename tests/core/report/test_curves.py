"""The curve of an arm, from runs that did not all come equally far."""

import pytest

from detente.report.curves import missing, series

LONG = ((10, 0.2), (20, 0.4), (30, 0.6))
SHORT = ((10, 0.4), (20, 0.6))


def test_a_run_that_stopped_leaves_the_curve_to_the_others():
    drawn = series("r1", 1, [(LONG, False), (SHORT, False), (SHORT[:1], False)])
    assert drawn.mean == [(10, pytest.approx(1 / 3)), (20, pytest.approx(0.5)), (30, 0.6)]
    assert drawn.band == [(10, 0.2, 0.4), (20, 0.4, 0.6), (30, 0.6, 0.6)]
    assert drawn.ends == []


def test_a_run_that_diverged_is_0_from_there_on_and_is_not_missing():
    runs = [(LONG, False), (SHORT[:1], True)]
    drawn = series("r1", 1, runs)
    assert drawn.mean == [(10, pytest.approx(0.3)), (20, 0.2), (30, 0.3)]
    assert drawn.ends == [(10, 0.4)]
    assert missing("r1", runs, 2) == ""


@pytest.mark.parametrize(
    ("runs", "of", "said"),
    [
        ([(LONG, False)] * 3, 3, ""),
        ([(LONG, False), (SHORT, False), (SHORT[:1], False)], 3, "r1 of 3 runs: 2 from step 20 on, 1 from step 30 on"),
        ([(LONG, False)], 4, "r1 of 4 runs: 1 from step 10 on"),
        ([(LONG, False), (SHORT, True), (SHORT, False)], 4, "r1 of 4 runs: 3 from step 10 on, 2 from step 30 on"),
        ([], 4, ""),
    ],
)
def test_how_many_runs_a_curve_is_of_is_said_where_it_changes(runs, of, said):
    assert missing("r1", runs, of) == said


def test_an_evaluation_that_skips_a_run_does_not_make_it_diverge():
    drawn = series("r1", 1, [(LONG, False), ((LONG[0], LONG[2]), True)])
    assert drawn.mean[1] == (20, 0.4)
