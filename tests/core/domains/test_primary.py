"""Scaling a score: known values, and NaN where there is nothing to scale."""

import math

import pytest

from detente.domains.primary import Primary

HIGHER, LOWER, LOG = Primary("s", "higher"), Primary("s", "lower"), Primary("s", "lower", log=True)
NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("primary", "value", "floor", "ceiling", "share"),
    [
        (HIGHER, 0.35, 0.2, 0.8, 0.25),
        (LOWER, 7.0, 10.0, 2.0, 0.375),
        (LOG, 10.0, 1000.0, 0.1, 0.5),
        (LOG, 0.0, 1.0, 1e-6, 1.0),  # beyond the ceiling
        (HIGHER, -3.0, 0.0, 1.0, 0.0),  # below the floor
        (LOWER, -0.001, 0.5, -0.001, 1.0),  # a kernel distance may be negative
    ],
)
def test_a_score_is_scaled_from_floor_to_ceiling(primary, value, floor, ceiling, share):
    assert primary.scaled(value, floor, ceiling) == pytest.approx(share, abs=1e-12)
    assert primary.spans(floor, ceiling)


@pytest.mark.parametrize(
    ("primary", "value", "floor", "ceiling"),
    [
        (HIGHER, NAN, 0.0, 1.0),
        (LOWER, INF, 9.0, 1.0),
        (HIGHER, 0.5, NAN, 1.0),
        (LOWER, 0.5, 1.0, NAN),
        (HIGHER, 0.5, -INF, 1.0),
        (HIGHER, 0.5, 0.9, 0.8),  # real data score below the floor
        (LOWER, 0.5, 0.4, 0.6),
        (LOWER, 0.0, 0.0, 0.0),  # the untrained generator is as good as real data
        (LOG, 1e-13, 1e-13, 1e-14),  # both are 0 for a logarithm
        (Primary("s", "neither"), 0.5, 0.0, 1.0),
    ],
)
def test_what_was_not_measured_or_cannot_be_scaled_is_nan_and_not_0(primary, value, floor, ceiling):
    assert math.isnan(primary.scaled(value, floor, ceiling))


ROWS = {"real": {"s": 1.0}, "untrained": {"s": 0.0}}


@pytest.mark.parametrize(
    ("scores", "references"),
    [
        ({}, ROWS),
        ({"t": 0.5}, ROWS),
        ({"s": 0.5}, {"real": {"s": 1.0}}),
        ({"s": 0.5}, {"real": {"t": 1.0}, "untrained": {"s": 0.0}}),
        ({"s": 0.5}, {}),
    ],
)
def test_a_row_that_lacks_the_score_scales_to_nan(scores, references):
    assert math.isnan(HIGHER.scaled_row(scores, references))
    assert HIGHER.scaled_row({"s": 0.5}, ROWS) == 0.5
