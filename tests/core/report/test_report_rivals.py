"""What the winner of a search is worth against the others."""

from typing import Any

import numpy as np
import pytest

from detente.report.rivals import Row, call, claim, interval_text, lead, with_interval
from detente.results.cells import Arm
from detente.results.contrasts import contrasts
from detente.results.search import Rival
from detente.results.statistics import Interval


def row(winner: list[float | None], scores: list[float | None], **more: Any) -> Row:
    """A setting on fresh seeds beside the winner."""
    own, other = (np.array([[np.nan if s is None else s] for s in side], float) for side in (winner, scores))
    (against,) = contrasts(own, other, **more)
    return Row(Rival(Arm("none", "none"), ("default", "none"), {}), [], scores, against)


AHEAD = [0.6, 0.62, 0.61, 0.6, 0.63, 0.62]
LEVEL = [0.5, 0.5, 0.51, 0.49, 0.5, 0.5]


@pytest.mark.parametrize(
    ("winner", "scores", "said"),
    [
        (AHEAD, LEVEL, "significant improvement"),
        (LEVEL, AHEAD, "significantly worse"),
        (AHEAD[:5], LEVEL[:5], "not significant"),
        (
            [0.73, 0.53, 0.84, 0.86, 0.8, 0.81],
            [0.5] * 6,
            "not significant: the test alone is, the interval includes 0",
        ),
        ([0.6], [0.5], "not significant"),
        (AHEAD, [0.0] * 6, "significant improvement"),
        ([*LEVEL, *LEVEL], [*AHEAD, *[0.0] * 6], "significantly lower scores, fewer breakdowns"),
    ],
)
def test_a_lead_is_claimed_where_the_test_and_the_interval_both_say_so(winner, scores, said):
    found = row(winner, scores).against
    assert found is not None
    assert claim(found) == said


def test_a_lead_is_over_the_fresh_seeds_that_both_have():
    found = row([0.5, 0.75, 1.0], [0.25, None, 0.5])
    assert (found.mean, found.against and found.against.sound) == (0.375, (0.25, 0.5))
    assert found.roles == "the default and no regularizer"
    assert lead(found).startswith("The winner is 0.375 ahead of the default none, and ahead with 2 of 2 seeds; ")
    none = row([0.5], [None])
    assert (none.mean, lead(none)) == (None, "")


def test_a_lead_over_a_setting_that_broke_down_says_so():
    found = lead(row(AHEAD, [*LEVEL[:4], 0.0, 0.0]))
    assert "on the 4 of 6 seeds on which neither broke down, and ahead with 4 of 4 seeds" in found
    assert "it broke down (diverged or scored 0) with 0 of 6 seeds, the default none with 2" in found
    assert found.endswith(": significant improvement.")
    assert lead(row(AHEAD, [0.0] * 6)).startswith("The winner broke down (diverged or scored 0) with 0 of 6 seeds, ")


def test_nothing_is_claimed_before_all_fresh_seeds_are_done():
    found = lead(row(AHEAD, LEVEL, tested=False))
    assert found.endswith("p –: not tested before all runs on fresh seeds have ended.")


def test_a_setting_is_called_the_default_once():
    default = Rival(Arm("r1.gamma=10 (default)", "x"), ("default",), {})
    assert call(Row(default, [], [])) == "the default r1.gamma=10"
    assert call(Row(Rival(Arm("none", "none"), ("none",), {}), [], [])) == "“none”"


def test_intervals_are_written_with_three_digits_and_a_minus():
    assert with_interval(0.5, Interval(0.25, 0.75)) == "0.500 (0.250 to 0.750)"
    assert (with_interval(0.5, None), with_interval(None, None)) == ("0.500", "–")
    assert interval_text(None, 1) == "no interval for one pair"
    assert interval_text(None, 3) == "no interval, as all differences are the same"
    assert interval_text(Interval(-0.25, 0.5), 2) == "95 % interval −0.250 to +0.500"
