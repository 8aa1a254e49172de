"""What is said of a study before it trains."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from detente.experiments.forecast import SEEDS, duration_of, forecast
from detente.experiments.preset import Preset
from detente.recipe import loading
from detente.results.study import Study
from detente.training.pace import Pace


def study(folder: Path, arms: list[str], seeds: int, domains: int = 1) -> Study:
    content: dict[str, Any] = {
        "domains": {f"d{i}": {} for i in range(domains)},
        "arms": [{"text": text, "slug": text} for text in arms],
        "seeds": list(range(seeds)),
    }
    return Study(folder, content)


@pytest.mark.parametrize(
    ("arms", "seeds", "domains", "runs", "each"),
    [(["none", "r1"], 6, 1, 12, 2), (["none", "r1", "l2"], 10, 4, 120, 12), (["none"], 1, 1, 1, 1)],
)
def test_the_runs_are_counted_with_what_a_seed_costs(
    tmp_path: Path, arms: list[str], seeds: int, domains: int, runs: int, each: int
) -> None:
    said = forecast(study(tmp_path, arms, seeds, domains))[0]
    assert said.startswith(f"{runs} run{'s' if runs > 1 else ''}: ")
    assert f"each seed more or less is {each} run" in said


def test_the_default_number_of_seeds_is_the_least_whose_signs_can_be_significant() -> None:
    # Of all signs of n differences, two patterns (all + and all −) are as extreme as all of one sign.
    for n in range(1, SEEDS + 1):
        patterns = [sum(signs) for signs in product((1, -1), repeat=n)]
        p = sum(abs(total) == n for total in patterns) / len(patterns)
        assert (p <= 0.05) == (n == SEEDS)
    assert Preset().seeds == SEEDS


@pytest.mark.parametrize(
    ("arms", "seeds", "said"),
    [
        (["none", "r1"], 1, "No verdict: with one seed"),
        (["none", "r1"], 3, "3 seeds cannot give a verdict"),
        (["none", "r1"], 5, "5 seeds cannot give a verdict"),
        (["none", "r1"], 6, "6 seeds can give a verdict: p can fall to .0312, and a verdict needs .05."),
        (["none", "r1"], 10, "10 seeds can give a verdict: p can fall to .002, and a verdict needs .05."),
        (["none", "r1", "l2"], 6, "Holm's correction for 2 comparisons would need 7 pairs"),
        (["r1", "l2"], 10, "10 seeds can give a verdict"),
        (["none"], 10, "Nothing will be tested: there is one arm, so add another"),
        (["r1"], 10, "such as --reg none. For one arm with several regularizers, write --reg a+b."),
    ],
)
def test_what_the_seeds_support_is_said_before(tmp_path: Path, arms: list[str], seeds: int, said: str) -> None:
    assert said in forecast(study(tmp_path, arms, seeds))[1]


def said_of(steps: int, step: float, arms: int = 2, seeds: int = 6, warm_up: float = 0.0, shorten: bool = True) -> str:
    """What is said of a study whose evaluations take a second each: one at the end and one for each reference row."""
    recipe = loading.load(domain="ring", flags={"steps": steps, "evaluate_every": steps}).plain()
    looks = {("ring", f"arm {i}"): i for i in range(arms)}
    paces = {look: (Pace(step, 1.0, 0.0 if i else warm_up), recipe) for look, i in looks.items()}
    return duration_of(dict.fromkeys(looks, seeds), paces, 2, shorten)


def test_the_time_is_that_of_all_runs_and_a_warm_up_counts_once_for_each_seed() -> None:
    rows = Pace(0.0, 1.0).seconds(loading.load(domain="ring", flags={"steps": 100, "evaluate_every": 100}))
    each = 100 * 0.5 + rows + 0.5
    assert said_of(100, 0.5).startswith(f"About {round(12 * each / 2 / 60)} minutes in 2 processes")
    assert said_of(100, 0.5, warm_up=100).startswith(f"About {round((12 * each + 6 * 100) / 2 / 60)} minutes")


@pytest.mark.parametrize(("steps", "step", "warm_up"), [(4000, 0.14, 0.0), (3000, 0.2, 0.0), (1000, 1.0, 60.0)])
def test_beyond_half_an_hour_it_names_how_many_steps_take_that_long(steps: int, step: float, warm_up: float) -> None:
    said = said_of(steps, step, warm_up=warm_up)
    shorter = int(said.rsplit("--steps ", 1)[1].rstrip("."))
    assert shorter < steps
    again = said_of(shorter, step, warm_up=warm_up)
    assert 28 <= int(again.split()[1]) <= 32 and "--steps" not in again.replace(f"--steps {shorter}", "")


def test_it_names_no_steps_where_it_is_shorter_or_no_game_would_be_left_or_they_are_fixed() -> None:
    assert "--steps" not in said_of(1000, 0.1)
    assert "--steps" not in said_of(1000, 10.0)
    assert "--steps" not in said_of(4000, 0.14, shorten=False)
