"""What a study found, on a terminal."""

import re

from blocks import at_settings
from detente.cli.verdicts import range_lines, verdict_rows
from detente.results.verdicts import Verdicts

WIDE, NARROW = {"/8": 0.4, "/2": 0.6, "x2": 0.6, "x8": 0.5}, {"/8": 0.1, "/2": 0.5, "x2": 0.1, "x8": 0.0}


def test_the_terminal_has_breakdowns_verdicts_and_ranges(tmp_path):
    study, outcomes = at_settings(tmp_path, {"none": NARROW, "r1": WIDE}, seeds=6)
    verdicts = Verdicts(study, outcomes)
    head, none, r1 = verdict_rows(verdicts, outcomes)
    assert head[5:] == ("broke down", "Δ", "verdict")
    assert none[5:] == ("6 of 24", "", "") and r1[5] == "0 of 24"
    assert re.fullmatch(r"better \(p < \.001, breakdowns p \.0(2|3)\d, all pairs p < \.001\)", r1[7])
    (text,) = range_lines(verdicts)
    assert text.startswith("pair: scaled score by lr; octaves over which it stays above 0.30")
    assert "≥ 6.0" in text and "6.0 to 6.0" in text


def test_without_settings_and_sums_there_are_the_arms_alone(tmp_path):
    words = {"resnet": 0.4, "dcgan": 0.5}
    study, outcomes = at_settings(tmp_path, {"none": words, "r1": words}, key="model")
    assert range_lines(Verdicts(study, outcomes)) == []
