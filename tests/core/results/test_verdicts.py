"""From outcomes to verdicts, on studies that are made up."""

import json

import pytest

from detente.report.answer import ABOUT, answer
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.verdicts import Verdicts


def made_up(tmp_path, scores: dict[str, dict[str, list[float | str]]], seeds: int) -> tuple[Study, list[Outcome]]:
    """A study of domain → arm → final scores; a score may be the name of a status instead."""
    arms = list(dict.fromkeys(arm for row in scores.values() for arm in row))
    content = {
        "seeds": list(range(seeds)),
        "arms": [{"text": arm, "slug": arm} for arm in arms],
        "domains": {name: {"primary": {"score": "frechet"}} for name in scores},
    }
    study = Study(tmp_path, content)
    outcomes = []
    for cell in study.cells:
        value = scores[cell.domain][cell.arm.text][cell.seed]
        status = value if isinstance(value, str) else "finished"
        final = {"diverged": 0.0, "failed": None}.get(status, value)
        outcomes.append(Outcome(cell, status, final=final))
    return study, outcomes


NONE = [0.40, 0.45, 0.41, 0.39, 0.44, 0.42, 0.40, 0.43]
BETTER = [0.61, 0.64, 0.60, 0.58, 0.66, 0.62, 0.63, 0.60]
SAME = [0.44, 0.41, 0.40, 0.43, 0.42, 0.45, 0.39, 0.41]


def test_a_verdict_needs_a_test_and_an_interval_and_says_which_domain(tmp_path):
    study, outcomes = made_up(
        tmp_path, {"a": {"none": NONE, "r1": BETTER, "l2": SAME}, "b": {"none": NONE, "r1": SAME, "l2": SAME}}, 8
    )
    verdicts = Verdicts(study, outcomes)
    claimed = {(c.domain, c.arm.text): c.claimed for c in verdicts.comparisons}
    assert claimed == {("a", "r1"): 1, ("a", "l2"): 0, ("b", "r1"): 0, ("b", "l2"): 0}
    first, *rest = answer(study, verdicts)
    assert first.startswith("With 8 seeds “r1” improves on “none” in 1 of 2 domains, on a by 0.20 (.95 interval 0.")
    assert first.endswith("; b is undecided.")
    assert rest == ["Undecided in all domains: “l2”.", ABOUT]
    r1 = verdicts.of("a", study.arms[1])
    assert r1.mean == pytest.approx(sum(BETTER) / 8 - sum(NONE) / 8)
    assert r1.p == 2 / 256
    assert r1.improvement == 1.0


def test_worse_is_a_verdict_too(tmp_path):
    study, outcomes = made_up(tmp_path, {"a": {"none": BETTER, "r1": NONE}}, 8)
    verdicts = Verdicts(study, outcomes)
    assert verdicts.comparisons[0].claimed == -1
    assert "“r1” is worse than “none” on a by 0.20" in answer(study, verdicts)[0]


def test_a_diverged_run_is_a_zero_and_a_failed_one_takes_its_pair_along(tmp_path):
    own = [*BETTER[:6], "diverged", "failed"]
    study, outcomes = made_up(tmp_path, {"a": {"none": NONE, "r1": own}}, 8)
    verdicts = Verdicts(study, outcomes)
    (c,) = verdicts.comparisons
    assert c.differences.keys() == set(range(7))
    assert c.differences[6] == -NONE[6]
    count, of, interval = verdicts.diverged("a", study.arms[1])
    assert (count, of) == (1, 7)
    assert interval.low < 1 / 7 < interval.high


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_few_seeds_claim_nothing_however_large_the_difference(tmp_path, seeds):
    study, outcomes = made_up(tmp_path, {"a": {"none": [0.0] * seeds, "r1": [1.0] * seeds}}, seeds)
    verdicts = Verdicts(study, outcomes)
    assert verdicts.comparisons[0].claimed == 0
    assert answer(study, verdicts)[0].startswith(f"No verdict: {seeds} seeds cannot give a verdict")


def test_one_seed_is_a_taste_and_a_study_of_one_arm_has_no_verdict(tmp_path):
    study, outcomes = made_up(tmp_path, {"a": {"none": [0.1], "r1": [0.9]}}, 1)
    assert answer(study, Verdicts(study, outcomes))[0].startswith("No verdict: with one seed")
    study, outcomes = made_up(tmp_path, {"a": {"r1": BETTER}}, 8)
    assert answer(study, Verdicts(study, outcomes)) == ["No verdict: “r1” is the only arm."]


def test_over_domains_an_arm_has_an_interquartile_mean_and_a_gain(tmp_path):
    study, outcomes = made_up(
        tmp_path,
        {"a": {"none": NONE, "r1": BETTER}, "b": {"none": NONE, "r1": BETTER}, "c": {"none": NONE, "r1": SAME}},
        8,
    )
    verdicts = Verdicts(study, outcomes)
    none, r1 = verdicts.overall
    assert none.gain is None and none.iqm == pytest.approx(0.4175, abs=0.005)
    assert r1.interval and r1.gain_interval and r1.gain and r1.improvement and r1.iqm
    assert r1.interval.low < r1.iqm < r1.interval.high
    assert r1.gain_interval.low < r1.gain < r1.gain_interval.high
    assert 0.5 < r1.improvement < 1
    assert r1.rank is None
    assert "3 domains are too few" in verdicts.ranks
    assert Verdicts(*made_up(tmp_path, {"a": {"none": NONE, "r1": BETTER}}, 8)).overall == []


def test_ranks_are_compared_where_there_are_ten_domains(tmp_path):
    study, outcomes = made_up(tmp_path, {f"d{i}": {"none": NONE, "r1": BETTER, "l2": [0.1] * 8} for i in range(10)}, 8)
    verdicts = Verdicts(study, outcomes)
    assert [o.rank for o in verdicts.overall] == [2, 1, 3]
    assert "p = 0.000" in verdicts.ranks


def test_all_of_it_is_kept_as_data(tmp_path):
    study, outcomes = made_up(tmp_path, {"a": {"none": NONE, "r1": BETTER}}, 8)
    found = json.loads(Verdicts(study, outcomes).write().read_text())
    (c,) = found["comparisons"]
    assert (c["domain"], c["arm"], c["claimed"], c["p"]) == ("a", "r1", 1, 2 / 256)
    assert len(c["differences"]) == 8
    assert found["diverged"][0]["of"] == 8
