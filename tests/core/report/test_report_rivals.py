"""What the winner of a search is worth against the others."""

import pytest

from detente.report.rivals import Row, call, claim, interval_text, with_interval
from detente.results.cells import Arm
from detente.results.search import Rival
from detente.results.statistics import Interval


@pytest.mark.parametrize(
    ("ahead", "p", "said"),
    [
        ([0.1, 0.12, 0.11, 0.1, 0.13, 0.12], 0.03, "significant improvement"),
        ([-0.1, -0.12, -0.11, -0.1, -0.13, -0.12], 0.03, "significantly worse"),
        ([0.1, 0.12, 0.11, 0.1, 0.13, 0.12], 0.06, "not significant"),
        (
            [0.23, 0.03, 0.34, 0.36, 0.3, 0.31],
            0.03,
            "not significant: the test alone is, the interval includes 0",
        ),
        ([0.1], 0.03, "not significant"),
    ],
)
def test_a_lead_is_claimed_where_the_test_and_the_interval_both_say_so(ahead, p, said):
    row = Row(Rival(Arm("none", "none"), ("none",), {}), [], [0.0] * len(ahead), ahead, p)
    assert claim(row) == said


def test_a_lead_is_over_the_fresh_seeds_that_both_have():
    row = Row(Rival(Arm("l2", "l2"), ("default", "none"), {}), [], [0.25, None, 0.5], [0.5, 0.75, 1.0])
    assert (row.mean, row.ahead, row.lead) == (0.375, [0.25, 0.5], 0.375)
    assert row.roles == "the default and no regularizer"
    none = Row(row.rival, [], [None], [0.5])
    assert (none.mean, none.lead, none.lead_interval) == (None, None, None)


def test_a_setting_is_called_the_default_once():
    default = Rival(Arm("r1.gamma=10 (default)", "x"), ("default",), {})
    assert call(Row(default, [], [], [])) == "the default r1.gamma=10"
    assert call(Row(Rival(Arm("none", "none"), ("none",), {}), [], [], [])) == "“none”"


def test_intervals_are_written_with_three_digits_and_a_minus():
    assert with_interval(0.5, Interval(0.25, 0.75)) == "0.500 (0.250 to 0.750)"
    assert (with_interval(0.5, None), with_interval(None, None)) == ("0.500", "–")
    assert interval_text(Interval(-0.25, 0.5)) == "95 % interval −0.250 to +0.500"
