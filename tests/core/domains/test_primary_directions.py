"""Which end of a score is better stands in one table."""

import math
from typing import get_args

import pytest

from detente.domains.primary import BETTER, Direction, Primary
from detente.results.scores import StepsUntil


def test_every_direction_but_neither_has_a_better_end() -> None:
    assert set(get_args(Direction)) - set(BETTER) == {"neither"}


@pytest.mark.parametrize(
    ("direction", "value", "floor", "ceiling", "scaled"),
    [
        ("lower", 3.0, 5.0, 1.0, 0.5),
        ("lower", 3.0, 1.0, 5.0, math.nan),
        ("lower", 0.0, 5.0, 1.0, 1.0),
        ("higher", 0.25, 0.0, 1.0, 0.25),
        ("higher", 0.25, 1.0, 0.0, math.nan),
        ("higher", 0.5, 0.5, 0.5, math.nan),
        ("neither", 0.5, 0.0, 1.0, math.nan),
        ("neither", 0.5, 1.0, 0.0, math.nan),
    ],
)
def test_a_score_is_scaled_to_its_better_end(
    direction: Direction, value: float, floor: float, ceiling: float, scaled: float
) -> None:
    assert Primary("s", direction).scaled(value, floor, ceiling) == pytest.approx(scaled, nan_ok=True)


@pytest.mark.parametrize(("direction", "sign"), [("lower", "<"), ("higher", ">")])
def test_a_threshold_is_written_as_it_is_typed(direction: str, sign: str) -> None:
    assert StepsUntil("modes", direction, 0.5, 100).text == f"1 − fraction of the steps until modes {sign} 0.5"
