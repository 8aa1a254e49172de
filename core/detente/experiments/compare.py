"""The comparison: every arm in every domain, on the same seeds.

A study is its folder; calling `compare` again with more domains, arms, seeds or settings extends it. With the same
seed all arms share data order, latents and initial weights, so they are compared in pairs. With `vary` each arm is
trained at several settings, each of which has seeds of its own; then a seed is a block.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from detente.domains.primary import Primary
from detente.errors import DetenteError, PluginError, UsageError, visible_name
from detente.experiments import experiment
from detente.experiments.binding import relocated
from detente.experiments.executors.base import Executor, ShowBoard
from detente.experiments.executors.local import LocalExecutor
from detente.experiments.experiment import Experiment, Look, Proposer
from detente.experiments.forecast import forecast
from detente.experiments.planning import (
    MOST_RUNS,
    existing,
    head,
    note_versions,
    primary_of,
    refuse_changes,
    seed_numbers,
    seedless,
)
from detente.experiments.vary import check_arm, joined, name_of, seeds_at, settings_of, typed
from detente.plugins import Host
from detente.recipe import resolve, slug
from detente.recipe.keys import changed, flat
from detente.recipe.resolved import Resolved
from detente.results.cells import SETTLED
from detente.results.pairing import unpaired
from detente.results.scores import Scaled
from detente.results.study import Study


def compare(
    domains: Iterable[str],
    arms: Iterable[str],
    seeds: int | Iterable[int],
    *,
    out: Path,
    host: Host,
    against: str | None = None,
    jobs: int | None = None,
    sets: Sequence[str] = (),
    domain_sets: Mapping[str, Sequence[str]] | None = None,
    recipe: Path | Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
    show: ShowBoard = lambda board: None,
    command: Sequence[str] | None = None,
    executor: Executor | None = None,
    vary: Sequence[str] = (),
) -> Path:
    """Run or resume a study; returns the path of its report.

    Args:
        domains: where to compare.
        arms: what to compare, each a chain in the language of `--reg`, `none` the empty one, with settings of its own
            behind `with`.
        seeds: how many, from 0, or which; of each setting where there are several.
        out: the study's folder.
        host: the plugins.
        against: the arm that all others are compared with; what the study has said so far by default, else `none`, and
            the first arm where there is no `none`.
        jobs: worker processes at a time; the number of CPUs by default.
        sets: `key=value` settings for every recipe; `domain_sets` those for one domain.
        recipe: a recipe to start from, for a study of its domain.
        flags: dotted key → value of further flags, as in `detente.recipe.load`.
        show: called with a board about once a second.
        command: what the user typed, for the record.
        executor: what trains the cells; worker processes on this machine by default.
        vary: `KEY=A,B,C` each, such as `lr=/4,x1,x4`: every arm is trained at every setting.

    Raises:
        UsageError: something in the call is wrong or refused, or the folder holds another study.
        StudyError: the study is done, and some of its runs failed.
        Interrupted: a signal came; what has been done is kept.
    """
    domains, arms, seeds = list(domains), list(arms), seed_numbers(seeds)
    how = {"against": against, "sets": sets, "domain_sets": domain_sets, "recipe": recipe, "flags": flags, "vary": vary}

    def planned() -> Comparison:
        return _plan(domains, arms, seeds, out, host, **how)

    return experiment.start(planned, host, executor or LocalExecutor(jobs, host.block), show, command)


def plan(
    domains: Iterable[str],
    arms: Iterable[str],
    seeds: int | Iterable[int],
    *,
    out: Path,
    host: Host,
    against: str | None = None,
    sets: Sequence[str] = (),
    domain_sets: Mapping[str, Sequence[str]] | None = None,
    recipe: Path | Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
    vary: Sequence[str] = (),
) -> tuple[Study, list[str]]:
    """What `compare` would run, with notes for the user; everything is checked and nothing is written.

    Raises:
        UsageError, PluginError: as in `compare`; a line for each thing that is wrong.
    """
    planned = _plan(domains, arms, seeds, out, host, against, sets, domain_sets, recipe, flags, vary)
    experiment.dry_run(planned, host)
    return planned.study, planned.notes


def resume(
    folder: Path,
    *,
    host: Host,
    jobs: int | None = None,
    show: ShowBoard = lambda board: None,
    executor: Executor | None = None,
) -> Path:
    """Resume the study in a folder; returns the path of its report.

    Raises:
        UsageError: there is no study.
        StudyError, Interrupted: as in `compare`.
    """

    def opened() -> Comparison:
        study = Study.open(folder)
        return Comparison(study, study, note_versions(study, host))

    return experiment.resume(opened, host, executor or LocalExecutor(jobs, host.block), show)


class Comparison(Proposer):
    """Every cell of a study, all at once.

    Args:
        study: the study; `before` as it was in its folder.
        notes: what a person should know before it begins.
        resolved: the recipe of each arm in each domain at each setting, where this call says what they are.
    """

    def __init__(
        self,
        study: Study,
        before: Study | None,
        notes: Sequence[str],
        resolved: Mapping[tuple[str, str, str], Resolved] | None = None,
    ) -> None:
        super().__init__(study, before, notes)
        self.study, self.resolved = study, resolved or {}

    def looks(self) -> Iterator[Look]:
        """Every arm in every domain at every setting; the first seed stands for all, the first arm for the measure."""
        settings = self.study.settings
        first = {one.seeds[0] for one in settings} or {self.study.seeds[0]}
        alike = {one.seeds[0] for one in settings[1:] if one.values.keys() == {"lr"}}  # they take as long as the first
        for cell, recipe in self.study.runs():
            if cell.seed in first:
                known = self.resolved.get((cell.domain, cell.arm.slug, cell.setting))
                measure = Scaled(Primary(**self.study.primary(cell.domain))) if cell.arm == self.study.arms[0] else None
                where = f"at {cell.setting}" if cell.setting else ""
                timed = cell.seed not in alike
                yield Look(cell.domain, cell.arm.text, recipe, True, known, measure, where, timed)

    def to_train(self) -> Mapping[tuple[str, str], int]:
        return Counter((cell.domain, cell.arm.text) for cell in self.study.cells if cell.status not in SETTLED)

    def propose(self, experiment: Experiment) -> None:
        """Train everything, first one run of each domain: by these it is known how long the others will take."""
        runs = self.study.runs()
        first = {cell.domain: cell for cell, _ in reversed(runs) if cell.status not in SETTLED}
        experiment.train(sorted(runs, key=lambda run: run[0] not in first.values()))

    def write_report(self) -> Path:
        from detente.report import study_report

        return study_report(self.study.folder)


def _plan(
    domains: Iterable[str],
    arms: Iterable[str],
    seeds: int | Iterable[int],
    out: Path,
    host: Host,
    against: str | None = None,
    sets: Sequence[str] = (),
    domain_sets: Mapping[str, Sequence[str]] | None = None,
    recipe: Path | Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
    vary: Sequence[str] = (),
) -> Comparison:
    old = existing(Study, out)
    flags = relocated(old, flags or {}, host)
    names = _union(old.domains if old else [], domains, "domain")
    texts = _union([arm.text for arm in old.arms] if old else [], [text.strip() for text in arms], "arm")
    said = _against(against, texts) or (old.content.get("against") if old else None)
    had = old.content.get("settings", []) if old else []
    settings = joined(had, settings_of(vary), old is not None, str(out / Study.file))
    known = (had[0]["seeds"] if had else old.seeds) if old else []
    numbers = sorted(_union(known, seed_numbers(seeds), "seed"))
    runs = len(names) * len(texts) * len(numbers) * max(1, len(settings))
    if runs > MOST_RUNS:
        at = f", {len(settings)} setting(s)" if settings else ""
        raise UsageError(
            f"{len(names)} domain(s), {len(texts)} arm(s){at} and {len(numbers)} seed(s) are {runs:,} runs, more than "
            f"the maximum of a study ({MOST_RUNS:,}); use fewer of them."
        )
    slugs = {text: slug(text) for text in texts}
    problems: list[DetenteError] = []
    recipes: dict[str, dict[str, Any]] = {name: {} for name in names}
    resolved: dict[tuple[str, str, str], Resolved] = {}
    varied: dict[str, dict[str, dict[str, Any]]] = {name_of(values): {n: {} for n in names} for values in settings}
    for text in texts:
        check_arm(text)
    for name, text in product(names, texts):
        own = [*sets, *(domain_sets or {}).get(name, ())]
        try:
            base = resolve(recipe, name, own, [text], flags, host)
            plain = recipes[name][slugs[text]] = seedless(base)
            if not settings:
                resolved[name, slugs[text], ""] = base
            for values in settings:
                found = resolve(recipe, name, own, [text], flags, host, typed(values))
                resolved[name, slugs[text], name_of(values)] = found
                varied[name_of(values)][name][slugs[text]] = changed(plain, seedless(found))
        except DetenteError as error:
            problems.append(error)
    if problems:
        lines = dict.fromkeys(line for problem in problems for line in str(problem).splitlines())
        kind = PluginError if any(isinstance(problem, PluginError) for problem in problems) else UsageError
        raise kind("\n".join(lines))
    _check_twins(recipes, slugs)
    entries = [
        {"name": name_of(values), "values": values, "seeds": seeds_at(i, numbers), "changes": varied[name_of(values)]}
        for i, values in enumerate(settings)
    ]
    blocks = [seed for entry in entries for seed in entry["seeds"]]
    content = {
        **head(old, Study),
        "seeds": blocks or numbers,
        "arms": [{"text": text, "slug": slugs[text]} for text in texts],
        **({"against": said} if said else {}),
        **({"settings": entries} if entries else {}),
        "domains": {name: {"primary": primary_of(_any(resolved, name, slugs[texts[0]]))} for name in names},
        "recipes": recipes,
    }
    study = Study(out, content)
    if old:
        _check_same(old, study)
    notes = [*forecast(study), *unpaired(study), *note_versions(study, host)]
    return Comparison(study, old, notes, resolved)


def _any(resolved: Mapping[tuple[str, str, str], Resolved], domain: str, arm: str) -> Resolved:
    return next(found for (d, a, _), found in resolved.items() if (d, a) == (domain, arm))


def _union(old: Iterable[Any], new: Iterable[Any], what: str) -> list[Any]:
    found = list(dict.fromkeys([*old, *new]))
    if not found:
        raise UsageError(f"A study needs at least one {what}.")
    return found


def _against(said: str | None, texts: Sequence[str]) -> str | None:
    if said is None or (text := said.strip()) in texts:
        return said and said.strip()
    raise UsageError(f"--against {visible_name(text)}: is not an arm of the study; its arms are {', '.join(texts)}.")


def _check_twins(recipes: Mapping[str, Mapping[str, Any]], slugs: Mapping[str, str]) -> None:
    """Two arms of one recipe would be counted as two."""
    texts = list(slugs)
    for i, text in enumerate(texts):
        for other in texts[:i]:
            if all(arms[slugs[text]] == arms[slugs[other]] for arms in recipes.values()):
                raise UsageError(f"--reg: {other!r} and {text!r} give the same recipe; remove one of them.")


def _check_same(old: Study, now: Study) -> None:
    """A cell's recipe is fixed once it is in the study."""
    changes: dict[str, None] = {}
    for cell, recipe in old.runs():
        before, after = flat(recipe), flat(now.recipe(cell))
        for key in [key for key in {**before, **after} if before.get(key) != after.get(key)]:
            was, becomes = (repr(d[key]) if key in d else "absent" for d in (before, after))
            where = " at ".join(part for part in (cell.arm.text, cell.setting) if part)
            said = f"{old.path}: {cell.domain}: {where}: {key} is {was} in the study but {becomes} in this command."
            changes[said] = None
    refuse_changes(list(changes), "study")
