"""Verdicts against any arm, and of every two arms."""

import json
from itertools import combinations

import pytest
from test_verdicts import BETTER, NONE, SAME, made_up

from detente.report.answer import answer, question
from detente.results import statistics
from detente.results.contrasts import contrasts
from detente.results.verdicts import Verdicts


@pytest.mark.parametrize(
    ("scores", "said", "sentence"),
    [
        ({"l2": NONE, "r1": BETTER}, None, "“r1” improves on “l2” on a by 0.20"),
        ({"l2": NONE, "r1": BETTER}, "r1", "“l2” is worse than “r1” on a by 0.20"),
        ({"none": NONE, "r1": BETTER}, "r1", "“none” is worse than “r1” on a by 0.20"),
        ({"l2": SAME, "d:dropout": NONE}, "d:dropout", "the arm does not differ significantly from “d:dropout”."),
    ],
)
def test_a_verdict_names_the_arm_that_it_is_against(tmp_path, scores, said, sentence):
    study, outcomes = made_up(tmp_path, {"a": scores}, 8)
    study.content |= {"against": said} if said else {}
    found = answer(study, Verdicts(study, outcomes))
    assert sentence in found[0]
    if "none" not in scores:
        assert not any("none" in text for text in [*found, question(study)])


def test_breakdowns_gains_and_limits_are_those_against_the_reference(tmp_path):
    scores = {d: {"none": [0.0] * 4 + NONE[4:], "r1": BETTER, "l2": NONE} for d in ("a", "b")}
    study, outcomes = made_up(tmp_path, scores, 8)
    study.content["against"] = "r1"
    verdicts = Verdicts(study, outcomes)
    none, r1, l2 = verdicts.overall
    assert (r1.gain, r1.improvement) == (None, None)
    assert l2.gain == pytest.approx(
        statistics.interquartile_mean(2 * [a - b for a, b in zip(NONE, BETTER, strict=True)])
    )
    assert (l2.improvement, none.improvement) == (0, 0)
    found = json.loads(verdicts.write().read_text())
    assert found["against"] == "r1"
    assert {c["against"] for c in found["comparisons"]} == {"r1"}
    assert found["comparisons"][0]["broken"] | {"alone": 0, "holm": 0, "adjusted": 0} == {
        "own": 4, "against": 0, "of": 8, "alone": 0, "holm": 0, "adjusted": 0,
    }  # fmt: skip
    few, runs = made_up(tmp_path, {"a": {"l2": NONE[:2], "r1": ["failed"] * 2}}, 2)
    assert Verdicts(few, runs).limits == "There are no pairs of an arm and “l2” to test."


@pytest.mark.parametrize("arms", [2, 3, 5])
def test_every_two_arms_are_compared_in_every_domain_and_tested_together(tmp_path, arms):
    rows = [NONE, BETTER, SAME, [x + 0.01 for x in NONE], [x / 2 for x in BETTER]][:arms]
    names = ["l1", "r1", "l2", "ema", "dropout"][:arms]
    scores = {d: dict(zip(names, rows, strict=True)) for d in ("a", "b")}
    verdicts = Verdicts(*made_up(tmp_path, scores, 8))
    found = verdicts.pairwise
    expected = [(d, b, a) for d in ("a", "b") for a, b in combinations(names, 2)]
    assert [(c.domain, c.arm.text, c.against.text) for c in found] == expected
    own = [[scores[d][b][seed] for d, b, _ in expected] for seed in range(8)]
    other = [[scores[d][a][seed] for d, _, a in expected] for seed in range(8)]
    assert [c.adjusted for c in found] == [c.quality.adjusted for c in contrasts(own, other)]
    assert len(verdicts.plain()["pairwise"]) == arms * (arms - 1)


def test_two_arms_that_are_both_unlike_the_reference_are_told_apart(tmp_path):
    higher = [x + 0.15 + i / 1000 for i, x in enumerate(BETTER)]
    verdicts = Verdicts(*made_up(tmp_path, {"a": {"none": NONE, "r1": BETTER, "l2": higher}}, 8))
    claimed = {(c.arm.text, c.against.text): c.claimed for c in verdicts.pairwise}
    assert claimed == {("r1", "none"): 1, ("l2", "none"): 1, ("l2", "r1"): 1}
    assert [(c.arm.text, c.claimed) for c in verdicts.comparisons] == [("r1", 1), ("l2", 1)]


def test_pairs_are_not_tested_while_runs_are_open(tmp_path):
    verdicts = Verdicts(*made_up(tmp_path, {"a": {"l2": NONE, "r1": [*BETTER[:7], "failed"], "l1": SAME}}, 8))
    assert [c.contrast.pairs for c in verdicts.pairwise] == [7, 8, 7]
    study, outcomes = made_up(tmp_path, {"a": {"l2": NONE, "r1": BETTER}}, 8)
    unfinished = Verdicts(study, [*outcomes[:-1], type(outcomes[-1])(outcomes[-1].cell, "running")])
    assert [(c.p, c.claimed, c.contrast.pairs) for c in unfinished.pairwise] == [(None, 0, 7)]


def test_flips_in_parts_give_the_same_p(monkeypatch):
    table = [[(7 * i + 3 * j) % 11 / 10 - 0.3 for j in range(6)] for i in range(16)]
    whole = statistics.step_down(table)
    monkeypatch.setattr(statistics, "_AT_ONCE", 1000)
    assert statistics.step_down(table).tolist() == whole.tolist()
