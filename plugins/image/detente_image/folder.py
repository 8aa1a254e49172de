"""A folder of the user's as a set of pictures: read, brought into one range of values, split."""

from pathlib import Path

import numpy as np

from detente import Packed, UsageError, counted, enumerated, shown, shuffled
from detente_image import sources
from detente_image.ranges import in_one_range

SCORED = 750
"""Most rows that `held_out` and `reference` of a folder hold each."""
ENOUGH = 50
"""A folder with fewer pictures trains on all of them: two tenths of so few say nothing about a distribution."""


def read_folder(where: Path, files: list[Path], size: int, channels: int) -> Packed:
    """The pictures of files, split, with sentences about what was left out and how the others were read.

    Raises:
        UsageError: none of them can be used.
    """
    sources.check_pictures(len(files), channels, size)
    squares, broken = [], []
    for file in files:
        name = shown(file.relative_to(where))
        try:
            squares.append(sources.read_picture(file, name, size, channels))
        except ValueError as error:
            broken.append(f"{name} ({error})")
    found, notes = in_one_range(squares, channels)
    notes = [f"folder: {note}" for note in notes]
    if broken:
        skipped = f"folder: skipped {len(broken)} of {len(files)} files that cannot be read: {enumerated(broken)}."
        notes.insert(0, skipped)
    several = [square.name for square in squares if square.several]
    if several:
        notes.append(
            f"folder: took the first picture of {counted(len(several), 'file')} with several: {enumerated(several)}."
        )
    if not found:
        raise UsageError(" ".join([f"folder: nothing in {shown(where)} can be used.", *notes]))
    pictures = {picture.tobytes(): picture for picture in reversed(found)}
    twice = len(found) - len(pictures)
    if twice:
        notes.append(f"folder: left out {twice} that are identical to another at {size} × {size}.")
    n = len(pictures)
    scored = min(SCORED, 15 * n // 100) if n >= ENOUGH else 0
    if not scored:
        notes.append(
            f"folder: {n} pictures are too few for a held-out split ({ENOUGH} are needed), so all are used for"
            " training, and scores that need real images are left out: Fréchet and kernel distance, precision, recall,"
            " density, coverage."
        )
    other = sorted(
        {square.was for square in squares if square.was and square.was != (size, size)}, key=lambda was: was[0] * was[1]
    )
    if other:
        count = sum(square.was != (size, size) for square in squares)
        ends = " to ".join(f"{w} × {h}" for w, h in dict.fromkeys((other[0], other[-1])))
        cut = " and cropped in the middle" if any(w != h for w, h in other) else ""
        notes.append(
            f"folder: {counted(count, 'picture')} of {ends} pixels became {size} × {size}, scaled{cut} (data.size)."
        )
    order = shuffled(pictures)
    images = np.stack([*pictures.values()])[order]
    sizes = {"train": n - 2 * scored, "extractor": 0, "held_out": scored, "reference": scored}
    return Packed({"images": images}, sizes, tuple(notes))
