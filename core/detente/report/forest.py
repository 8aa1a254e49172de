"""Differences with their intervals, one line per arm, as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from detente.report.charts import short, style, ticks

_WIDTH, _LEFT, _RIGHT, _TOP, _ROW, _BOTTOM = 440, 34, 14, 12, 24, 32


@dataclass(frozen=True)
class ForestRow:
    """One arm's difference.

    Attributes:
        key: its letter.
        style: number of its colour.
        mean, interval: of the difference; without an interval the mean stands alone.
        single: the difference of each seed.
        claimed: whether it is a verdict, which is drawn filled; what is open is drawn hollow.
    """

    key: str
    style: int
    mean: float
    interval: tuple[float, float] | None
    single: Sequence[float]
    claimed: bool


def forest(lines: Sequence[ForestRow], title: str, x_name: str = "difference") -> Markup:
    """A mark for each mean, a line for its interval, small dots for the seeds, and a rule at 0."""
    values = [0.0, *(v for line in lines for v in (line.mean, *(line.interval or ()), *line.single))]
    low, high = min(values), max(values)
    air = 0.05 * (high - low) or 0.1
    low, high = low - air, high + air

    def x(value: float) -> str:
        return f"{_LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT):.1f}"

    height = _TOP + _ROW * len(lines) + _BOTTOM
    bottom = height - _BOTTOM
    out: list[Markup] = []
    for tick in ticks(low, high, most=6):
        out.append(Markup('<path class="grid" d="M{} {}V{}"/>').format(x(tick), _TOP - 4, bottom))
        label = short(tick).replace("-", "−")
        out.append(Markup('<text class="tick x" x="{}" y="{}">{}</text>').format(x(tick), bottom + 15, label))
    out.append(Markup('<path class="zero" d="M{} {}V{}"/>').format(x(0), _TOP - 4, bottom))
    out.append(
        Markup('<text class="tick x" x="{}" y="{}">{}</text>').format((_LEFT + _WIDTH - _RIGHT) / 2, height - 3, x_name)
    )
    for i, line in enumerate(lines):
        y = _TOP + _ROW * (i + 0.5)
        parts = [Markup('<text class="key" x="8" y="{}">{}</text>').format(y + 4, line.key)]
        parts += [Markup('<circle class="run" cx="{}" cy="{}" r="1.8"/>').format(x(v), y + 7) for v in line.single]
        if line.interval:
            a, b = map(x, line.interval)
            parts.append(
                Markup('<path class="span" d="M{} {}H{}M{} {}v6M{} {}v6"/>').format(a, y, b, a, y - 3, b, y - 3)
            )
        kind = "claimed" if line.claimed else "open"
        parts.append(Markup('<circle class="{}" cx="{}" cy="{}" r="4.5"/>').format(kind, x(line.mean), y))
        out.append(Markup('<g class="{}">{}</g>').format(style(line.style), Markup("").join(parts)))
    return Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        _WIDTH, height, title, Markup("").join(out)
    )
