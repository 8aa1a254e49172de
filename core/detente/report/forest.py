"""Differences with their intervals, one line per arm, as SVG."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from detente.errors import visible
from detente.report.charts import cut, short, style, ticks
from detente.report.page import between, signed


@dataclass(frozen=True)
class Frame:
    """The sizes of such a picture, which a script that draws it again needs too."""

    width: int = 440
    left: int = 128
    right: int = 14
    top: int = 12
    row: int = 24
    bottom: int = 32

    def plain(self) -> str:
        return f"{self.width} {self.left} {self.right} {self.top} {self.row} {self.bottom}"


WIDE = Frame()
NARROW = Frame(width=320, left=134, row=20)
"""For one of several beside each other."""
REST = -1
"""The colour of what is no arm."""


@dataclass(frozen=True)
class ForestRow:
    """One arm's difference.

    Attributes:
        name: what stands before it.
        style: number of its colour; `REST` for what is no arm, such as a baseline, and is drawn as a diamond.
        mean, interval: of the difference; without an interval the mean stands alone.
        single: the difference of each seed.
        claimed: whether it is a verdict, which is drawn filled; what is open is drawn hollow.
        seeds: those that the single differences are of.
        arm: number of the arm on its page.
    """

    name: str
    style: int
    mean: float
    interval: tuple[float, float] | None
    single: Sequence[float]
    claimed: bool
    seeds: Sequence[int] = ()
    arm: int | None = None

    @property
    def text(self) -> str:
        """What the mark says when it is pointed at."""
        around = f", 95 % interval {between(self.interval)}" if self.interval else ""
        return f"{visible(self.name)}: {signed(self.mean)}{around}"


def forest(lines: Sequence[ForestRow], title: str, x_name: str = "difference", frame: Frame = WIDE) -> Markup:
    """A mark for each mean, a line for its interval, small dots for the seeds, and a rule at 0."""
    values = [0.0, *(v for line in lines for v in (line.mean, *(line.interval or ()), *line.single))]
    low, high = min(values), max(values)
    air = 0.05 * (high - low) or 0.1
    low, high = low - air, high + air

    def x(value: float) -> str:
        return f"{frame.left + (value - low) / (high - low) * (frame.width - frame.left - frame.right):.1f}"

    height = frame.top + frame.row * len(lines) + frame.bottom
    bottom = height - frame.bottom
    out: list[Markup] = []
    for tick in ticks(low, high, most=4 if frame.width < 400 else 6):
        out.append(Markup('<path class="grid" d="M{} {}V{}"/>').format(x(tick), frame.top - 4, bottom))
        label = short(tick).replace("-", "−")
        out.append(Markup('<text class="tick x" x="{}" y="{}">{}</text>').format(x(tick), bottom + 15, label))
    out.append(Markup('<path class="zero" d="M{} {}V{}"/>').format(x(0), frame.top - 4, bottom))
    middle = (frame.left + frame.width - frame.right) / 2
    out.append(Markup('<text class="tick x" x="{}" y="{}">{}</text>').format(middle, height - 3, x_name))
    for i, line in enumerate(lines):
        out.append(_row(line, frame.top + frame.row * (i + 0.5), x, frame))
    return Markup('<svg class="chart forest" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        frame.width, height, title, Markup("").join(out)
    )


def _row(line: ForestRow, y: float, at: Callable[[float], str], frame: Frame) -> Markup:
    name = cut(line.name, round((frame.left - 8) / 6.8))
    parts = [Markup('<text class="key" x="2" y="{}">{}</text>').format(y + 4, name)]
    for value, seed in zip(line.single, line.seeds or [None] * len(line.single), strict=True):
        tip = Markup("") if seed is None else _tip(f"{visible(line.name)}, seed {seed}: {signed(value, 3)}")
        parts.append(Markup('<circle class="run" cx="{}" cy="{}" r="1.8"{}/>').format(at(value), y + 7, tip))
    if line.interval:
        a, b = map(at, line.interval)
        parts.append(Markup('<path class="span" d="M{} {}H{}M{} {}v6M{} {}v6"/>').format(a, y, b, a, y - 3, b, y - 3))
    kind, tip = "claimed" if line.claimed else "open", _tip(line.text)
    if line.style == REST:
        place = Markup('<path class="open" d="M{} {}l5 5l-5 5l-5 -5z"{}/>')
        parts.append(place.format(at(line.mean), y - 5, tip))
    else:
        parts.append(Markup('<circle class="{}" cx="{}" cy="{}" r="4.5"{}/>').format(kind, at(line.mean), y, tip))
    arm = Markup("") if line.arm is None else Markup(' data-arm="{}"').format(line.arm)
    colour = "c0 rest" if line.style == REST else style(line.style)
    return Markup('<g class="{}"{}>{}</g>').format(colour, arm, Markup("").join(parts))


def _tip(text: str) -> Markup:
    return Markup(' data-tip="{}"').format(text)
