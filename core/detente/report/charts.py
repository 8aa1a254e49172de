"""Line charts as SVG. Colours and dashes are classes, which the page's style sheet sets for light and dark."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

Point = tuple[float, float]

STYLES = 8
"""How many colours there are; when they come again, they come with other dashes."""
_MOST = 300  # points of a curve


@dataclass(frozen=True)
class Series:
    """One curve and what belongs to it.

    Attributes:
        key: the letter at its end, by which it is told apart without colour.
        style: number of its colour and dash.
        mean: the curve itself.
        runs: the curves that it is the mean of, drawn thin.
        ends: where runs diverged.
        band: (x, lowest, highest) of the runs, drawn as an area behind the curve.
    """

    key: str
    style: int
    mean: Sequence[Point]
    runs: Sequence[Sequence[Point]] = ()
    ends: Sequence[Point] = ()
    band: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True)
class Axes:
    """The plane of a chart, in its own units and on the page.

    Attributes:
        rules: horizontal lines with a name.
        marks: what stands below the plane, instead of numbers.
    """

    x: tuple[float, float]
    y: tuple[float, float]
    rules: Sequence[tuple[float, str]] = field(default=())
    marks: Sequence[tuple[float, str]] = ()
    width: int = 440
    height: int = 250
    left: int = 38
    right: int = 24
    top: int = 10
    bottom: int = 30

    def at(self, point: Point) -> tuple[float, float]:
        """Where a point stands on the page; what lies outside is moved to the edge."""
        (x0, x1), (y0, y1) = self.x, self.y
        u = (point[0] - x0) / ((x1 - x0) or 1)
        v = min(1.0, max(0.0, (point[1] - y0) / ((y1 - y0) or 1)))
        wide, high = self.width - self.left - self.right, self.height - self.top - self.bottom
        return self.left + u * wide, self.top + (1 - v) * high


def style(number: int) -> str:
    """The classes of a curve's colour and dash; 0 is the curve that others are compared with."""
    if number == 0:
        return "c0 d0"
    again, colour = divmod(number - 1, STYLES - 1)
    return f"c{colour + 1} d{(colour + 1 + again) % 5}"


def chart(series: Sequence[Series], axes: Axes, title: str, x_name: str = "steps") -> Markup:
    """Curves over steps with their letters at the right end."""
    parts = [_frame(axes, x_name)]
    parts += [Markup('<g class="{}">{}</g>').format(style(s.style), _band(s.band, axes)) for s in series if s.band]
    for s in reversed(series):  # the first one, which others are compared with, on top
        inside = [_path(run, axes, "run") for run in s.runs] + [_path(s.mean, axes, "mean")]
        for end in s.ends:
            x, y = axes.at(end)
            inside.append(Markup('<path class="end" d="M{} {}l8 8m0 -8l-8 8"/>').format(_n(x - 4), _n(y - 4)))
        parts.append(Markup('<g class="{}">{}</g>').format(style(s.style), Markup("").join(inside)))
    parts.append(_letters(series, axes))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        axes.width, axes.height, title, Markup("").join(parts)
    )


def swatch(number: int) -> Markup:
    """A bit of a curve, for a legend."""
    return Markup(
        '<svg class="swatch" viewBox="0 0 34 10" aria-hidden="true">'
        '<g class="{}"><path class="mean" d="M1 5H33"/></g></svg>'
    ).format(style(number))


def span(values: Sequence[float]) -> tuple[float, float]:
    """The range of an axis that holds all values, with some air."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    air = (high - low) * 0.05 or abs(high) * 0.05 or 1.0
    return low - air, high + air


def top(values: Sequence[float]) -> float:
    """Where an axis of scaled scores ends: at 1, unless all of them are far below it."""
    highest = max(values, default=1.0)
    return 1.0 if highest > 0.5 else max(0.1, math.ceil(11 * highest) / 10)


def thin(points: Sequence[Point], most: int = _MOST) -> list[Point]:
    """Fewer points, with the lowest and the highest of each stretch, so that no spike is lost."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(2 * len(points) / most)
    kept: list[Point] = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        kept += sorted({min(part, key=lambda p: p[1]), max(part, key=lambda p: p[1])})
    return kept


