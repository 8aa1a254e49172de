"""Over how many octaves of a setting an arm trains well, and how sure that is."""

from pathlib import Path

import numpy as np
import pytest

from blocks import at_settings
from detente.results.ranges import widths
from detente.results.verdicts import Verdicts


def width(places: list[float], curve: list[float], threshold: float) -> float:
    return float(widths(places, np.array([[curve]]), np.array([threshold]))[0, 0])


@pytest.mark.parametrize(
    ("curve", "octaves"),
    [
        ([1, 1, 1, 1], 6),  # above everywhere: the whole span
        ([0, 0, 0, 0], 0),
        ([1, 1, 0, 0], 3),  # falls through .5 in the middle of the two octaves from −1 to 1
        ([0, 1, 1, 0], 4),
        ([0, 0.75, 0, 0], 4 / 3),  # from −1 ⅔ to −⅓: both sides rise and fall by .75 over two octaves
        ([1, 0, 1, 1], 3),  # two stretches of one and three octaves: the longer one counts
        ([0.5, 0.5, 0.4, 0.4], 2),  # at the threshold is above it
        ([0, 0, 0, 1], 1),
    ],
)
def test_a_range_is_the_longest_stretch_above_the_threshold_with_straight_lines_between(curve, octaves):
    assert width([-3, -1, 1, 3], curve, 0.5) == pytest.approx(octaves)


def test_widths_agree_with_a_fine_grid_for_curves_of_any_shape():
    rng = np.random.default_rng(0)
    places = [-3.0, -2.0, 0.5, 1.0, 4.0]
    fine = np.linspace(places[0], places[-1], 70_001)
    for curve in rng.random((20, 5)):
        longest = run = 0
        for value in np.interp(fine, places, curve) >= 0.4:
            run = run + 1 if value else 0
            longest = max(longest, run)
        assert width(places, list(curve), 0.4) == pytest.approx(longest / 10_000, abs=2e-3)


WIDE, NARROW = {"/8": 0.4, "/2": 0.6, "x2": 0.6, "x8": 0.5}, {"/8": 0.1, "/2": 0.5, "x2": 0.1, "x8": 0.0}


def test_a_study_has_the_range_of_each_arm_with_an_interval_and_its_difference(tmp_path: Path):
    study, outcomes = at_settings(tmp_path, {"none": NARROW, "r1": WIDE}, seeds=4, noise=0.02)
    found = Verdicts(study, outcomes).ranges["pair"]
    assert (found.key, found.places, found.names) == ("lr", (-3, -1, 1, 3), ("/8", "/2", "x2", "x8"))
    none, r1 = found.arms
    assert found.threshold == pytest.approx(0.5 * max(r1.means))
    assert r1.octaves == 6 and r1.open == (True, True) and none.open == (False, False)
    # Above .3 from −2 to 0, where lines of .2 an octave fall from .5.
    assert none.octaves == pytest.approx(2, abs=0.2)
    assert none.interval and none.interval.low < none.octaves < none.interval.high
    assert (none.gain, r1.gain) == (None, r1.octaves - none.octaves)
    assert r1.gain and r1.gain_interval and 3 < r1.gain_interval.low <= r1.gain <= r1.gain_interval.high


def test_two_seeds_of_each_setting_have_no_interval_and_one_that_is_missing_is_left_out(tmp_path: Path):
    study, outcomes = at_settings(tmp_path / "two", {"none": NARROW, "r1": WIDE}, seeds=2)
    assert [one.interval for one in Verdicts(study, outcomes).ranges["pair"].arms] == [None, None]
    study, outcomes = at_settings(tmp_path / "four", {"none": NARROW, "r1": WIDE}, seeds=4, failed=[("r1", 1)])
    found = Verdicts(study, outcomes).ranges["pair"]
    assert [one.arm.text for one in found.arms] == ["none", "r1"] and found.arms[1].interval
    study, outcomes = at_settings(
        tmp_path / "gone", {"none": NARROW, "r1": WIDE}, seeds=3, failed=[("r1", 0), ("r1", 1), ("r1", 2)]
    )
    assert [one.arm.text for one in Verdicts(study, outcomes).ranges["pair"].arms] == ["none"]


def test_there_is_no_range_while_runs_are_open_nor_without_numbers(tmp_path: Path):
    study, outcomes = at_settings(tmp_path / "open", {"none": NARROW, "r1": WIDE}, pending=[("r1", 2)])
    assert Verdicts(study, outcomes).ranges == {}
    words = {"resnet": 0.4, "dcgan": 0.5}
    study, outcomes = at_settings(tmp_path / "words", {"none": words, "r1": words}, key="model")
    assert Verdicts(study, outcomes).ranges == {}


def test_blocks_are_what_is_tested_and_what_the_sentences_call_them(tmp_path: Path):
    worse = {place: score - 0.1 for place, score in WIDE.items()}
    study, outcomes = at_settings(tmp_path, {"none": worse, "r1": WIDE}, seeds=3)
    verdicts = Verdicts(study, outcomes)
    assert verdicts.pairs == 12 and verdicts.comparisons[0].claimed == 1
    assert verdicts.comparisons[0].p == 2 / 2**12
    few, outcomes = at_settings(tmp_path / "few", {"none": worse, "r1": WIDE}, seeds=1)
    assert "4 blocks cannot give a verdict" in Verdicts(few, outcomes).limits
