"""Pictures of more than 8 bits: one range of values, for a whole folder, becomes black to white.

What a file says of its range is often wrong (cameras of 12 bits write files of 16), and a range for each file would
make the same grey another one in the next file. So the values of all files together decide, and a sentence says what
they decided.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from detente import counted, enumerated

_FAINT = 8 / 255
"""Floating-point numbers that are all below would have eight greys at most between 0 and 1: they have another unit."""

Values = Literal["bytes", "integers", "floating-point numbers", "upper bytes"]


class Square(NamedTuple):
    """A picture cut to its square, in the values of its file."""

    name: str
    pixels: np.ndarray
    """uint8 [C, S, S]; of integers and floating-point numbers float32 [1, S, S]."""
    values: Values = "bytes"
    """`upper bytes`: of colours of 16 bits, of which Pillow keeps no more."""
    least: float = 0.0
    greatest: float = 255.0
    white_is_zero: bool = False
    several: bool = False
    """Whether its file holds more pictures, of which this is the first."""
    was: tuple[int, int] | None = None
    """Width and height in the file."""
    label: int = 0
    """The class of its folder, where folders are classes."""


def in_one_range(squares: Sequence[Square], channels: int) -> tuple[list[np.ndarray], list[str]]:
    """Squares as uint8 [channels, S, S], and sentences about those that had more than 8 bits.

    Of integers that are not negative, 0 is black and the greatest number of as many bits as the greatest value needs is
    white (4,095 where that is 3,000). Of floating-point numbers between 0 and 1, those are, unless all are below 8/255.
    Else the least and the greatest value are.

    Colours of 16 bits are left out where no value of any of them reaches the upper half: little or nothing of such
    values is in their upper bytes.
    """
    notes = []
    ranges: dict[str, tuple[float, float]] = {}
    for kind in ("integers", "floating-point numbers"):
        some = [square for square in squares if square.values == kind]
        if some:
            least, greatest = min(square.least for square in some), max(square.greatest for square in some)
            black, white = ranges[kind] = _range(least, greatest, kind == "integers")
            notes.append(
                f"{counted(len(some), 'grey picture')} of more than 8 bits: {kind} from {_said(least)} to"
                f" {_said(greatest)}; {_said(black)} became black and {_said(white)} white in all of them. For another"
                " range convert them to 8 bits yourself."
            )
    colours, used = [square for square in squares if square.values == "upper bytes"], kept(squares)
    if len(used) < len(squares):
        names = [square.name for square in colours]
        notes.append(
            f"left out {counted(len(colours), 'colour picture')} of 16 bits that use less than half of their range and"
            f" would be dark. Convert them to 8 bits yourself: {enumerated(names)}."
        )
    elif colours:
        notes.append(f"{counted(len(colours), 'colour picture')} of 16 bits: 0 became black and 65,535 white.")
    return [_bytes(square, ranges.get(square.values), channels) for square in used], notes


def kept(squares: Sequence[Square]) -> list[Square]:
    """Those that `in_one_range` does not leave out, in its order."""
    dark = max((square.greatest for square in squares if square.values == "upper bytes"), default=0.0) < 128
    return [square for square in squares if not (dark and square.values == "upper bytes")]


def _range(least: float, greatest: float, integers: bool) -> tuple[float, float]:
    if integers and least >= 0:
        return 0.0, float(2 ** max(8, int(greatest).bit_length()) - 1)
    if not integers and least >= 0 and _FAINT < greatest <= 1:
        return 0.0, 1.0
    return least, greatest


def _said(value: float) -> str:
    return f"{int(value):,}" if value.is_integer() and abs(value) < 1e12 else f"{value:g}"


def _bytes(square: Square, of: tuple[float, float] | None, channels: int) -> np.ndarray:
    if of is None:
        return square.pixels
    black, white = of
    share = (square.pixels - black) / ((white - black) or 1.0)
    if square.white_is_zero:
        share = 1 - share
    return np.repeat((share * 255).clip(0, 255).round().astype(np.uint8), channels, axis=0)
