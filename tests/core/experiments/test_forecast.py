"""What is said of a study before it trains."""

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from detente.experiments.forecast import SEEDS, forecast
from detente.experiments.preset import Preset
from detente.results.study import Study


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
