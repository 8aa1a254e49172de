"""Line charts."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from detente.report import charts


def test_charts_are_well_formed_and_every_curve_has_its_name(hostile, tmp_path):
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    drawn = [ET.fromstring(svg) for svg in re.findall(r'<svg class="chart.*?</svg>', text, re.DOTALL)]
    assert len(drawn) == 6  # of each domain the differences twice, and the curves
    for svg in drawn:
        names = [t.text or "" for t in svg.iter("text") if "key" in (t.get("class") or "")]
        evil = [name for name in names if name.startswith("<scr")]
        # In the first domain one run of the second arm failed and the other diverged: there is no difference to draw.
        if "Differences" in svg.get("aria-label", ""):
            names = [name for name in names if name != "baseline"]
            assert names in (["=r1"], [*evil, "=r1"])
        else:
            assert sorted(names) == sorted(["none", *evil, "=r1"]) and len(evil) == 1
    ends = [[path for path in svg.iter("path") if path.get("class") == "end"] for svg in drawn]
    assert sum(map(len, ends)) == 1  # the run that diverged


@pytest.mark.parametrize("n", [2, 6, 12])
def test_names_do_not_overlap(n):
    axes = charts.Axes(x=(0, 1), y=(0, 1), height=310, right=150)
    names = [f"arm {i}" for i in range(n)]
    svg = charts.chart([charts.Series(name, i, [(0, 0), (1, 0.5)]) for i, name in enumerate(names)], axes, "t")
    places = sorted(float(t.get("y") or 0) for t in ET.fromstring(svg).iter("text") if "key" in (t.get("class") or ""))
    assert min(b - a for a, b in pairwise(places)) >= charts.APART - 0.1
    assert axes.top < places[0] and places[-1] <= axes.height


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([0.4, 0.6], 0.39, 0.61),
        ([0.0, 1.0], 0.0, 1.0),
        ([0.71, 0.71], 0.66, 0.76),
        ([0.001, 0.002], 0.0, 0.1),
        ([0.999], 0.9, 1.0),
    ],
)
def test_an_axis_of_scores_takes_up_their_range_and_shows_a_tenth_at_least(values, low, high):
    found = charts.fitted(values)
    assert found == (pytest.approx(low, abs=0.005), pytest.approx(high, abs=0.005))
    assert found[1] - found[0] >= 0.0999


@pytest.mark.parametrize(
    ("name", "most", "cut"),
    [
        ("r1", 12, "r1"),
        ("spectral-norm+r1(gamma=10)", 15, "spectral-…a=10)"),
        ("a\u202eb", 20, "a⟨U+202E⟩b"),
        ("abcdef", 3, "a…f"),
    ],
)
def test_a_long_name_keeps_its_beginning_and_its_end(name, most, cut):
    assert charts.cut(name, most) == cut
    assert len(cut) <= max(most, len(cut) if "U+" in cut else 0)


def test_curves_keep_their_spikes_when_thinned():
    points = [(float(i), 100.0 if i == 777 else 0.0) for i in range(5000)]
    kept = charts.thin(points)
    assert len(kept) < 400
    assert (777.0, 100.0) in kept


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 2000), (-3.2, 7.9), (0.0, 1e-6), (5, 5)])
def test_ticks_are_round_and_inside(low, high):
    found = charts.ticks(low, high, 5)
    assert 1 <= len(found) <= 7
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)
