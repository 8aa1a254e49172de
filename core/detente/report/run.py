"""The report of a run: its scores beside the reference rows, its course, and what it was made with."""

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from detente.errors import UsageError, visible_name
from detente.files import read_text
from detente.report.charts import Axes, Point, Series, chart, fitted, span
from detente.report.data import data_section
from detente.report.gallery import references, samples
from detente.report.page import render
from detente.results.best import sampling
from detente.results.doctor.rules import examine
from detente.results.facts import DataFacts
from detente.results.outcomes import number
from detente.results.stability import scaled_curve
from detente.training.run_folder import Run

ROWS = {"real": "real data (ceiling)", "baseline": "baseline", "untrained": "untrained (floor)"}


def run_report(run: Run) -> Path:
    """Write report.html into the folder of a run, of what is there by now; what is damaged is named and left out."""
    info, lines, damaged = run.contents()
    try:
        recipe = read_text(run.recipe)
    except UsageError as error:
        recipe, damaged = "", [*damaged, str(error)]
    scored = info.get("references") or {}
    final, best = info.get("final") or {}, info.get("best") or {}
    evaluations = [line for line in lines if line.get("scores") is not None]
    last = evaluations[-1] if evaluations else {}
    scores: dict[str, Any] = last.get("scores") or final.get("scores") or {}
    names = list(dict.fromkeys([*scores, *(name for row in scored.values() for name in row)]))
    rows = [("this run", scores)] + [(text, scored[row]) for row, text in ROWS.items() if row in scored]
    shown = samples(run.samples)
    return render(
        "run.html",
        run.folder / "report.html",
        name=_name(run),
        info=dict.fromkeys(("status", "step", "seconds", "samples", "error", "argv", "started", "platform")) | info,
        sampling=sampling(run.folder) if info.get("status") == "finished" else "",
        scaled=number(final.get("scaled")),
        best=best,
        step=last.get("step"),
        names=names,
        rows=[(text, {name: number(row.get(name)) for name in names}) for text, row in rows],
        course=_course(evaluations),
        terms=_terms(lines),
        latest=shown[-1] if shown else None,
        earlier=_some(shown[:-1], 11),
        references=references(run.samples),
        findings=info.get("findings") or [],
        diagnoses=examine(run) if lines else [],
        data=data_section({"": DataFacts.of(info)}),
        recipe=recipe,
        damaged=damaged,
        record=json.dumps({k: info[k] for k in ("versions", "plugins", "device", "threads") if k in info}, indent=2),
    )


def _name(run: Run) -> str:
    """The folder's name; of a cell of a study its domain, arm and seed."""
    parts = run.folder.resolve().parts
    return visible_name("/".join(parts[-3:]) if parts[-4:-3] == ("cells",) else parts[-1])


def _course(evaluations: list[dict[str, Any]]) -> Markup | None:
    points = [(float(step), scaled) for step, scaled in scaled_curve(evaluations)]
    if not points:
        return None
    axes = Axes(x=(0, max(p[0] for p in points)), y=fitted([p[1] for p in points]))
    return chart([Series("", 0, points)], axes, "Scaled score over steps")


def _terms(lines: list[dict[str, Any]]) -> list[tuple[str, Markup]]:
    """A chart for every term of the log."""
    curves: dict[str, list[Point]] = {}
    for line in lines:
        for name, value in (line.get("terms") or {}).items():
            if (found := number(value)) is not None:
                curves.setdefault(name, []).append((float(line["step"]), found))
    out: list[tuple[str, Markup]] = []
    for name, points in sorted(curves.items()):
        axes = Axes(x=(0, max(p[0] for p in points)), y=span([p[1] for p in points]), height=180, left=48)
        out.append((name, chart([Series("", 0, points)], axes, f"{name} over steps")))
    return out


def _some(items: list[Any], most: int) -> list[Any]:
    """At most so many, evenly spread, the first among them."""
    if len(items) <= most:
        return items
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]
