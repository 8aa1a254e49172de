"""What two things do together beyond what each does alone."""

import numpy as np
import pytest

from detente.results.interactions import interactions
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.verdicts import Verdicts

R1, EMA = {"r1": {"gamma": 1.0}}, {"ema": {"half_life": 10}}


def recipe(d=None, g=None, **more) -> dict:
    return {
        "steps": 20,
        "batch": 8,
        "generator": {"regularizers": g or {}},
        "discriminator": {"regularizers": d or {}},
    } | more


def study(folder, recipes: dict[str, dict], seeds=8, against=None) -> Study:
    content = {
        "format": 1,
        "seeds": list(range(seeds)),
        "arms": [{"text": text, "slug": f"a{i}"} for i, text in enumerate(recipes)],
        "domains": {"pair": {"primary": {"score": "frechet"}}},
        "recipes": {"pair": {f"a{i}": plain for i, plain in enumerate(recipes.values())}},
    }
    return Study(folder, content | ({"against": against} if against else {}))


def outcomes(found: Study, scores: dict[str, list[float]]) -> list[Outcome]:
    return [Outcome(c, "finished", final=scores[c.arm.text][c.seed]) for c in found.cells]


FOUR = {"none": recipe(), "r1": recipe(R1), "g:ema": recipe(g=EMA), "g:ema+r1": recipe(R1, EMA)}


def test_the_interaction_is_both_less_each_plus_neither_seed_by_seed(tmp_path):
    rng = np.random.default_rng(0)
    scores = {arm: list(0.5 + 0.1 * rng.random(8)) for arm in FOUR}
    found = study(tmp_path, FOUR)
    (one,) = Verdicts(found, outcomes(found, scores)).interactions
    by_hand = [scores["g:ema+r1"][i] - scores["r1"][i] - scores["g:ema"][i] + scores["none"][i] for i in range(8)]
    assert one.differences == pytest.approx(by_hand)
    assert (one.first.text, one.second.text, one.both.text, one.neither.text) == ("r1", "g:ema", "g:ema+r1", "none")
    assert one.interval and one.interval.low < one.mean < one.interval.high  # type: ignore[operator]


def test_what_adds_up_has_an_interaction_of_0_and_what_helps_only_together_one_above(tmp_path):
    found = study(tmp_path, FOUR)
    sums = {"none": 0.3, "r1": 0.4, "g:ema": 0.35, "g:ema+r1": 0.45}
    (one,) = Verdicts(found, outcomes(found, {arm: [s] * 8 for arm, s in sums.items()})).interactions
    assert one.mean == pytest.approx(0, abs=1e-12)
    rng = np.random.default_rng(1)
    noisy = {arm: list(s + 0.01 * rng.normal(size=8)) for arm, s in (sums | {"g:ema+r1": 0.65}).items()}
    (one,) = Verdicts(found, outcomes(found, noisy)).interactions
    assert one.interval and 0.1 < one.interval.low < 0.2 < one.interval.high < 0.3


def test_seeds_on_which_one_of_the_four_broke_down_are_left_out(tmp_path):
    scores = {arm: [0.5] * 8 for arm in FOUR}
    scores["r1"][3] = scores["none"][5] = 0.0
    found = study(tmp_path, FOUR)
    (one,) = Verdicts(found, outcomes(found, scores)).interactions
    assert (len(one.differences), one.pairs) == (6, 8)


@pytest.mark.parametrize(
    ("recipes", "pairs"),
    [
        ({**FOUR, "r1(gamma=2)+g:ema": recipe({"r1": {"gamma": 2.0}}, EMA)}, [("r1", "g:ema")]),  # another r1 is no sum
        ({k: v for k, v in FOUR.items() if k != "g:ema"}, []),
        (
            {
                "none": recipe(),
                "r1": recipe(R1),
                "none with batch=16": recipe(batch=16),
                "r1 with batch=16": recipe(R1, batch=16),
            },
            [("r1", "none with batch=16")],
        ),
        (
            {
                "r1": recipe(R1),
                "r1+g:ema": recipe(R1, EMA),
                "l2+r1": recipe({**R1, "l2": {}}),
                "all": recipe({**R1, "l2": {}}, EMA),
            },
            [("r1+g:ema", "l2+r1")],
        ),  # without none, the reference has neither
    ],
)
def test_the_sum_is_found_by_what_recipes_have(tmp_path, recipes, pairs):
    found = study(tmp_path, recipes, seeds=2)
    scores = {arm: {0: 0.5, 1: 0.6} for arm in found.arms}
    got = interactions(found, "pair", lambda domain, arm: scores[arm])
    assert [(one.first.text, one.second.text) for one in got] == pairs


def test_while_runs_are_open_nothing_is_said(tmp_path):
    found = study(tmp_path, FOUR, seeds=2)
    open_ = [*outcomes(found, {arm: [0.5, 0.6] for arm in FOUR})[:-1], Outcome(found.cells[-1], "running")]
    assert Verdicts(found, open_).interactions == []
