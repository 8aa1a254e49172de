"""A comparison in a few words."""

import pytest

from detente.report.words import decided, difference, mark, more, verdict
from detente.results.outcomes import Outcome
from detente.results.verdicts import Verdicts
from pages import write_study


def compared(folder, own, other, ended=True):
    study = write_study(folder, seeds=range(len(own)))
    scores = {"none": other, "r1": own}
    status = "finished" if ended else "running"
    found = Verdicts(study, [Outcome(c, status, final=scores[c.arm.text][c.seed]) for c in study.cells])
    return found.comparisons[0], found


def test_a_verdict_has_a_mark_and_needs_no_more(tmp_path):
    c, verdicts = compared(tmp_path, [0.7, 0.71, 0.72, 0.7, 0.71, 0.72, 0.7], [0.5] * 7)
    assert (mark(c), verdict(c), more(c, verdicts), decided(c, verdicts)) == ("▲", "▲ better", "", "▲ better")
    assert difference(c).startswith("+0.21 (0.20 to 0.2")
    turned, _ = compared(tmp_path / "b", [0.5] * 7, [0.7, 0.71, 0.72, 0.7, 0.71, 0.72, 0.7])
    assert verdict(turned) == "▼ worse"


def test_what_is_open_says_what_it_would_take(tmp_path):
    c, verdicts = compared(tmp_path, [0.6, 0.45, 0.62, 0.5], [0.5] * 4)
    assert decided(c, verdicts).startswith("undecided: about ")
    assert 5 < int(more(c, verdicts).split()[1]) < 60


@pytest.mark.parametrize("n", [1, 2])
def test_too_few_pairs_say_nothing_of_how_many_more(tmp_path, n):
    c, verdicts = compared(tmp_path, [0.6, 0.45][:n], [0.5] * n)
    assert decided(c, verdicts) == "undecided"


def test_an_unfinished_study_decides_nothing(tmp_path):
    c, verdicts = compared(tmp_path, [0.7] * 7, [0.5] * 7, ended=False)
    assert (decided(c, verdicts), more(c, verdicts)) == ("not tested", "")
