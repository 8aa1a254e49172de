"""Tidy tables of what studies, searches and runs left on disk: `detente.results.read(folder)`. No torch is needed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.errors import UsageError
from detente.files.named import Named
from detente.files.standing import has_file
from detente.recipe.document import read as read_yaml
from detente.results.cells import Arm, Cell
from detente.results.choice import Choice
from detente.results.manifest import Manifest
from detente.results.outcomes import Outcome
from detente.results.search import Tuning
from detente.results.study import Study
from detente.results.verdicts import Verdicts

Rows = list[dict[str, Any]]
_COLUMNS = {
    "runs": ("domain", "arm", "seed", "status", "step", "scaled", "best", "best_step", "samples", "seconds", "folder"),
    "scores": ("domain", "arm", "seed", "score", "value", "direction"),
    "curves": ("domain", "arm", "seed", "step", "name", "value"),
    "verdicts": ("domain", "arm", "against", "verdict", "claimed", "mean", "low", "high", "pairs", "p"),
}
"""Of each table, as far as they are always there; they come first."""


@dataclass(frozen=True)
class Tables:
    """What a folder holds, a table each: of pandas where it is installed, otherwise a list of dicts.

    Attributes:
        runs: one row per run. `scaled` is the scaled score at the end, 0 for a run that diverged and missing where
            there is none; `best` the highest of the run; `seconds` what it took; `folder` where it is.
        scores: one row per run and score at its end; `arm` is `real`, `baseline` or `untrained` for reference rows,
            whose `reference` is true.
        curves: one row per run, step and number: each score, `scaled`, and each term of the log.
        verdicts: one row per domain and arm, each against the study's reference, with the mean of the paired
            differences, its interval, and the adjusted p; empty for what is no study.
    """

    runs: Any
    scores: Any
    curves: Any
    verdicts: Any

    def __repr__(self) -> str:
        return f"{len(self.runs)} runs, {len(self.curves)} points of curves, {len(self.verdicts)} verdicts"


def read(folder: Path | str, *, pandas: bool | None = None) -> Tables:
    """Read a study, a search, a run, or a folder of runs.

    Args:
        folder: any of those.
        pandas: whether tables are DataFrames; by default where pandas is installed.

    Raises:
        UsageError: the folder holds nothing of the kind.
        ImportError: pandas is asked for and not installed.
    """
    folder = Named(folder)
    manifest = manifest_of(folder)
    if manifest is not None:
        manifest.warn()
        cells = [cell for cell, _ in manifest.runs()]
    else:
        cells = [_alone(run) for run in _runs(folder)]
    outcomes = [Outcome.of(cell) for cell in cells]
    primaries: Mapping[str, Any] = {}
    verdicts: Rows = []
    if isinstance(manifest, Study):
        primaries = {domain: manifest.primary(domain) for domain in manifest.domains}
        verdicts = [_verdict(c) for c in Verdicts(manifest, outcomes).comparisons]
    tables = {
        "runs": [_run(outcome) for outcome in outcomes],
        "scores": [row for outcome in outcomes for row in _scores(outcome, primaries)],
        "curves": [row for cell in cells for row in _curves(cell)],
        "verdicts": verdicts,
    }
    make = _maker(pandas)
    return Tables(**{name: make(rows, _COLUMNS[name]) for name, rows in tables.items()})


def manifest_of(folder: Path) -> Manifest | None:
    """The study or the search in a folder, as far as it is sound; None where there is neither."""
    kinds: tuple[type[Manifest], ...] = (Study, Tuning, Choice)
    for kind in kinds:
        if has_file(folder / kind.file):
            return kind.open(folder, damaged=True)
    return None


def _runs(folder: Path) -> list[Path]:
    if has_file(folder / "recipe.yaml") and has_file(folder / "run.json"):
        return [folder]
    found = sorted(path.parent for path in folder.glob("*/run.json") if (path.parent / "recipe.yaml").is_file())
    if not found:
        raise UsageError(
            f"{folder}: no study, search or run, and no folder of runs (there is no study.yaml, tuning.yaml, "
            "selection.yaml or run.json); name the folder that détente printed."
        )
    return found


def _alone(folder: Path) -> Cell:
    """A run that belongs to no experiment, as a cell: its arm is what its recipe says of regularizers."""
    recipe = read_yaml(folder / "recipe.yaml")
    links = [
        f"{side[0]}:{name}"
        for side in ("generator", "discriminator")
        for name in (recipe.get(side) or {}).get("regularizers") or {}
    ]
    text = "+".join(links) or "none"
    return Cell(str(recipe.get("domain", "")), Arm(text, text), int(recipe.get("seed") or 0), folder)


def _key(cell: Cell) -> dict[str, Any]:
    return {"domain": cell.domain, "arm": cell.arm.text, "seed": cell.seed} | (
        {"setting": cell.setting} if cell.setting else {}
    )


def _run(outcome: Outcome) -> dict[str, Any]:
    stability = outcome.stability
    return {
        **_key(outcome.cell),
        "status": outcome.status,
        "step": outcome.step,
        "scaled": outcome.final,
        "best": outcome.best,
        "best_step": outcome.best_step,
        "samples": outcome.samples,
        "seconds": outcome.seconds,
        "folder": str(outcome.cell.folder),
        "seconds_per_step": outcome.step_seconds,
        "collapse_step": stability.collapsed,
        "gradient_spikes": stability.spikes,
        "saturated": stability.saturated,
        "reason": outcome.reason,
    }


def _scores(outcome: Outcome, primaries: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    cell = outcome.cell
    known = dict(outcome.directions)
    if (primary := primaries.get(cell.domain)) is not None:
        known[primary["score"]] = primary["direction"]
    for arm, scores in ((cell.arm.text, outcome.scores), *outcome.references.items()):
        for name, value in scores.items():
            row = {"domain": cell.domain, "arm": arm, "seed": cell.seed, "score": name, "value": value}
            yield row | {"direction": known.get(name), "reference": scores is not outcome.scores}


def _curves(cell: Cell) -> Iterator[dict[str, Any]]:
    for line in cell.run.lines():
        numbers = {**(line.get("terms") or {}), **(line.get("scores") or {})}
        if line.get("scores") is not None:
            numbers["scaled"] = line.get("scaled")
        for name, value in numbers.items():
            if value is not None:  # what was not measured is no row
                yield {**_key(cell), "step": line["step"], "name": name, "value": value}


def _verdict(c: Any) -> dict[str, Any]:
    low, high = c.interval or (None, None)
    return {
        "domain": c.domain,
        "arm": c.arm.text,
        "against": c.against.text,
        "verdict": c.contrast.word,
        "claimed": c.claimed,
        "mean": c.mean,
        "low": low,
        "high": high,
        "pairs": c.contrast.pairs,
        "p": c.adjusted,
    }


def _maker(wanted: bool | None) -> Any:
    if wanted is not False:
        try:
            import pandas
        except ImportError:
            if wanted:
                raise
        else:
            return lambda rows, first: pandas.DataFrame(rows, columns=_columns(rows, first))
    return lambda rows, first: [{name: row.get(name) for name in _columns(rows, first)} for row in rows]


def _columns(rows: Sequence[Mapping[str, Any]], first: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*first, *(name for row in rows for name in row)]))
