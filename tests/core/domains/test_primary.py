"""The score that carries comparisons: how it is scaled, and by which names it is found."""

import math

import pytest

from detente import cli
from detente.domains.primary import Primary, current_name
from detente.toys.mixture import RingDomain


def test_scaling_puts_the_floor_at_0_and_the_ceiling_at_1() -> None:
    scaled = RingDomain().primary.scaled_row
    rows = {"real": {"quality": 0.9}, "untrained": {"quality": 0.1}, "baseline": {}}
    assert [scaled({"quality": q}, rows) for q in (0.0, 0.1, 0.5, 0.9, 1.0)] == pytest.approx([0, 0, 0.5, 1, 1])
    unknown = scaled({"quality": math.nan}, rows), scaled({}, rows), scaled({"quality": 0.9}, {})
    assert all(map(math.isnan, unknown))


def test_distances_are_scaled_on_a_logarithm() -> None:
    primary = Primary("frechet", "lower", log=True)
    rows = {"real": {"frechet": 0.01}, "untrained": {"frechet": 100.0}}
    assert primary.scaled_row({"frechet": 1.0}, rows) == pytest.approx(0.5)


@pytest.mark.filterwarnings("ignore:.* goes with the next release:DeprecationWarning")  # it goes to the log too
def test_a_score_is_found_by_the_name_that_it_had(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["tune", "ring", "--reg", "r1", "--search", "r1.gamma=log:0.01..10", "--trials", "2", "-n"]
    assert cli.main([*words, "--metric", "kl<0.1"]) == 0
    assert "The score 'kl' is called 'modes-kl' now" in caplog.text
    caplog.clear()
    assert cli.main([*words, "--metric", "modes-kl"]) == 0
    assert "is called" not in caplog.text


def test_whoever_asks_by_an_old_name_is_warned(caplog) -> None:
    with pytest.warns(DeprecationWarning, match="its old name goes with the next release"):
        assert current_name("kl", [{}, {"kl": "modes-kl"}]) == "modes-kl"
    assert "its old name goes with the next release" in caplog.text
    caplog.clear()
    assert current_name("recall", [{"kl": "modes-kl"}]) == "recall"
    assert not caplog.text


@pytest.mark.parametrize(("value", "scaled"), [(100.0, 0.0), (10.0, 0.25), (0.1, 0.75), (0.01, 1.0), (0.0, 1.0)])
def test_on_a_logarithm_each_factor_of_ten_counts_alike(value, scaled) -> None:
    assert Primary("x", log=True).scaled(value, floor=100.0, ceiling=0.01) == pytest.approx(scaled)


def test_on_a_logarithm_nothing_is_infinitely_good() -> None:
    primary = Primary("x", log=True)
    assert primary.scaled(0.0, floor=1.0, ceiling=0.0) == 1.0
    assert primary.scaled(1e-6, floor=1.0, ceiling=0.0) == pytest.approx(0.5)  # 0 counts as 1e-12


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
