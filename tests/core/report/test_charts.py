"""Line charts."""

import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from detente.report import charts


def test_charts_are_well_formed_and_every_curve_has_its_letter(hostile, tmp_path):
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    drawn = re.findall(r'<svg class="chart".*?</svg>', text, re.DOTALL)
    assert len(drawn) == 4  # curves and differences of two domains
    for i, svg in enumerate(drawn):
        letters = [t.text for t in ET.fromstring(svg).iter("text") if "key" in (t.get("class") or "")]
        # In the first domain one run of B failed and the other diverged: there is no difference to draw.
        arms = ["A", "B", "C"] if "Differences" not in svg else ["C"] if i == 1 else ["B", "C"]
        assert sorted(filter(None, letters)) == arms
    assert 'class="end"' in drawn[0]  # the run that diverged


def test_letters_do_not_overlap():
    axes = charts.Axes(x=(0, 1), y=(0, 1))
    svg = charts.chart([charts.Series(k, i, [(0, 0), (1, 0.5)]) for i, k in enumerate("ABCDEF")], axes, "t")
    places = sorted(float(t.get("y") or 0) for t in ET.fromstring(svg).iter("text") if "key" in (t.get("class") or ""))
    assert min(b - a for a, b in pairwise(places)) >= 11.9
    assert places[-1] <= axes.height


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
