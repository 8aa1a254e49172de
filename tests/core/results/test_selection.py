"""What the search of `choose` asks for, and what its one test says, by hand and by counting."""

import math
from itertools import pairwise, product

import numpy as np
import pytest

from detente.results.selection import Selection, Test, capacity, fewest, fresh_blocks


def carried_out(selection: Selection, means: np.ndarray, noise: float = 0.0, seed: int = 0) -> Selection:
    """A selection whose arms have these means, the reference first."""
    rng = np.random.default_rng(seed)
    while (ask := selection.ask) is not None:
        columns = [0, *(1 + arm for arm in ask.arms)]
        selection.tell(means[columns] + rng.normal(0, noise, (len(ask.blocks), len(columns))))
    return selection


@pytest.mark.parametrize(
    ("cells", "turn", "expected"), [(18, 1, 8), (60, 1, 8), (120, 1, 12), (500, 1, 16), (120, 5, 15), (60, 3, 9)]
)
def test_a_tenth_of_the_runs_are_fresh_blocks_within_bounds_and_whole_turns(cells: int, turn: int, expected: int):
    assert fresh_blocks(cells, turn) == expected


@pytest.mark.parametrize("turn", [1, 2, 3, 5, 20])
def test_the_smallest_budget_is_the_smallest_that_can_choose(turn: int):
    least = fewest(turn)
    assert capacity(least, turn) == 1
    assert capacity(least - 1, turn) < 1
    found = carried_out(Selection(least, 1, turn), np.array([0.5, 0.7]))
    assert found.test is not None and found.test.verdict == "improves"


@pytest.mark.parametrize(("cells", "turn"), [(18, 1), (37, 1), (60, 1), (120, 1), (121, 3), (240, 4), (1000, 5)])
def test_every_run_of_the_budget_is_spent_once_on_common_blocks_in_whole_turns(cells: int, turn: int):
    most = capacity(cells, turn)
    for candidates in {1, min(2, most), math.ceil(most / 2), most}:
        found = carried_out(Selection(cells, candidates, turn), np.linspace(0.5, 0.4, candidates + 1), 0.05)
        search, last = found.asks[:-1], found.asks[-1]
        spent = sum(ask.cells for ask in found.asks)
        assert cells - spent == found.left
        assert 0 <= found.left < 2 * turn
        assert last.fresh and len(last.arms) == 1 and len(last.blocks) >= fresh_blocks(cells, turn)
        assert [b for ask in search for b in ask.blocks] == list(range(sum(len(ask.blocks) for ask in search)))
        assert all(len(ask.blocks) % turn == 0 for ask in found.asks)
        sizes = [len(ask.arms) for ask in search]
        assert all(b <= math.ceil(a / 2) for a, b in pairwise(sizes))


@pytest.mark.parametrize("best", [0, 3, 11, 22])
def test_without_noise_the_best_candidate_is_chosen_wherever_it_stands(best: int):
    means = np.full(25, 0.5)
    means[1 + best] = 0.6
    found = carried_out(Selection(120, 24), means)
    assert found.chosen == best
    assert found.test is not None and found.test.p == 2.0**-found.fresh
    assert found.test.mean == pytest.approx(0.1)


@pytest.mark.parametrize(
    "differences",
    [[0.1, 0.2, -0.05, 0.3], [-0.1, -0.2, 0.05, 0.1, 0.02], [0.3, 0.3, 0.3, 0.0, -0.1, 0.2], [0.0, 0.0, 0.2]],
)
def test_p_is_the_share_of_all_flips_whose_sum_is_as_high(differences: list[float]):
    signs = list(product((1, -1), repeat=len(differences)))
    sums = [sum(sign * d for sign, d in zip(row, differences, strict=True)) for row in signs]
    share = sum(flipped >= sum(differences) - 1e-12 for flipped in sums) / len(sums)
    test = Test.of(differences)
    assert test.p == (pytest.approx(share) if sum(differences) > 0 else 1.0)
    assert (test.verdict == "none") == (sum(differences) <= 0)


def test_eight_blocks_can_show_an_improvement_and_a_tie_is_none():
    assert Test.of([0.01] * 8).verdict == "improves"
    assert Test.of([0.01] * 3).verdict == "best guess"
    assert Test.of([0.0] * 8).verdict == "none"
    assert Test.of([]).p is None and Test.of([math.nan]).mean is None


def test_a_candidate_of_which_a_run_failed_is_out_and_a_diverged_one_has_0():
    found = Selection(60, 3)
    ask = found.ask
    assert ask is not None
    table = np.full((len(ask.blocks), 4), 0.5)
    table[:, 1], table[0, 1], table[:, 2], table[:, 3] = 0.9, math.nan, 0.0, 0.6
    found.tell(table)
    assert found.failed == [0]
    assert found.alive == [2, 1]
    assert found.mean(1) == -0.5


def test_a_block_on_which_the_reference_failed_says_nothing_of_the_others():
    found = Selection(60, 2)
    ask = found.ask
    assert ask is not None and len(ask.blocks) > 2
    table = np.full((len(ask.blocks), 3), 0.5)
    table[:, 2] = 0.6
    table[1] = [math.nan, 0.9, math.nan]
    found.tell(table)
    assert found.failed == []
    assert found.alive == [1]
    assert found.mean(1) == pytest.approx(0.1)
    assert len(found.search(1)) == len(ask.blocks) - 1


def test_nothing_is_chosen_where_the_reference_always_fails_or_every_candidate_does():
    for column in (0, slice(1, None)):
        found = Selection(40, 3)
        ask = found.ask
        assert ask is not None
        table = np.full((len(ask.blocks), 4), 0.5)
        table[:, column] = math.nan
        found.tell(table)
        assert found.ask is None and found.chosen is None and found.test is None


def test_what_failures_leave_of_the_budget_buys_fresh_blocks_before_one_is_looked_at():
    found = Selection(120, 8)
    whole = carried_out(Selection(120, 8), np.linspace(0.5, 0.6, 9)).fresh
    ask = found.ask
    assert ask is not None
    table = np.full((len(ask.blocks), 9), 0.5)
    table[0, 2:] = math.nan
    found.tell(table)
    assert found.alive == [0] and found.ask is not None and found.ask.fresh
    assert len(found.ask.blocks) == found.fresh > whole
    assert found.left + 2 * fresh_blocks(120) - found.ask.cells in (0, 1)


def test_ties_are_those_whose_mean_in_the_search_is_not_below_the_interval():
    means = np.array([0.5, 0.6, 0.599, 0.2])
    found = carried_out(Selection(120, 3), means, 0.02)
    assert found.test is not None and found.test.interval is not None
    assert {found.chosen, *found.ties} == {0, 1}


@pytest.mark.parametrize(("cells", "candidates"), [(17, 1), (60, 22), (60, 0)])
def test_a_budget_that_cannot_tell_so_many_apart_is_our_own_mistake(cells: int, candidates: int):
    with pytest.raises(ValueError, match="are not for"):
        Selection(cells, candidates)
