"""`choose`: which regularizer suits these data, how strong, combined with what, within a budget.

Candidates are compared with `none` on common blocks, the worse half is dropped again and again, and the arm that is
left is tested on fresh blocks (`detente.results.selection`). Which runs come next follows from the runs that are there,
so one that was killed continues as if it had not been.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from detente.domains.primary import Primary
from detente.errors import StudyError, UsageError
from detente.experiments import experiment
from detente.experiments.binding import relocated
from detente.experiments.budget import cells_of, check_cells, fitted, steps_given
from detente.experiments.candidates import candidates
from detente.experiments.executors.base import Executor, ShowBoard
from detente.experiments.executors.local import LocalExecutor, cpus
from detente.experiments.experiment import Experiment, Look, Proposer
from detente.experiments.look import Looked
from detente.experiments.planning import existing, head, note_versions, primary_of
from detente.experiments.shortlist import Shortlist, check_same, findings_of
from detente.experiments.vary import check_arm, name_of, settings_of
from detente.files import write_atomically
from detente.plugins import Host
from detente.recipe import Recipe, resolve
from detente.recipe.resolved import Resolved
from detente.results.cells import NONE, SETTLED
from detente.results.choice import Choice
from detente.results.outcomes import number
from detente.results.scores import Scaled
from detente.results.selection import Selection, fresh_blocks

_KEPT = ("candidates", "untried", "recipes", "settings", "cells", "timed", "whole_steps")
"""Entries that a selection keeps from its beginning."""


def choose(
    domain: str | None,
    *,
    out: Path,
    host: Host,
    cells: int | None = None,
    budget: float | None = None,
    also: Sequence[str] = (),
    vary: Sequence[str] = (),
    sets: Sequence[str] = (),
    recipe: Path | Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
    asked: Sequence[str] = (),
    jobs: int | None = None,
    show: ShowBoard = lambda board: None,
    command: Sequence[str] | None = None,
    executor: Executor | None = None,
) -> Path:
    """Run or resume a selection; returns the path of its report.

    Args:
        domain: where; may be left to the recipe.
        out: the folder.
        host: the plugins.
        cells: how many runs may be spent.
        budget: or how many seconds: the first run is timed, and from then on it is a number of runs; where it buys too
            few of the recipe's steps, all runs have fewer.
        also: chains that are tried beside the core's own regularizers.
        vary: `KEY=A,B,C` each, as in `compare`: blocks go through these settings in turn.
        sets, recipe, flags: as in `compare`.
        asked: the flags of these, as they were typed, for commands that go on from here.
        jobs, show, command, executor: as in `compare`.

    Raises:
        UsageError: something in the call is wrong or refused, the budget is too small, or the folder holds another one.
        StudyError: it is done, and some of its runs failed.
        Interrupted: a signal came; what has been done is kept.
    """
    how = {"cells": cells, "budget": budget, "also": also, "vary": vary, "sets": sets, "recipe": recipe, "flags": flags}
    executor = executor or LocalExecutor(jobs, host.block)

    def planned() -> Choose:
        return _plan(domain, out, host, asked=asked, at_once=executor.slots, **how)

    return experiment.start(planned, host, executor, show, command)


def plan(domain: str | None, *, out: Path, host: Host, **how: Any) -> tuple[Choice, list[str]]:
    """What `choose` would try, with notes for the user; everything is checked and nothing is written.

    Raises:
        UsageError, PluginError: as in `choose`.
    """
    planned = _plan(domain, out, host, **how)
    experiment.dry_run(planned, host)
    return planned.choice, planned.notes


def resume(
    folder: Path,
    *,
    host: Host,
    jobs: int | None = None,
    show: ShowBoard = lambda board: None,
    executor: Executor | None = None,
) -> Path:
    """Resume the selection in a folder; returns the path of its report.

    Raises:
        UsageError: there is none.
        StudyError, Interrupted: as in `choose`.
    """

    def opened() -> Choose:
        choice = Choice.open(folder)
        return Choose(choice, choice, note_versions(choice, host))

    return experiment.resume(opened, host, executor or LocalExecutor(jobs, host.block), show)


class Choose(Proposer):
    """The runs of a selection, one round after the other.

    Args:
        choice: the selection; `before` as it was in its folder.
        notes: what a person should know before it begins.
        resolved: the recipe of `none`, where this call says what it is.
        seen: what looking at the candidates has shown, by text.
    """

    alone = True
    retries = False

    def __init__(
        self,
        choice: Choice,
        before: Choice | None,
        notes: Sequence[str],
        resolved: Resolved | None = None,
        seen: Mapping[str, Looked] | None = None,
    ) -> None:
        super().__init__(choice, before, notes)
        self.choice, self.resolved, self.seen = choice, resolved, seen or {}

    def looks(self) -> Iterator[Look]:
        """`none` at every setting; candidates were looked at when they were chosen."""
        c, recipes = self.choice, self.choice.content["recipes"]
        seed = {"seed": c.seed(0, fresh=False)}
        measure = Scaled(Primary(*(c.content["primary"][key] for key in ("score", "direction", "log"))))
        yield Look(c.domain, NONE, {**recipes[NONE], **seed}, resolved=self.resolved, measure=measure)
        for one in c.settings:
            recipe = {**one.recipe(recipes[NONE], c.domain, NONE), **seed}
            yield Look(c.domain, NONE, recipe, kept=False, where=f"at {one.name}")
        for arm in c.candidates:
            if (known := self.seen.get(arm.text)) is not None:
                yield Look(c.domain, arm.text, {**recipes[arm.slug], **seed}, already=known)

    def to_train(self) -> Mapping[tuple[str, str], int]:
        """At most, of runs as fast as those of `none`."""
        c = self.choice
        done = sum(cell.status in SETTLED for cell, _ in c.runs())
        return {(c.domain, NONE): (c.cells or done) - done}

    def propose(self, experiment: Experiment) -> None:
        c = self.choice
        if c.cells is None:
            self._time(experiment)
        assert c.cells is not None, "a time has been turned into runs"
        found = Selection(c.cells, len(c.tried), c.turn)
        said = f"{c.cells} runs for {len(c.tried)} candidates and {NONE}"
        experiment.tracker.note(f"{said}; they take longer where the machine does other work.")
        while (ask := found.ask) is not None:
            experiment.tracker.to_come = 0 if ask.fresh else c.cells - sum(each.cells for each in [*found.asks, ask])
            runs = [run for block in c.asked(ask) for run in block]
            experiment.train([(cell, plain) for cell, plain in runs if cell.status != "failed"])
            scores = c.scores(ask)
            assert scores is not None, "every run has ended"
            found.tell(scores)
            experiment.tracker.note(self._said(found))
        experiment.tracker.to_come = 0
        write_recipe(c)

    def _time(self, experiment: Experiment) -> None:
        """Train the first run, and turn the budget into runs by what it took."""
        c = self.choice
        experiment.tracker.note("One run is timed first; it tells how many the budget buys.")
        cell, plain = c.timed
        if cell.status != "failed":
            experiment.train([(cell, plain)])
        if cell.status == "failed":
            raise StudyError(
                f"{cell}: failed, so nothing can be timed: {cell.info.get('error')}. Give --cells instead of "
                "--budget, or correct what failed and use a new --out."
            )
        seconds = number(cell.info.get("seconds")) or 0.1
        at_once = experiment.slots
        c.content["cells"] = cells_of(c.content["budget"], max(seconds, 0.1), at_once, c.turn)
        c.content["timed"] = {"seconds": max(seconds, 0.1), "at_once": at_once}
        c.write()

    def _said(self, found: Selection) -> str:
        """How far it is, after a round."""
        names = [arm.text for arm in self.choice.tried]
        if found.test is not None:
            return f"tested {names[found.asks[-1].arms[0]]} on {found.fresh} fresh blocks: {found.test.verdict}"
        if not found.alive:
            return "no candidate is left: all of them failed, or none did"
        left = ", ".join(names[arm] for arm in found.alive[:6]) + (", …" if len(found.alive) > 6 else "")
        return f"after round {len(found.asks)}: {len(found.alive)} of {len(names)} candidates are left: {left}"

    def write_report(self) -> Path:
        from detente.report import choice_report

        return choice_report(self.choice.folder)


def write_recipe(choice: Choice) -> None:
    """The recommended arm as a recipe for `train`, and above it how sure that is."""
    from detente.report.recommendation import sentence

    if (arm := choice.recommended) is None:
        return
    whole = {"steps": choice.whole_steps} if choice.whole_steps else {}
    recipe = Recipe.model_validate({**choice.content["recipes"][arm.slug], **whole, "seed": 0})
    said = "\n".join(f"# {line}" for line in sentence(choice).splitlines())
    write_atomically(choice.recipe, f"{said}\n# report.html beside this file has the evidence.\n{recipe.to_yaml()}")


def _plan(
    domain: str | None,
    out: Path,
    host: Host,
    *,
    cells: int | None = None,
    budget: float | None = None,
    also: Sequence[str] = (),
    vary: Sequence[str] = (),
    sets: Sequence[str] = (),
    recipe: Path | Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
    asked: Sequence[str] = (),
    at_once: int | None = None,
) -> Choose:
    old = existing(Choice, out)
    flags = relocated(old, flags or {}, host)
    settings = settings_of(vary)
    turn = max(1, len(settings))
    if (cells is None) == (budget is None):
        raise UsageError(
            "choose needs a budget: either a time, such as --budget 30m, or a number of runs, --cells 120."
        )
    if cells is not None:
        check_cells(cells, turn)
    base = resolve(recipe, domain, sets, [NONE], flags, host)
    whole, why = old.content.get("whole_steps") if old else None, ""
    if not steps_given(flags, sets, recipe, settings):
        steps = old.content["recipes"][NONE]["steps"] if old and whole else base.recipe.steps
        if old is None and budget is not None:
            steps, why = fitted(base, Primary(**primary_of(base)), host, budget, at_once or cpus())
        if steps != base.recipe.steps:
            whole, flags = base.recipe.steps, {**(flags or {}), "steps": steps}
            base = resolve(recipe, domain, sets, [NONE], flags, host)
    for text in also:
        check_arm(text)
    content = {
        **head(old, Choice),
        "domain": base.recipe.domain,
        "asked": list(asked),
        "also": [text.strip() for text in also],
        "budget": budget,
        "cells": cells,
        "primary": primary_of(base),
        "settings": [{"name": name_of(values), "values": values, "changes": {}} for values in settings],
        "recipes": {},
        **({"whole_steps": whole} if whole else {}),
    }
    shortlist = Shortlist(
        content, lambda text, values: resolve(recipe, base.recipe.domain, sets, [text], flags, host, values)
    )
    shortlist.enter(NONE, NONE)
    if old:
        check_same(old, content)
        content |= {key: old.content[key] for key in _KEPT if key in old.content}
        seen = findings_of(old)
    else:
        seen = shortlist.find(candidates(also, host), host)
    choice = Choice(out, content)
    notes = [*filter(None, [why]), said_before(choice), *note_versions(choice, host)]
    return Choose(choice, old, notes, base, seen)


def said_before(choice: Choice) -> str:
    """What will be done, in a sentence or two, for the user."""
    fresh = f"the arm that is left and {NONE} are compared on fresh blocks"
    if choice.cells is None:
        return f"{len(choice.candidates)} candidates, the first of them as far as the budget carries; then {fresh}."
    least = f"{fresh_blocks(choice.cells, choice.turn)} or more"
    refused, cut = len(choice.refused), sum(map(len, choice.cut.values()))
    parts = [f"{cut} more are not tried, for want of runs"] * bool(cut)
    parts += [f"{refused} cannot be tried here"] * bool(refused)
    more = f" {'; '.join(parts)} (-n names them)." if parts else ""
    return f"{choice.cells} runs: {len(choice.tried)} candidates are halved, then {fresh}, {least}.{more}"
