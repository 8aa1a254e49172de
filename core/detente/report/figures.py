"""A study's pictures for papers: SVG and PDF by matplotlib, which can be read in grey."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from detente.compat import require
from detente.errors import UsageError, visible
from detente.files import staged
from detente.files.standing import make_folder, trouble
from detente.report.charts import cut
from detente.report.curves import series
from detente.report.domains import DomainPart
from detente.report.section import Results
from detente.results.study import Study

_KINDS = (".pdf", ".svg")
# From dark to light, so that they stay apart in grey; lines and marks differ too.
_COLOURS = ("#000000", "#0b4f8a", "#b3400a", "#0f7b5f", "#9c3f8f", "#b08a00", "#5a8fd0", "#8a8a8a")
_DASHES = ("-", (0, (6, 2)), (0, (1.5, 1.5)), (0, (8, 2, 1.5, 2)), (0, (4, 1)))
_MARKS = "osD^vPX*"
_ACROSS = 2


def study_figures(folder: Path, out: Path) -> list[Path]:
    """Write `differences` and `curves` of a study, each as PDF and SVG; the files.

    Args:
        folder: of the study.
        out: folder for the pictures, made where there is none.

    Raises:
        MissingExtraError: matplotlib is not installed.
        UsageError: the folder holds no study, or none with anything to draw, or `out` cannot be written.
    """
    require("plots", "matplotlib")
    results = Results.of(Study.in_part(folder))
    drawn = {
        "differences": _figure([d for d in results.domains if d.panel is not None], _differences),
        "curves": _figure([d for d in results.domains if any(d.runs)], _curves),
    }
    if not any(drawn.values()):
        raise UsageError(f"{folder}: there is nothing to draw yet: no run has an evaluation.")
    paths: list[Path] = []
    try:
        make_folder(out, "Choose another folder with --figures")
        for name, figure in drawn.items():
            for kind in _KINDS if figure else ():
                with staged(out / f"{name}{kind}") as new:
                    _save(figure, new)
                paths.append(out / f"{name}{kind}")
    except OSError as error:
        raise UsageError(f"--figures {out}: {trouble(error)}. Choose another folder.") from error
    return paths


def _figure(domains: Sequence[DomainPart], draw: Callable[[Any, DomainPart], None]) -> Any:
    """A panel for each domain; None without any."""
    if not domains:
        return None
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    down = -(-len(domains) // _ACROSS)
    arms = len(domains[0].rows)
    with rc_context(_STYLE):
        figure = Figure(figsize=(6.9, down * max(2.0, 0.9 + 0.19 * arms)), layout="constrained")
        axes = figure.subplots(down, min(_ACROSS, len(domains)), squeeze=False)
        for ax, domain in zip(axes.flat, domains, strict=False):
            ax.set_title(visible(domain.name), fontsize=9, fontweight="bold", loc="left")
            ax.spines[["top", "right"]].set_visible(False)
            draw(ax, domain)
        for ax in list(axes.flat)[len(domains) :]:
            ax.set_visible(False)
        if draw is _curves:
            handles, names = axes.flat[0].get_legend_handles_labels()
            figure.legend(handles, names, loc="outside lower center", ncols=min(4, len(names)), frameon=False)
    return figure


def _differences(ax: Any, domain: DomainPart) -> None:
    """Means of the paired differences with their intervals: verdicts filled, the rest hollow."""
    rows = [(row, c) for row in domain.rows if (c := row.compared) is not None and c.mean is not None]
    for y, (row, c) in enumerate(rows):
        colour = _COLOURS[row.style % len(_COLOURS)]
        if c.interval:
            ax.plot(c.interval, (y, y), color=colour, linewidth=1.4, solid_capstyle="butt")
            ax.plot(c.interval, (y, y), "|", color=colour, markersize=6)
        filled = colour if c.claimed or c.contrast.better else "white"
        ax.plot([c.mean], [y], "o", color=colour, markerfacecolor=filled, markersize=5.5, zorder=3)
    reference = domain.row(domain.study.against).mean
    names = [cut(row.arm.text, 26) for row, _ in rows]
    if domain.baseline is not None and reference is not None:
        ax.plot([domain.baseline - reference], [len(rows)], "D", color="#000000", markerfacecolor="white", markersize=5)
        names.append("baseline")
    ax.axvline(0, color="#000000", linewidth=0.8, zorder=0)
    ax.set_yticks(range(len(names)), [_plain(name) for name in names])
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel(_plain(f"difference from {cut(domain.study.against.text, 30)}"))


def _curves(ax: Any, domain: DomainPart) -> None:
    """Mean scaled scores over the steps, from the lowest to the highest seed."""
    for row, runs in zip(domain.rows, domain.runs, strict=True):
        drawn = series(row.arm.text, row.style, runs)
        if not drawn.mean:
            continue
        colour, dash = _COLOURS[row.style % len(_COLOURS)], _DASHES[row.style % len(_DASHES)]
        x, y = zip(*drawn.mean, strict=True)
        mark = _MARKS[row.style % len(_MARKS)]
        kept = max(1, len(x) // 6)
        look = {"color": colour, "linestyle": dash, "linewidth": 1.4, "marker": mark, "markersize": 3.5}
        ax.plot(x, y, label=_plain(cut(row.arm.text, 30)), markevery=kept, **look)
        if drawn.band:
            at, low, high = zip(*drawn.band, strict=True)
            ax.fill_between(at, low, high, color=colour, alpha=0.1, linewidth=0)
    if domain.baseline is not None:
        ax.axhline(domain.baseline, color="#555555", linewidth=0.9, linestyle=(0, (1, 2)))
        ax.annotate("baseline", (0, domain.baseline), (3, 2), xycoords=("axes fraction", "data"), fontsize=6.5,
                    textcoords="offset points", color="#333333")  # fmt: skip
    ax.set_xlim(left=0)
    ax.set_xlabel("steps")
    ax.set_ylabel("scaled score")


def _plain(text: str) -> str:
    """A name that matplotlib does not take for mathematics, or for one to leave out of a legend."""
    text = visible(text).replace("$", r"\$")
    return f"\u200a{text}" if text.startswith("_") else text


def _save(figure: Any, path: Path) -> None:
    from matplotlib import rc_context

    with rc_context(_STYLE), path.open("wb") as file:  # the same file for the same study: no date, no random names
        when = {"CreationDate": None} if path.suffix == ".pdf" else {"Date": None}
        figure.savefig(file, format=path.suffix[1:], metadata=when)


_STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 8,
    "legend.fontsize": 7.5,
    "legend.handlelength": 3.5,
    "axes.linewidth": 0.7,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "detente",
}
