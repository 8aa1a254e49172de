"""What no machine holds is refused with both numbers, and named by the option that asked for it."""

import re

import pytest

from detente.domains import room
from detente.domains.room import check_memory, in_bytes, memory, short_count
from detente.errors import UsageError
from detente.toys.linear import DiracData, LinearQuadraticData
from detente.toys.mixture import GridData, RingData
from detente.toys.pair import PairData
from detente.toys.tokens import TokensData


def test_this_machine_has_some() -> None:
    found = memory()
    assert found is None or 2**28 < found < 2**50


@pytest.mark.parametrize(
    ("n", "text"),
    [(0, "0 bytes"), (1023, "1023 bytes"), (1536, "1.5 KiB"), (5 * 2**30, "5.0 GiB"), (3 * 2**51, "6.0 PiB")],
)
def test_bytes_are_told_in_the_unit_that_suits_them(n: int, text: str) -> None:
    assert in_bytes(n) == text


def test_a_number_of_many_digits_stays_short() -> None:
    assert short_count(1_234_567) == "1,234,567"
    assert short_count(10**400) == "1.00e400"


@pytest.mark.parametrize("there", [2**20, 2**30])
def test_more_than_there_is_is_refused_and_what_fits_is_not(there: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "memory", lambda: there)
    check_memory("samples: all", there)
    with pytest.raises(UsageError, match=rf"samples: all: at least .* needed, and this machine has {in_bytes(there)}"):
        check_memory("samples: all", there + 1024 * 1024)


def test_where_nobody_knows_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "memory", lambda: None)
    check_memory("samples: all", 10**30)


@pytest.mark.parametrize("data", [RingData, GridData, PairData, TokensData, DiracData, LinearQuadraticData])
def test_toys_that_are_too_large_name_their_size_before_anything_is_drawn(data: type) -> None:
    with pytest.raises(UsageError, match=re.escape("data.size: 1,000,000,000,000 samples of ")):
        data(size=10**12)
