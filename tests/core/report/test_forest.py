"""Differences with their intervals, as they are drawn."""

import xml.etree.ElementTree as ET

import pytest

from detente.report import forest as module
from detente.report.forest import forest
from pages import EVIL

LINES = [
    module.ForestRow("r1", 1, 0.2, (0.1, 0.3), [0.15, 0.25], True, [3, 4]),
    module.ForestRow("l2", 2, -0.1, None, [-0.1], False),
]


def circles(drawn: ET.Element, kind: str) -> list[float]:
    return [float(one.get("cx") or 0) for one in drawn.iter("circle") if one.get("class") == kind]


def test_a_verdict_is_drawn_filled_what_is_open_hollow_and_every_seed_has_a_dot():
    drawn = ET.fromstring(forest(LINES, "Differences"))
    assert [text.text for text in drawn.iter("text") if text.get("class") == "key"] == ["r1", "l2"]
    (claimed,), (left,) = circles(drawn, "claimed"), circles(drawn, "open")
    dots = circles(drawn, "run")
    assert len(dots) == 3
    assert sum(path.get("class") == "span" for path in drawn.iter("path")) == 1  # one seed has no interval
    # The mean of two seeds is half way between them, that of one on it.
    assert claimed == pytest.approx((dots[0] + dots[1]) / 2, abs=0.1)
    assert left == dots[2]


def test_the_rule_at_0_is_between_what_is_better_and_what_is_worse():
    drawn = ET.fromstring(forest(LINES, "Differences"))
    (rule,) = [path.get("d") or "" for path in drawn.iter("path") if path.get("class") == "zero"]
    zero = float(rule[1:].split()[0])
    assert circles(drawn, "open")[0] < zero < circles(drawn, "claimed")[0]


def test_arms_that_do_not_differ_at_all_are_drawn_on_the_rule_and_a_title_stays_text():
    line = module.ForestRow("r1", 1, 0.0, (0.0, 0.0), [0.0, 0.0], False)
    drawn = ET.fromstring(forest([line], EVIL.replace("\x07", "")))
    (rule,) = [path.get("d") or "" for path in drawn.iter("path") if path.get("class") == "zero"]
    assert set(circles(drawn, "run")) == {float(rule[1:].split()[0])}
    assert "<script>" in (drawn.get("aria-label") or "")


def test_every_mark_says_what_it_is_when_pointed_at():
    drawn = ET.fromstring(forest(LINES, "Differences"))
    said = [one.get("data-tip") for one in drawn.iter("circle") if one.get("data-tip")]
    assert said == [
        "r1, seed 3: +0.150",
        "r1, seed 4: +0.250",
        "r1: +0.20, 95 % interval 0.10 to 0.30",
        "l2: −0.10",
    ]


def test_what_is_no_arm_is_a_diamond_in_the_colour_of_the_text():
    rest = module.ForestRow("baseline", module.REST, 0.3, None, (), False)
    drawn = ET.fromstring(forest([LINES[0], rest], "Differences", frame=module.NARROW))
    (group,) = [g for g in drawn.iter("g") if "rest" in (g.get("class") or "")]
    assert [each.tag for each in group] == ["text", "path"]
    assert drawn.get("viewBox", "").split()[2] == "320"
