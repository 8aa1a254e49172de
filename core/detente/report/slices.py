"""Scores over one range of a search as SVG: each trial a point with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from detente.errors import visible
from detente.report.charts import Axes, short, span, ticks


@dataclass(frozen=True)
class Dot:
    """One trial.

    Attributes:
        x: its value in the range.
        y: its mean score.
        low, high: the interval around the mean, where there is one.
        kind: the class of its mark: `best`, `complete`, `pruned`.
        name: what a pointer over it reads.
    """

    x: float
    y: float
    low: float | None
    high: float | None
    kind: str
    name: str


def slice_chart(dots: Sequence[Dot], x: tuple[float, float], log: bool, title: str, x_name: str) -> Markup:
    """Dots over a range of numbers."""
    scale = math.log10 if log else float
    low, high = scale(x[0]), scale(x[1])
    air = (high - low) * 0.03
    axes = Axes(x=(low - air, high + air), y=_heights(dots), height=260, bottom=38)
    marks = [(scale(value), short(value)) for value in (_decades(*x) if log else ticks(*x, most=5))]
    return _draw(dots, [scale(dot.x) for dot in dots], axes, marks, title, x_name)


def choice_chart(dots: Sequence[Dot], values: Sequence[str], title: str, x_name: str) -> Markup:
    """Dots over values without an order; a dot's x is the index of its value, and equal ones stand side by side."""
    axes = Axes(x=(-0.5, len(values) - 0.5), y=_heights(dots), height=260, bottom=38)
    seen: dict[float, int] = {}
    places: list[float] = []
    for dot in dots:
        seen[dot.x] = n = seen.get(dot.x, 0) + 1
        places.append(dot.x + (n % 9 - 4) * 0.07)
    marks = [(float(i), value if len(value) <= 12 else f"{value[:11]}…") for i, value in enumerate(values)]
    return _draw(dots, places, axes, marks, title, x_name)


def _draw(
    dots: Sequence[Dot],
    places: Sequence[float],
    axes: Axes,
    marks: Sequence[tuple[float, str]],
    title: str,
    x_name: str,
) -> Markup:
    bottom = axes.height - axes.bottom
    out: list[Markup] = []
    for value in ticks(*axes.y, most=5):
        y = axes.at((axes.x[0], value))[1]
        out.append(Markup('<path class="grid" d="M{} {:.1f}H{}"/>').format(axes.left, y, axes.width - axes.right))
        out.append(
            Markup('<text class="tick y" x="{}" y="{:.1f}">{}</text>').format(axes.left - 5, y + 4, short(value))
        )
    for value, text in marks:
        x = axes.at((value, axes.y[0]))[0]
        out.append(Markup('<path class="grid" d="M{:.1f} {}v4"/>').format(x, bottom))
        out.append(Markup('<text class="tick x" x="{:.1f}" y="{}">{}</text>').format(x, bottom + 15, visible(text)))
    middle = (axes.left + axes.width - axes.right) / 2
    out.append(Markup('<text class="tick x" x="{}" y="{}">{}</text>').format(middle, axes.height - 3, visible(x_name)))
    # The best one on top of all others.
    for dot, place in sorted(zip(dots, places, strict=True), key=lambda pair: pair[0].kind == "best"):
        x, y = axes.at((place, dot.y))
        parts = [Markup("<title>{}</title>").format(visible(dot.name))]
        if dot.low is not None and dot.high is not None:
            upper, lower = axes.at((place, dot.high))[1], axes.at((place, dot.low))[1]
            parts.append(Markup('<path class="bar" d="M{:.1f} {:.1f}V{:.1f}"/>').format(x, upper, lower))
        if dot.kind == "pruned":
            parts.append(Markup('<path class="end" d="M{:.1f} {:.1f}l6 6m0 -6l-6 6"/>').format(x - 3, y - 3))
        else:
            radius = 5 if dot.kind == "best" else 3.5
            parts.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{}"/>').format(x, y, radius))
        style = {"best": "c2", "pruned": "c0"}.get(dot.kind, "c1")
        out.append(Markup('<g class="dot {} {}">{}</g>').format(dot.kind, style, Markup("").join(parts)))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        axes.width, axes.height, visible(title), Markup("").join(out)
    )


def _heights(dots: Sequence[Dot]) -> tuple[float, float]:
    """The part of the scale that the dots and their intervals take up: what is compared here are trials."""
    found = [value for dot in dots for value in (dot.y, dot.low, dot.high) if value is not None]
    low, high = span(found)
    return max(0.0, low), min(1.0, high)


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten in a range, thinned where they are many; with 2 and 5 between them where they are few."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 2 else (1,)
    found = [m * 10.0**e for e in range(first, last + 1) for m in steps]
    inside = [value for value in found if low * 0.999 <= value <= high * 1.001]
    every = math.ceil(len(inside) / 7)
    return inside[::every]
