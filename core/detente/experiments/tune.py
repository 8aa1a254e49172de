"""The search for good settings in a domain, and the test of its winner.

The winner's score in the search is too optimistic, because it is partly luck. So the winner is trained again on seeds
that no trial used, together with the chain's default and `none`.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from detente.errors import UsageError
from detente.experiments import experiment
from detente.experiments.binding import relocated
from detente.experiments.executors.base import Executor, ShowBoard
from detente.experiments.executors.local import LocalExecutor
from detente.experiments.experiment import Experiment, Look, Proposer
from detente.experiments.planning import existing, head, masked, note_versions, primary_of, refuse_changes
from detente.experiments.search.loop import Evaluate, Search
from detente.experiments.search.reading import kept, ranges
from detente.experiments.search.request import Wish, check_size, measure_of, seeds_of
from detente.experiments.search.rivals import rivals, write_best
from detente.experiments.search.samplers import Sampler, sampler
from detente.experiments.search.storage import check_url, database_storage, journal_storage, unusable
from detente.experiments.vary import name_of, seeds_at, settings_of, typed
from detente.plugins import Host
from detente.recipe import resolve
from detente.recipe.keys import flat, put
from detente.recipe.overlay import ROLES
from detente.recipe.resolved import Resolved
from detente.results.cells import SETTLED
from detente.results.search import Trial, Tuning, best, short

FRESH_FROM = 1000
"""The first fresh seed, unless the search uses seeds as high."""


def tune(
    wish: Wish,
    *,
    out: Path,
    host: Host,
    jobs: int | None = None,
    show: ShowBoard = lambda board: None,
    command: Sequence[str] | None = None,
    executor: Executor | None = None,
) -> Path:
    """Run or resume a search; returns the path of its report.

    Args:
        wish: what is searched, and how.
        out: the search's folder.
        host: the plugins.
        jobs: worker processes at a time; the number of CPUs by default.
        show: called with a board about once a second.
        command: what the user typed, for the record.
        executor: what trains the cells; worker processes on this machine by default.

    Raises:
        UsageError: something in the call is wrong or refused, or the folder holds another search.
        StudyError: the search is done, and some of its runs failed.
        Interrupted: a signal came; what has been done is kept.
    """
    executor = executor or LocalExecutor(jobs, host.block)
    return experiment.start(lambda: _plan(wish, out, host), host, executor, show, command)


def plan(wish: Wish, *, out: Path, host: Host) -> tuple[Tuning, Sampler, list[str]]:
    """The search that a call describes, its sampler, and notes for the user.

    Everything is checked and nothing is written.

    Raises:
        UsageError, PluginError: as in `tune`.
    """
    planned = _plan(wish, out, host)
    experiment.dry_run(planned, host)
    return planned.tuning, planned.sampler, planned.notes


def resume(
    folder: Path,
    *,
    host: Host,
    jobs: int | None = None,
    show: ShowBoard = lambda board: None,
    executor: Executor | None = None,
) -> Path:
    """Resume the search in a folder; returns the path of its report.

    Raises:
        UsageError: there is no search, or what it searches is no longer accepted.
        StudyError, Interrupted: as in `tune`.
    """

    def opened() -> Tune:
        tuning = Tuning.open(folder)
        content = tuning.content
        storage = content.get("storage")
        if "***" in (storage or ""):
            raise UsageError(
                f"{folder}: the password of its storage is not kept; give the command of the search again to resume it."
            )
        searched = kept(tuning, host)
        chosen = sampler(content["sampler"], searched, content["trials"], content["sampler_seed"], host)
        return Tune(tuning, tuning, chosen, storage, note_versions(tuning, host))

    return experiment.resume(opened, host, executor or LocalExecutor(jobs, host.block), show)


class Tune(Proposer):
    """The trials of a search, wave by wave, then the winner, the default and `none` on new seeds.

    Args:
        tuning: the search; `before` as it was in its folder.
        sampler: chooses the settings.
        storage: URL of a database for Optuna, with its password; None for a journal in the folder.
        notes: what a person should know before it begins.
        resolved: the recipe that is searched, where this call says what it is.
    """

    alone = True
    retries = False

    def __init__(
        self,
        tuning: Tuning,
        before: Tuning | None,
        sampler: Sampler,
        storage: str | None,
        notes: Sequence[str],
        resolved: Resolved | None = None,
    ) -> None:
        super().__init__(tuning, before, notes)
        self.tuning, self.sampler, self.storage, self.resolved = tuning, sampler, storage, resolved
        self._told: set[int] = set()

    def looks(self) -> Iterator[Look]:
        """The default setting, `none`, and every end of every range."""
        t, recipes = self.tuning, self.tuning.content["recipes"]
        seed = {"seed": t.seeds[0]}
        default = {**recipes["default"], **seed}
        yield Look(t.domain, f"{t.chain}, default", default, resolved=self.resolved, measure=t.measure)
        yield Look(t.domain, "none", {**recipes["none"], **seed}, kept=False)
        for one in t.settings:
            for name in ("default", "none"):
                recipe = {**resolve(recipes[name], vary=typed(one.values)).recipe.plain(), **seed}
                yield Look(t.domain, name, recipe, kept=False, where=f"at {one.name}")
        for one in self.sampler.ranges:
            for end in one.ends:
                recipe = {**put(recipes["default"], {one.key: end}), **seed}
                yield Look(t.domain, f"{one.label}={end}", recipe, kept=False)

    def to_train(self) -> Mapping[tuple[str, str], int]:
        """At most, of settings as fast as the default."""
        t = self.tuning
        done = sum(cell.status in SETTLED for cell, _ in t.runs())
        all_runs = self.sampler.trials * len(t.seeds) + 3 * len(t.fresh_seeds)
        return {(t.domain, f"{t.chain}, default"): all_runs - done}

    def propose(self, experiment: Experiment) -> None:
        t = self.tuning
        t.read_trials()
        trials, k, fresh = self.sampler.trials, len(t.seeds), len(t.fresh_seeds)
        default, none = (t.content["recipes"][name] for name in ("default", "none"))
        last = 2 if none == default else 3
        experiment.tracker.note(
            f"{trials} trials with {k} seed(s) each, {trials * k} runs at most, then {last} settings with {fresh} "
            f"fresh seeds each; {default['steps']} steps a run."
        )

        def evaluate(pairs: Sequence[tuple[Trial, int]]) -> list[float | None]:
            """One seed of each trial of a wave."""
            later = sum(k - 1 - t.seeds.index(seed) for _, seed in pairs)
            experiment.tracker.to_come = later + (trials - len(t.trials)) * k + last * fresh
            experiment.train([t.trial_run(trial, seed) for trial, seed in pairs])
            return [t.measure(t.trial_cell(trial, seed)) for trial, seed in pairs]

        try:
            search = self._search(experiment, evaluate)
            search.run()
            t.importance = search.importance()
            winner = t.winner
            if winner is not None:
                t.rivals = rivals(t, winner)
                t.write_trials()
                write_best(t, winner)
                experiment.tracker.to_come = 0
                experiment.train([t.rival_run(rival, seed) for seed in t.fresh_seeds for rival in t.rivals])
        finally:
            t.write_trials()

    def _search(self, experiment: Experiment, evaluate: Evaluate) -> Search:
        t = self.tuning
        storage = database_storage(self.storage) if self.storage else journal_storage(t.journal)
        try:
            return Search(
                self.sampler,
                t.seeds,
                evaluate,
                wave=t.content["wave"],
                storage=storage,
                name=t.content["name"],
                show=lambda trials: self._keep(trials, experiment),
            )
        except Exception as error:  # of Optuna's, about what a storage holds
            raise unusable(Path(masked(self.storage)) if self.storage else t.journal, error) from error

    def write_report(self) -> Path:
        from detente.report import tuning_report

        return tuning_report(self.tuning.folder)

    def _keep(self, trials: Sequence[Trial], experiment: Experiment) -> None:
        """Keep the trials on disk, and say what became of those that are done."""
        t = self.tuning
        t.trials = list(trials)
        t.write_trials()
        first = best(trials)
        for trial in trials:
            if trial.status != "running" and trial.number not in self._told:
                self._told.add(trial.number)
                name = f"trial {trial.number}: {t.name(trial.params)}"
                score = f" with {short(trial.mean)}" if trial.scores else ""
                ahead = f"; best so far trial {first.number} with {short(first.mean)}" if first else ""
                experiment.tracker.note(f"{name}: {trial.status}{score}{ahead}")


def _plan(wish: Wish, out: Path, host: Host) -> Tune:
    old = existing(Tuning, out)
    wish = replace(wish, data=relocated(old, wish.flags, host).get("data"))
    seeds = seeds_of(wish)
    resolved = resolve(wish.recipe, wish.domain, wish.set, wish.reg, wish.flags, host)
    default, primary = resolved.recipe.plain(), primary_of(resolved)
    del default["seed"]
    if old and "metric" not in old.content["recipes"]["default"]:  # from before --metric stood in the recipe
        primary = old.content["primary"] if default.pop("metric", None) else primary
    searched = ranges(wish.search, default, host)
    chosen = sampler(wish.sampler, searched, wish.trials, wish.sampler_seed, host)
    check_size(wish, searched, seeds, chosen)
    if wish.storage:
        check_url(wish.storage)
    names = [name for side in ROLES for name in default[side]["regularizers"]]
    first = max(FRESH_FROM, max(seeds) + 1)
    fresh, settings = list(range(first, first + wish.fresh)), settings_of(wish.vary)
    entries = [{"name": name_of(v), "values": v, "seeds": seeds_at(i, fresh)} for i, v in enumerate(settings)]
    content = {
        **head(old, Tuning, name=f"detente-{uuid.uuid4().hex[:12]}"),
        "domain": default["domain"],
        "reg": "+".join(wish.reg) or "+".join(names) or "none",
        "search": [{"label": one.label, "key": one.key, "range": one.text} for one in searched],
        "sampler": wish.sampler,
        "sampler_seed": wish.sampler_seed,
        "trials": wish.trials,
        "wave": wish.wave,
        "seeds": seeds,
        "fresh": [seed for entry in entries for seed in entry["seeds"]] or fresh,
        **({"settings": entries} if entries else {}),
        "metric": measure_of(wish, resolved).plain(),
        "primary": primary,
        "storage": masked(wish.storage) if wish.storage else None,
        "recipes": {
            "default": default,
            "none": {**default, **{side: {**default[side], "regularizers": {}} for side in ROLES}},
        },
    }
    if old:
        _check_same(old, content)
    tuning = Tuning(out, content)
    notes = note_versions(tuning, host)
    if chosen.trials < wish.trials:
        notes.append(f"The grid has {chosen.trials} points; the rest of the {wish.trials} trials is not needed.")
    if len(seeds) == 1:
        notes.append("With one seed per trial the search cannot distinguish a better setting from a lucky run.")
    return Tune(tuning, old, chosen, wish.storage, notes, resolved)


def _check_same(old: Tuning, content: Mapping[str, Any]) -> None:
    """What a search began with stays; there may be more trials where the earlier ones do not depend on how many."""
    free = {"created", "commands", "versions", "identities", "findings", "trials"}
    before, now = (flat({k: v for k, v in c.items() if k not in free}) for c in (old.content, content))
    before["primary.protocol"] = now["primary.protocol"]  # words, which may be put better in another version
    changes = [
        f"{old.path}: {key} is {before.get(key)!r} in the search but {now.get(key)!r} in this command."
        for key in [key for key in {**before, **now} if before.get(key) != now.get(key)]
    ]
    had, wanted = old.content["trials"], content["trials"]
    if wanted != had and (content["sampler"] != "random" or wanted < had):
        changes.append(
            f"{old.path}: trials is {had} in the search and {wanted} in this call; only a random search can "
            "be extended."
        )
    refuse_changes(changes, "search")
