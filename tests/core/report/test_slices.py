"""Scores over one range of a search."""

import pytest

from detente.report.slices import Dot, choice_chart, slice_chart
from pages import EVIL


@pytest.mark.parametrize("ends", [(0.01, 100.0), (1.0, 3.0), (1e-9, 1e9)])
def test_slices_are_well_formed(ends):
    dots = [Dot(x, 0.5, 0.4, 0.6, kind, EVIL) for x, kind in zip(ends, ("best", "pruned"), strict=True)]
    drawn = str(slice_chart(dots, ends, True, EVIL, EVIL))
    assert "<script" not in drawn
    assert 2 <= drawn.count('class="tick x"') <= 9
    assert drawn.count("<title>") == 2
    assert (
        str(choice_chart([Dot(0, 0.1, None, None, "complete", "a")] * 12, ["x", EVIL], "t", "n")).count("<circle") == 12
    )
