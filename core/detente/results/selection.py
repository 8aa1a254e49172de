"""What `choose` does with its runs: halving over blocks, then one exact test of one arm on blocks that nobody saw.

A block is a setting with a seed, on which arms are compared in pairs. Scores of an early step do not foretell those of
the last one, so arms are dropped after blocks, never after steps. Selection favours whoever was lucky, so its own
scores claim nothing. The one claim rests on fresh blocks, whose number is fixed before one of them is looked at: there
P(claim | the arm is not better) ≤ `ALPHA`, whatever the search did before.

Nothing here trains or reads: `Selection.ask` says what is to be measured next, `Selection.tell` takes the scores. So
the command, its page, a replay and the simulations in the tests run the same code.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from detente.results.statistics import ALPHA, Array, Interval, difference_interval, measured, sign_flip

FRESH = (8, 16)
"""Fresh blocks at least, and at most where nothing is left of the budget; a tenth of the runs in between."""
SHARE = 2
"""So many times the runs of a first look at every candidate must fit into the search, or there are fewer of them."""

Verdict = Literal["improves", "best guess", "none"]


def fresh_blocks(cells: int, turn: int = 1) -> int:
    """How many fresh blocks a budget has for the test: a tenth of its runs within `FRESH`, and whole turns."""
    return turn * math.ceil(min(max(cells // 10, FRESH[0]), FRESH[1]) / turn)


def capacity(cells: int, turn: int = 1) -> int:
    """How many candidates a budget can tell apart; below 1 where it is too small for any."""
    room = cells - 2 * fresh_blocks(cells, turn)
    return max(room // (SHARE * turn) - 1, min(1, room // (2 * turn)))


def fewest(turn: int = 1) -> int:
    """The smallest budget that can choose at all: one candidate and `none` on a turn of blocks, and the test."""
    return 2 * turn * math.ceil(FRESH[0] / turn) + 2 * turn


@dataclass(frozen=True)
class Ask:
    """What is to be measured next: the reference and these candidates, each on each of the blocks.

    Attributes:
        arms: candidates, counted from 0.
        blocks: counted from 0; those of the search, or where `fresh` the fresh ones.
    """

    arms: tuple[int, ...]
    blocks: tuple[int, ...]
    fresh: bool = False

    @property
    def cells(self) -> int:
        """How many runs that are."""
        return (1 + len(self.arms)) * len(self.blocks)


@dataclass(frozen=True)
class Test:
    """The one test: the chosen arm less the reference, on fresh blocks.

    Attributes:
        differences: one per block on which both have a score.
        p: exact and one-sided, for it is only asked whether the arm is better: how often flipped signs give a sum as
            high. None without a pair.
    """

    __test__ = False  # pytest

    differences: tuple[float, ...]
    p: float | None

    @classmethod
    def of(cls, differences: ArrayLike) -> "Test":
        """From differences, [n]; NaN where there is no pair."""
        d = measured(differences)
        both = sign_flip(d)
        # Flips are symmetric about 0: half of what is as far from 0 as the sum lies on its own side.
        p = None if both is None else both / 2 if d.sum() > 0 else 1.0
        return cls(tuple(map(float, d)), p)

    @property
    def mean(self) -> float | None:
        return math.fsum(self.differences) / len(self.differences) if self.differences else None

    @cached_property
    def interval(self) -> Interval | None:
        """Of the mean; None where nothing tells by how much it varies."""
        return difference_interval(self.differences)

    @property
    def verdict(self) -> Verdict:
        """`improves` where that is shown, `best guess` where the arm is ahead, else `none`."""
        if self.p is not None and self.p <= ALPHA:
            return "improves"
        return "best guess" if (self.mean or 0.0) > 0 else "none"


class Selection:
    """One search, from the first block to the verdict.

    Args:
        cells: runs that the budget buys.
        candidates: how many there are beside the reference; `capacity` at most.
        turn: so many blocks go together, because each of them has another setting.

    Attributes:
        asks: what has been measured so far, in order.
        alive: candidates that are still in the search, the best first.
        failed: those that are out because a run of theirs failed or was not measured.
        left: runs that are not spent.
        test: of the chosen arm; None before its runs are there.
    """

    def __init__(self, cells: int, candidates: int, turn: int = 1) -> None:
        if not 1 <= candidates <= capacity(cells, turn):
            raise ValueError(f"{cells} runs in turns of {turn} are not for {candidates} candidates")
        self._turn, self._fresh = turn, fresh_blocks(cells, turn)
        self.asks: list[Ask] = []
        self.alive = list(range(candidates))
        self.failed: list[int] = []
        self.left = cells - 2 * self._fresh
        self.test: Test | None = None
        self._differences = np.full((candidates, 0), math.nan)  # [candidates, blocks of the search]

    @property
    def ask(self) -> Ask | None:
        """What is to be measured next; None at the end."""
        if self.test is not None or not self.alive:
            return None
        arms = self._next_round()
        if len(arms) > 1:
            rounds = math.ceil(math.log2(len(arms)))
            turns = max(1, self.left // (rounds * self._turn * (len(arms) + 1)))
            begun = self._differences.shape[1]
            return Ask(arms, tuple(range(begun, begun + self._turn * turns)))
        return Ask((self.alive[0],), tuple(range(self.fresh)), fresh=True)

    @property
    def fresh(self) -> int:
        """How many fresh blocks there are, or will be: what the search has not spent buys more of them."""
        if self.test is not None:
            return len(self.asks[-1].blocks)
        return self._fresh + self._turn * (self.left // (2 * self._turn))

    def tell(self, scores: ArrayLike) -> None:
        """Take the scores that were asked for.

        Args:
            scores: [blocks, 1 + arms], from 0 to 1, the reference first; NaN of a run that failed.
        """
        ask = self.ask
        assert ask is not None, "there is nothing left to be told"
        table = np.asarray(scores, float)
        differences = (table[:, 1:] - table[:, :1]).T  # [arms, blocks]
        self.asks.append(ask)
        if ask.fresh:
            self.left -= ask.cells - 2 * self._fresh
            self.test = Test.of(differences[0])
            return
        self.left -= ask.cells
        more = np.full((len(self._differences), len(ask.blocks)), math.nan)
        more[list(ask.arms)] = differences
        self._differences = np.hstack([self._differences, more])
        there = ~np.isnan(table[:, 0])  # a block on which the reference failed says nothing
        broken = {arm for arm, own in zip(ask.arms, differences, strict=True) if np.isnan(own[there]).any()}
        self.failed += sorted(broken)
        sound = [arm for arm in ask.arms if arm not in broken and there.any()]
        self.alive = self._ordered(sound)[: math.ceil(len(ask.arms) / 2)]

    def mean(self, arm: int) -> float | None:
        """Of a candidate's differences in the search; None where it has none."""
        own = self.search(arm)
        return float(own.mean()) if len(own) else None

    def search(self, arm: int) -> Array:
        """A candidate's differences in the search: [blocks on which it ran]."""
        return measured(self._differences[arm])

    @property
    def chosen(self) -> int | None:
        """The arm that is tested; None before the search is over, and where no candidate is left."""
        ask = self.ask
        tested = self.asks[-1] if self.test is not None else ask
        return tested.arms[0] if tested is not None and tested.fresh else None

    @property
    def ties(self) -> list[int]:
        """Candidates that could not be told from the chosen arm: their mean in the search lies within its interval."""
        if self.test is None or self.test.interval is None:
            return []
        low = self.test.interval.low
        others = [arm for arm in range(len(self._differences)) if arm not in (self.chosen, *self.failed)]
        return self._ordered([arm for arm in others if (mean := self.mean(arm)) is not None and mean >= low])

    def _next_round(self) -> tuple[int, ...]:
        """Candidates of the next round: those that are alive, or as many as the rest can pay for."""
        return tuple(self.alive[: max(1, self.left // self._turn - 1)])

    def _ordered(self, arms: Sequence[int]) -> list[int]:
        """The best first; among equals the one that was named first."""
        return sorted(arms, key=lambda arm: (-(self.mean(arm) or 0.0), arm))
