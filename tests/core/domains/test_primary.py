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


def test_a_score_is_found_by_the_name_that_it_had(tmp_path, monkeypatch, caplog) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["tune", "ring", "--reg", "r1", "--search", "r1.gamma=log:0.01..10", "--trials", "2", "-n"]
    assert cli.main([*words, "--metric", "kl<0.1"]) == 0
    assert "The score 'kl' is called 'modes-kl' now" in caplog.text
    caplog.clear()
    assert cli.main([*words, "--metric", "modes-kl"]) == 0
    assert "is called" not in caplog.text


def test_whoever_asks_by_an_old_name_is_warned(caplog) -> None:
    assert current_name("kl", [{}, {"kl": "modes-kl"}]) == "modes-kl"
    assert "its old name goes with the next release" in caplog.text
    caplog.clear()
    assert current_name("recall", [{"kl": "modes-kl"}]) == "recall"
    assert not caplog.text
