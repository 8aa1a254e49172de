"""The loop of a search: choose settings, try them on one seed after the other, report the results to the sampler.

Trials go in waves. Those of a wave are asked for one after the other, before any of them is tried; then all of them
have their first seed, those that are left their second, and so on; then all are told. What a wave asks for and gives up
depends on earlier waves alone, so neither the number of workers nor who is fastest changes anything.

Nor does a stop. Called again, the loop goes through the same waves: settings that the storage has are taken from there,
those that it has not yet are asked for again, and `evaluate` has most scores at once. A trial enters the storage whole,
with one write, so a killed search leaves it there as running or not at all; which of its runs are done, only `evaluate`
knows.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from detente.experiments.search.pruning import hopeless
from detente.experiments.search.samplers import Sampler
from detente.experiments.search.space import Range
from detente.results.search import Noise, Trial, best

if TYPE_CHECKING:
    from optuna.storages import BaseStorage
    from optuna.trial import FrozenTrial
    from optuna.trial import Trial as Asked

WAVE = 4
"""Trials that are asked for together, by default."""

Evaluate = Callable[[Sequence[tuple[Trial, int]]], Sequence[float | None]]
"""Scores of trials with seeds, in order; higher is better, 0 for a run that diverged, None for one that failed or
could not be measured."""


class Search:
    """A search over ranges.

    Args:
        sampler: chooses the settings, and knows the ranges.
        seeds: of each trial; the same for all of them, so that trials are compared in pairs.
        evaluate: tries settings; called with one seed of each trial of a wave.
        wave: trials that are asked for together. The next are chosen knowing all of these, so fewer are better for
            `tpe`, and more for many workers.
        storage: where Optuna keeps the trials; in memory by default.
        name: of the study in the storage.
        show: called with all trials whenever one changes.

    Raises:
        ValueError: the storage has trials of another search.

    Attributes:
        trials: all trials so far, in order.
        record: the study in the storage.
    """

    def __init__(
        self,
        sampler: Sampler,
        seeds: Sequence[int],
        evaluate: Evaluate,
        *,
        wave: int = WAVE,
        storage: "BaseStorage | None" = None,
        name: str = "search",
        show: Callable[[Sequence[Trial]], None] = lambda trials: None,
    ) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.sampler, self.seeds, self.evaluate, self.wave, self.show = sampler, list(seeds), evaluate, wave, show
        self.trials: list[Trial] = []
        # What samplers look at is a study in memory, for suggesting writes a trial bit by bit.
        self._study = optuna.create_study(direction="maximize", pruner=optuna.pruners.NopPruner())
        self.record = optuna.create_study(
            storage=storage, study_name=name, direction="maximize", load_if_exists=True, sampler=self.sampler.ask(0)
        )
        distributions = {one.key: one.distribution for one in sampler.ranges}
        for number, known in enumerate(self.record.get_trials(deepcopy=False)):
            # The first raises, too, where a value is of another type.
            inside = [d._contains(d.to_internal_repr(known.params.get(key))) for key, d in distributions.items()]
            if known.number != number or known.distributions != distributions or not all(inside):
                raise ValueError(f"trial {number} is not one of this search")

    def run(self) -> list[Trial]:
        """All trials, in order, once each is complete, pruned or failed."""
        for first in range(0, self.sampler.trials, self.wave):
            numbers = range(first, min(first + self.wave, self.sampler.trials))
            known = self.record.get_trials(deepcopy=False)
            asked = [self._ask(number, known) for number in numbers]
            before = list(self.trials)
            self.trials += [trial for trial, _ in asked]
            self.show(self.trials)
            self._race([trial for trial, _ in asked if trial.status == "running"], before)
            for trial, handle in asked:
                self._tell(trial, handle)
            self.show(self.trials)
        return self.trials

    def importance(self) -> dict[str, float]:
        """How much of the scores' variation among the better half of the trials each key explains, adding up to 1.

        PED-ANOVA (Watanabe et al. 2023) as Optuna has it. Empty for a single key, or fewer than ten complete trials.
        """
        import optuna

        complete = [t for t in self._study.trials if t.state.is_finished() and t.value is not None]
        if len(self.sampler.ranges) < 2 or len(complete) < 10 or len({t.value for t in complete}) < 2:
            return {}
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
        found = optuna.importance.get_param_importances(self._study, evaluator=evaluator)
        return {key: float(value) for key, value in found.items()}

    def _ask(self, number: int, known: "Sequence[FrozenTrial]") -> "tuple[Trial, Asked]":
        """The trial of a number: as the storage has it, or a new one, which is then put there."""
        from optuna.trial import TrialState, create_trial

        if number < len(known):
            self._study.enqueue_trial(known[number].params)
        self._study.sampler = self.sampler.ask(number)
        asked = self._study.ask()
        raw = {one.key: _suggest(asked, one) for one in self.sampler.ranges}
        trial = Trial(number, {one.key: one.read(raw[one.key]) for one in self.sampler.ranges})
        if number >= len(known):
            distributions = {one.key: one.distribution for one in self.sampler.ranges}
            self.record.add_trial(create_trial(state=TrialState.RUNNING, params=raw, distributions=distributions))
        elif known[number].state == TrialState.FAIL:
            trial.status = "failed"
        return trial, asked

    def _race(self, trials: list[Trial], before: list[Trial]) -> None:
        incumbent, noise = best(before), Noise.of(before)
        left = trials
        for seed in self.seeds:
            found = self.evaluate([(trial, seed) for trial in left]) if left else []
            for trial, score in zip(left, found, strict=True):
                if score is None:
                    trial.status = "failed"
                else:
                    trial.scores[seed] = score
                    if seed == self.seeds[-1]:
                        trial.status = "complete"
                    elif hopeless(trial, incumbent, noise):
                        trial.status = "pruned"
            left = [trial for trial in left if trial.status == "running"]
            self.show(self.trials)

    def _tell(self, trial: Trial, asked: "Asked") -> None:
        from optuna.trial import TrialState

        if trial.status == "complete":
            value, state = trial.mean, None
        else:
            value, state = None, TrialState.FAIL if trial.status == "failed" else TrialState.PRUNED
        if state == TrialState.PRUNED:
            asked.report(trial.mean, step=len(trial.scores))
        self._study.tell(asked, value, state=state)
        if not self.record.get_trials(deepcopy=False)[trial.number].state.is_finished():
            self.record.tell(trial.number, value, state=state)


def _suggest(handle: "Asked", one: Range) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    match one.distribution:
        case FloatDistribution(low=low, high=high, log=log):
            return handle.suggest_float(one.key, low, high, log=log)
        case IntDistribution(low=low, high=high, log=log):
            return handle.suggest_int(one.key, low, high, log=log)
        case CategoricalDistribution(choices=choices):
            return handle.suggest_categorical(one.key, choices)
        case other:
            raise TypeError(other)