def _path(points: Sequence[Point], axes: Axes, kind: str) -> Markup:
    if len(points) == 1:
        x, y = axes.at(points[0])
        return Markup('<circle class="{}" cx="{}" cy="{}" r="{}"/>').format(
            kind, _n(x), _n(y), 2 if kind == "run" else 3
        )
    d = "".join(f"{'L' if i else 'M'}{_n(x)} {_n(y)}" for i, (x, y) in enumerate(map(axes.at, thin(points))))
    return Markup('<path class="{}" d="{}"/>').format(kind, d) if d else Markup("")


def _band(band: Sequence[tuple[float, float, float]], axes: Axes) -> Markup:
    edge = [axes.at((x, high)) for x, _, high in band] + [axes.at((x, low)) for x, low, _ in reversed(band)]
    d = "".join(f"{'L' if i else 'M'}{_n(x)} {_n(y)}" for i, (x, y) in enumerate(edge))
    return Markup('<path class="band" d="{}Z"/>').format(d)


def _frame(axes: Axes, x_name: str) -> Markup:
    """Grid, ticks and rules."""
    (x0, x1), bottom = axes.x, axes.height - axes.bottom
    out: list[Markup] = []
    for value in ticks(*axes.y, most=5):
        y = axes.at((x0, value))[1]
        out.append(Markup('<path class="grid" d="M{} {}H{}"/>').format(axes.left, _n(y), axes.width - axes.right))
        out.append(
            Markup('<text class="tick y" x="{}" y="{}">{}</text>').format(axes.left - 5, _n(y + 4), short(value))
        )
    for value, name in axes.marks or [(value, short(value)) for value in ticks(x0, x1, most=4)]:
        x = axes.at((value, axes.y[0]))[0]
        out.append(Markup('<text class="tick x" x="{}" y="{}">{}</text>').format(_n(x), bottom + 15, name))
    out.append(
        Markup('<text class="tick x" x="{}" y="{}">{}</text>').format(
            (axes.left + axes.width - axes.right) / 2, axes.height - 3, x_name
        )
    )
    for value, name in axes.rules:
        y = axes.at((x0, value))[1]
        out.append(Markup('<path class="rule" d="M{} {}H{}"/>').format(axes.left, _n(y), axes.width - axes.right))
        out.append(Markup('<text class="rule" x="{}" y="{}">{}</text>').format(axes.left + 4, _n(y - 4), name))
    return Markup("").join(out)


def _letters(series: Sequence[Series], axes: Axes) -> Markup:
    """Each curve's letter beside its end, moved apart where ends are close."""
    ends = sorted((axes.at(s.mean[-1])[1], i) for i, s in enumerate(series) if s.mean and s.key)
    low, high = axes.top + 4.0, axes.height - axes.bottom + 4.0
    places: list[float] = []
    for y, _ in ends:
        places.append(max(y, places[-1] + 12 if places else low))
    for i in reversed(range(len(places))):
        places[i] = min(places[i], places[i + 1] - 12 if i + 1 < len(places) else high)
    out = [
        Markup('<text class="key {}" x="{}" y="{}">{}</text>').format(
            style(series[i].style), axes.width - axes.right + 5, _n(place + 4), series[i].key
        )
        for place, (_, i) in zip(places, ends, strict=True)
    ]
    return Markup("").join(out)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between two values, at most about `most` of them."""
    if not high > low:
        return [low]
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(i * step, 12) for i in range(first, math.floor(high / step + 1e-9) + 1)]


def short(value: float) -> str:
    """A number as an axis or a table shows it."""
    if value == 0:
        return "0"
    if abs(value) >= 1e6 or abs(value) < 1e-3:
        return f"{value:.2g}"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", "\u202f") if value == round(value) or abs(value) >= 1e4 else f"{value:.1f}"
    return f"{value:.3g}"


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
