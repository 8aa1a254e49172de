"""Which settings are tried."""

from typing import Any

import pytest

from detente.experiments.search import GridSearch, RandomSearch, Search, TreeParzen
from searches import A, B, C, bowl


def test_a_grid_is_even_with_both_ends_and_shuffled_by_the_seed():
    values = [point["a"] for point in GridSearch([A], 5).points]
    assert sorted(values) == pytest.approx([0.01, 0.1, 1, 10, 100])
    assert values != [point["a"] for point in GridSearch([A], 5, seed=1).points]


def test_a_grid_over_several_ranges_fits_into_the_trials():
    grid = GridSearch([A, B, C], 24)
    assert grid.trials == len({tuple(point.values()) for point in grid.points}) == 24  # 4 × 3 × 2
    assert GridSearch([A, B, C], 23).trials == 18  # 3 × 3 × 2


@pytest.mark.parametrize("kind", [GridSearch, RandomSearch, TreeParzen])
def test_every_suggestion_is_in_its_range_and_the_seed_decides(kind):
    def found(seed: int) -> list[dict[str, Any]]:
        search = Search(kind([A, B, C], 24, seed), [0], lambda pairs: [bowl(t.params["a"]) for t, _ in pairs])
        return [trial.params for trial in search.run()]

    first = found(0)
    assert all(0.01 <= p["a"] <= 100 and p["b"] in (1, 2, 3) and p["c"] in ("x", "y") for p in first)
    assert first == found(0)
    assert first != found(1)
