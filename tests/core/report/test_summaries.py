"""What several seeds come to; nothing comes to nothing, not to 0."""

import pytest

from detente.report.summaries import mean_of, range_of, spread


@pytest.mark.parametrize(
    ("values", "found"), [([1.0, 2.0, 6.0], (3.0, 1.0, 6.0)), ([0.0], (0.0, 0.0, 0.0)), ([], None)]
)
def test_a_mean_of_nothing_is_none(values, found):
    assert range_of(values) == found
    assert mean_of(values) == (found and found[0])


def test_one_score_has_no_range():
    assert (spread([0.5]), spread([0.25, 0.75])) == ("0.50", "0.50 (from 0.25 to 0.75)")
