"""Seeds as a flag names them."""

import pytest

from detente.cli.flags import seeds_of
from detente.errors import UsageError


@pytest.mark.parametrize(
    ("text", "expected"), [("5", 5), ("0,3", [0, 3]), ("7..9", [7, 8, 9]), (" 1040..1040 ", [1040]), ("4,", [4])]
)
def test_seeds_are_a_number_a_list_or_a_range(text: str, expected: object):
    assert seeds_of(text) == expected


@pytest.mark.parametrize("text", ["9..7", "0..100000", "1..", "..3", "1..2,5", "-1..2", "0...3"])
def test_what_is_no_range_is_refused(text: str):
    with pytest.raises(UsageError, match="--seeds"):
        seeds_of(text)
