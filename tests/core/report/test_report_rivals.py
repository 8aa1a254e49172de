"""What the winner of a search is worth against the others."""

import pytest

from detente.report.rivals import Row, claim
from detente.results.cells import Arm
from detente.results.search import Rival


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
    row = Row(Rival("a", Arm("none", "none"), ("none",)), [], [0.0] * len(ahead), ahead, p)
    assert claim(row) == said
