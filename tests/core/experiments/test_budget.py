"""A time as a number of runs."""

import pytest

from detente.errors import UsageError
from detente.experiments.budget import DEARER, MOST_CELLS, cells_of, check_cells, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1800), ("90s", 90), ("1h30m", 5400), ("2h", 7200), ("1.5h", 5400), (" 10min ", 600)]
)
def test_times_are_read_as_people_write_them(text: str, seconds: float):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "-5m", "30 minutes", "0m", "1d", "1e3s"])
def test_what_is_no_time_is_refused_with_what_to_write(text: str):
    with pytest.raises(UsageError, match=r"--budget .*such as 30m"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("budget", "seconds", "at_once", "expected"),
    [(1800, 10.0, 2, int(1800 / (10 * DEARER / 2))), (3600, 30.0, 1, 92), (10**7, 1.0, 8, MOST_CELLS)],
)
def test_a_time_buys_runs_by_what_one_took(budget: float, seconds: float, at_once: int, expected: int):
    assert cells_of(budget, seconds, at_once, 1) == expected


@pytest.mark.parametrize(("seconds", "turn", "least"), [(60.0, 1, 18), (60.0, 3, 24), (200.0, 5, 30)])
def test_too_short_a_time_names_one_that_would_do(seconds: float, turn: int, least: int):
    with pytest.raises(UsageError, match=f"choosing takes {least}") as caught:
        cells_of(300, seconds, 1, turn)
    minutes = int(str(caught.value).partition("Use --budget ")[2].partition("m")[0])
    assert cells_of(60 * minutes, seconds, 1, turn) >= least


def test_too_few_runs_and_too_many_are_refused():
    check_cells(18, 1)
    check_cells(MOST_CELLS, 1)
    for cells, turn, said in (
        (17, 1, "18 runs at least"),
        (20, 3, "24 runs at least at 3 settings"),
        (5001, 1, "5,000"),
    ):
        with pytest.raises(UsageError, match=said):
            check_cells(cells, turn)
