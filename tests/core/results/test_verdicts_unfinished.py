"""What may not be said: of runs that are not done, of scores that were not measured, of too few to average."""

import json
import math

import numpy as np
import pytest
from test_verdicts import BETTER, NONE, SAME, made_up

from detente.report.answer import answer, status
from detente.results.outcomes import Outcome
from detente.results.verdicts import Verdicts


@pytest.mark.parametrize(("state", "left"), [("pending", 1), ("running", 3), ("interrupted", 8)])
def test_an_unfinished_study_says_how_far_it_is_and_tests_nothing(tmp_path, state, left):
    study, outcomes = made_up(tmp_path, {"a": {"none": NONE, "r1": [*BETTER[: 8 - left], *[state] * left]}}, 8)
    outcomes = [o if o.status != state else Outcome(o.cell, state) for o in outcomes]
    verdicts = Verdicts(study, outcomes)
    assert answer(study, verdicts) == [
        f"Unfinished: {16 - left} of 16 runs have ended. There is no verdict before all have."
    ]
    (c,) = verdicts.comparisons
    assert (c.claimed, c.p, c.holm, c.adjusted) == (0, None, None, None)
    assert (c.mean is None) == (left == 8)
    found = json.loads(verdicts.write().read_text())
    assert (found["ended"], found["runs"]) == (16 - left, 16)
    assert found["comparisons"][0]["p"] is None


def test_failed_runs_do_not_leave_a_study_unfinished(tmp_path):
    study, outcomes = made_up(tmp_path, {"a": {"none": NONE, "r1": [*BETTER[:7], "failed"]}}, 8)
    verdicts = Verdicts(study, outcomes)
    assert verdicts.complete
    assert verdicts.comparisons[0].claimed == 1


def test_an_arm_without_a_pair_has_no_p_and_is_said_to_be_not_tested(tmp_path):
    study, outcomes = made_up(tmp_path, {"a": {"none": NONE, "r1": BETTER, "l2": ["failed"] * 8}}, 8)
    verdicts = Verdicts(study, outcomes)
    r1, l2 = verdicts.comparisons
    assert (l2.p, l2.holm, l2.adjusted, l2.mean, l2.improvement) == (None,) * 5
    assert r1.holm == r1.p == 2 / 256  # one comparison, not two
    said = answer(study, verdicts)
    assert "Not tested, for want of scores: “l2” on a." in said
    assert not any("Undecided" in sentence for sentence in said)


@pytest.mark.parametrize("missing", [None, math.nan])
def test_a_score_that_was_not_measured_is_no_zero_and_no_pair(tmp_path, missing):
    study, outcomes = made_up(tmp_path, {"a": {"none": NONE, "r1": BETTER}}, 8)
    outcomes[9] = Outcome(outcomes[9].cell, "finished", final=missing)
    verdicts = Verdicts(study, outcomes)
    (c,) = verdicts.comparisons
    assert c.differences.keys() == {0, 2, 3, 4, 5, 6, 7}
    assert c.contrast.broken == (0, 0)
    assert c.mean == pytest.approx(np.delete(np.subtract(BETTER, NONE), 1).mean())
    assert verdicts.finals("a", study.arms[1]).keys() == {0, 2, 3, 4, 5, 6, 7}
    if missing is None:
        assert "1 of them without a score that could be measured" in status(outcomes)


@pytest.mark.parametrize(
    ("none", "r1"),
    [
        ([0.5, 0.5, 0.5, 0.5], [0.47, 0.49, 0.48, 0.592]),  # one domain makes up for three
        ([0.2, 0.6, 0.4, 0.3], [0.6, 0.59, 0.38, 0.28]),
        ([0.3, 0.7, 0.8, 0.1], [0.31, 0.71, 0.81, 0.0]),
    ],
)
def test_with_four_domains_and_one_seed_the_gain_is_the_mean_gain(tmp_path, none, r1):
    scores = {f"d{i}": {"none": [a], "r1": [b]} for i, (a, b) in enumerate(zip(none, r1, strict=True))}
    verdicts = Verdicts(*made_up(tmp_path, scores, 1))
    own = verdicts.overall[1]
    assert own.gain == pytest.approx(np.subtract(r1, none).mean())
    assert own.iqm == pytest.approx(np.mean(r1))
    assert (own.interval, own.gain_interval, own.improvement_interval) == (None, None, None)
    assert not verdicts.trimmed
    assert verdicts.plain()["mean"] == "plain"


def test_all_arms_have_the_same_kind_of_mean(tmp_path):
    """One arm has a run less than eight: a trimmed mean beside a plain one would not be comparable."""
    scores = {"a": {"none": NONE[:4], "r1": BETTER[:4]}, "b": {"none": NONE[:4], "r1": [*SAME[:3], "failed"]}}
    verdicts = Verdicts(*made_up(tmp_path, scores, 4))
    assert not verdicts.trimmed
    assert verdicts.overall[0].iqm == pytest.approx(np.mean([*NONE[:4], *NONE[:4]]))
    whole = {"a": {"none": NONE[:4], "r1": BETTER[:4]}, "b": {"none": NONE[:4], "r1": SAME[:4]}}
    assert Verdicts(*made_up(tmp_path, whole, 4)).trimmed


def test_breakdowns_and_quality_are_said_apart(tmp_path):
    own = [*(score - 0.1 for score in NONE), *(score - 0.1 for score in NONE)]
    none = [*NONE, *["diverged"] * 8]
    study, outcomes = made_up(tmp_path, {"a": {"none": none, "r1": own}}, 16)
    verdicts = Verdicts(study, outcomes)
    first = answer(study, verdicts)[0]
    assert (
        "scores lower by 0.10 where neither breaks down (the same with every seed, no interval, 8 of 16 pairs)" in first
    )
    assert "but breaks down less often (in 0 of 16 runs, “none” in 8)" in first
    assert verdicts.comparisons[0].claimed == 0
    assert verdicts.plain()["comparisons"][0]["broken"]["against"] == 8
    assert verdicts.broken("a", study.arms[0])[:2] == (8, 16)


def test_what_only_all_seeds_together_show_is_said_with_its_parts(tmp_path):
    study, outcomes = made_up(tmp_path, {"a": {"none": [*NONE[:5], *[0.0] * 5], "r1": [*BETTER, 0.6, 0.62]}}, 10)
    first = answer(study, Verdicts(study, outcomes))[0]
    assert first.startswith(
        "With 10 seeds “r1” improves on “none” on a (broke down in 0 of 10 runs, “none” in 5; "
        "above with 10 of 10; +0.20 elsewhere, "
    )
