"""Where the file at the head of an experiment says otherwise than the runs beside it, because somebody edited it.

What can be computed from the runs is not kept in such a file, but names, recipes and the list of runs are, and each of
them could be changed into something that is as valid and was never trained.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar

from detente.errors import UsageError
from detente.recipe.document import read
from detente.recipe.keys import flat
from detente.recipe.slugs import slug
from detente.results.cells import SETTLED, Cell

Runs = Sequence[tuple[Cell, Mapping[str, Any]]]
_HASHED = re.compile(r".+-[0-9a-f]{8}")
"""The folder of an arm, whose end follows from the arm's text."""


class _Scored(Protocol):
    number: int
    scores: dict[int, float]


T = TypeVar("T", bound=_Scored)


def made_for(folder: str, text: str) -> bool:
    """Whether the folder of an arm, as `slug` or a search names it, can be that of this text."""
    return _HASHED.fullmatch(folder) is None or slug(text) == folder.removeprefix("fresh-")


def renamed(path: Path, key: str, arms: Sequence[Mapping[str, Any]], fix: str) -> list[str]:
    """A sentence for each arm whose text is not the one that its folder was made for.

    Args:
        path: the file.
        key: of the arms in it.
        arms: with `text` and `slug`.
        fix: what to do about it.
    """
    return [
        f"{path}: {key}.{i}.text: is {arm['text']!r}, and the folder {arm['slug']} was made for another arm; {fix}."
        for i, arm in enumerate(arms)
        if not made_for(arm["slug"], arm["text"])
    ]


def rescored(path: Path, trials: Iterable[T], measured: Callable[[T, int], float | None]) -> list[str]:
    """Give trials the scores that their runs have; a sentence for each that was another.

    Args:
        path: the file that had them.
        trials: with their scores by seed.
        measured: the score of a trial's run with a seed; None where there is none.
    """
    said: list[str] = []
    for trial in trials:
        for seed, score in trial.scores.items():
            found = measured(trial, seed)
            if found is not None and not math.isclose(found, score, rel_tol=1e-6, abs_tol=1e-9):
                trial.scores[seed] = found
                said.append(f"{path}: trials.{trial.number}.scores.{seed}: is {score:.4g}, but its run has {found:.4g}")
    return said


def contradictions(path: Path, runs: Runs, primaries: Mapping[str, str], fix: str) -> list[str]:
    """A sentence for each thing that the runs of an experiment contradict.

    Args:
        path: the file.
        runs: those that it names, with their recipes.
        primaries: domain → name of the score that carries it.
        fix: what to do about it.
    """
    said = [*_recipes(runs), *_scores(runs, primaries)]
    return [*(f"{path}: {sentence}; {fix}." for sentence in said), *_unnamed(path, runs)]


def _recipes(runs: Runs) -> Iterator[str]:
    """Of recipes that are not those that were trained: the first run of each arm at each setting tells."""
    seen: set[tuple[str, str, str]] = set()
    for cell, plain in runs:
        kind = (cell.domain, cell.arm.slug, cell.setting)
        if kind in seen or cell.status not in SETTLED:
            continue
        seen.add(kind)
        try:
            there, here = flat(read(cell.run.recipe)), flat(plain)
        except UsageError:  # that is said where the run is used
            continue
        # What stands in one of them alone may be a default that is written down since, but for a regularizer.
        keys = [key for key in {**here, **there} if (key in here and key in there) or ".regularizers" in key]
        key = next((key for key in keys if here.get(key, ...) != there.get(key, ...)), None)
        if key is not None:
            now, was = (repr(of[key]) if key in of else "absent" for of in (here, there))
            yield f"the recipe of {cell}: {key} is {now}, but it was trained with {was}, as {cell.run.recipe} says"


def _scores(runs: Runs, primaries: Mapping[str, str]) -> Iterator[str]:
    """Of a score that is to carry a domain, and that its runs did not measure."""
    for domain, score in primaries.items():
        infos = (cell.info for cell, _ in runs if cell.domain == domain and cell.status in SETTLED)
        measured = next((ways for info in infos if (ways := info.get("directions"))), None)
        if measured and score not in measured:
            yield f"primary.score: no run of {domain} measured {score}"


def _unnamed(path: Path, runs: Runs) -> Iterator[str]:
    """Of runs in the folder that are not among its runs."""
    known = {cell.folder for cell, _ in runs}
    found = [run.parent for run in sorted(path.parent.glob("cells/*/*/*/run.json")) if run.parent not in known]
    if found:
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        yield f"{path}: does not name {found[0]}{more}, so what was trained there is left out."
