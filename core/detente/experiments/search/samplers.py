"""Which settings to try: on a grid, at random, or where a model of earlier trials expects the best.

A suggestion is a function of the sampler's seed, the trial's number and the trials before it, so a resumed search
suggests the same settings as an uninterrupted one.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from detente.engine.streams import Stream
from detente.errors import DetenteError, UsageError
from detente.experiments.search.space import Choices, Range
from detente.plugins import Host

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class Sampler(ABC):
    """Chooses the settings to try.

    Args:
        ranges: what is searched.
        trials: how many trials are wanted.
        seed: of all its draws.
    """

    def __init__(self, ranges: Sequence[Range], trials: int, seed: int = 0) -> None:
        self.ranges, self.wanted, self.seed = ranges, trials, seed

    @abstractmethod
    def ask(self, number: int) -> "BaseSampler":
        """What suggests the settings of a trial."""

    @property
    def trials(self) -> int:
        """How many trials there are."""
        return self.wanted

    def drawn(self, number: int) -> int:
        """A seed for one trial, as Optuna takes it."""
        return int(Stream(self.seed).at("trials", number).key) % 2**32


class RandomSearch(Sampler):
    """Independent draws, even over each range (Bergstra & Bengio 2012)."""

    def ask(self, number: int) -> "BaseSampler":
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=self.drawn(number))


class GridSearch(Sampler):
    """Every combination of evenly spaced values with both ends of each range, in an order that the seed shuffles.

    As many values as the trials allow, one more for the ranges that are named first; all values of a choice.
    """

    @cached_property
    def points(self) -> list[dict[str, Any]]:
        """Key → value, as Optuna has it, for each trial."""
        axes = self._axes()
        found = [dict(zip([r.key for r in self.ranges], values, strict=True)) for values in product(*axes)]
        order = np.random.default_rng(self.seed).permutation(len(found))
        return [found[i] for i in order]

    @property
    def trials(self) -> int:
        return len(self.points)

    def ask(self, number: int) -> "BaseSampler":
        return _given(self.points[number])

    def _axes(self) -> list[list[Any]]:
        fixed = [r for r in self.ranges if isinstance(r, Choices)]
        least = prod(int(r.size) for r in fixed)
        if least > self.wanted:
            raise UsageError(
                f"--trials {self.wanted}: a grid over these choices has at least {least} points; use that many trials, "
                "or another --sampler."
            )
        counts = {r.key: int(r.size) if r in fixed else 1 for r in self.ranges}
        grown = True
        while grown:
            grown = False
            for r in self.ranges:
                more = {**counts, r.key: counts[r.key] + 1}
                if r not in fixed and more[r.key] <= r.size and prod(more.values()) <= self.wanted:
                    counts, grown = more, True
        return [r.spread(counts[r.key]) for r in self.ranges]


class TreeParzen(Sampler):
    """Optuna's tree-structured Parzen estimator (Bergstra et al. 2011), joint over what is searched, then closing in.

    The first quarter of the trials, ten at most, is drawn at random. The last third, once four trials are complete, is
    drawn around the best so far: the estimator alone keeps spreading its trials over everything that is about as good,
    which on a range of several orders of magnitude leaves the last digit to chance.
    """

    def ask(self, number: int) -> "BaseSampler":
        from optuna.samplers import TPESampler

        estimator = TPESampler(
            seed=self.drawn(number),
            n_startup_trials=min(10, max(1, self.wanted // 4)),
            multivariate=True,
            constant_liar=True,
        )
        return _around(self.ranges, self.drawn(number), estimator) if 3 * number >= 2 * self.wanted else estimator


def sampler(name: str, ranges: Sequence[Range], trials: int, seed: int, host: Host) -> Sampler:
    """The sampler with this name.

    Raises:
        UsageError: there is none.
        PluginError: it cannot be loaded.
    """
    try:
        found = host.load("sampler", name)
        if not isinstance(found, type) or not issubclass(found, Sampler):
            entry = host.entry("sampler", name)
            raise entry.unusable(f"{entry.target} is not a subclass of Sampler")
        return found(ranges, trials, seed)
    except DetenteError as error:
        raise type(error)(f"--sampler: {error}") from error


def _given(point: Mapping[str, Any]) -> "BaseSampler":
    """Suggests what is given."""
    from optuna.samplers import BaseSampler

    class Given(BaseSampler):
        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return {}

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
            return {}

        def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
            return point[param_name]

    return Given()


def _around(ranges: Sequence[Range], seed: int, before: "BaseSampler") -> "BaseSampler":
    """Suggests a setting near the best one: a normal step in each range, folded back at its ends.

    The step's deviation is half the mean distance of n trials that fill d ranges, n^(−1/d)/2 of each. What is chosen
    from a list stays. While fewer than four trials are complete, `before` suggests.
    """
    from optuna.samplers import BaseSampler
    from optuna.trial import TrialState

    class Around(BaseSampler):
        def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, Any]:
            return {one.key: one.distribution for one in ranges}

        def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
            complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
            if len(complete) < 4:
                return before.sample_relative(study, trial, before.infer_relative_search_space(study, trial))
            best = min(complete, key=lambda t: (-t.value, t.number))
            steps = np.random.default_rng(seed).normal(0.0, len(complete) ** (-1 / len(ranges)) / 2, len(ranges))
            return {one.key: one.near(best.params[one.key], step) for one, step in zip(ranges, steps, strict=True)}

        def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
            return before.sample_independent(study, trial, param_name, param_distribution)

    return Around()
