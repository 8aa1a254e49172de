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
    assert scaled({"quality": math.nan}, rows) == scaled({}, rows) == scaled({"quality": 0.9}, {}) == 0


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


@pytest.mark.parametrize(
    ("direction", "value", "floor", "ceiling", "scaled"),
    [
        ("lower", 3.0, 5.0, 1.0, 0.5),
        ("lower", 9.0, 5.0, 1.0, 0.0),
        ("lower", 0.0, 5.0, 1.0, 1.0),
        ("higher", 0.75, 0.0, 1.0, 0.75),
        ("higher", 0.5, 1.0, 0.5, 0.0),  # real data no better than the floor
        ("lower", 0.5, 1.0, 1.0, 0.0),
        ("lower", math.nan, 5.0, 1.0, 0.0),
        ("lower", 3.0, math.inf, 1.0, 0.0),
        ("higher", 0.5, 0.0, math.nan, 0.0),
    ],
)
def test_a_score_stands_between_the_untrained_generator_and_real_data(direction, value, floor, ceiling, scaled) -> None:
    assert Primary("x", direction).scaled(value, floor=floor, ceiling=ceiling) == pytest.approx(scaled)


@pytest.mark.parametrize(("value", "scaled"), [(100.0, 0.0), (10.0, 0.25), (0.1, 0.75), (0.01, 1.0), (0.0, 1.0)])
def test_on_a_logarithm_each_factor_of_ten_counts_alike(value, scaled) -> None:
    assert Primary("x", log=True).scaled(value, floor=100.0, ceiling=0.01) == pytest.approx(scaled)


def test_on_a_logarithm_nothing_is_infinitely_good() -> None:
    primary = Primary("x", log=True)
    assert primary.scaled(0.0, floor=1.0, ceiling=0.0) == 1.0
    assert primary.scaled(1e-6, floor=1.0, ceiling=0.0) == pytest.approx(0.5)  # 0 counts as 1e-12
    assert primary.scaled(0.0, floor=1e-13, ceiling=1e-14) == 0.0


def test_a_row_without_the_score_scales_to_nothing() -> None:
    rows = {"real": {"x": 0.0}, "untrained": {"x": 2.0}}
    assert Primary("x").scaled_row({"x": 1.0}, rows) == 0.5
    assert Primary("x").scaled_row({"y": 1.0}, rows) == Primary("y").scaled_row({"y": 1.0}, rows) == 0.0
