"""A folder of the user's as a set of pictures: read, brought into one range of values, split."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from detente import Packed, UsageError, counted, enumerated, shown, shuffled
from detente_image import sources
from detente_image.ranges import in_one_range, kept

SCORED = 750
"""Most rows that `held_out` and `reference` of a folder hold each."""
ENOUGH = 50
"""A folder with fewer pictures trains on all of them: two tenths of so few say nothing about a distribution."""


def read_folder(
    where: Path, files: Sequence[Path], size: int, channels: int, labels: Sequence[int] | None = None
) -> Packed:
    """The pictures of files, split, with sentences about what was left out and how the others were read.

    With `labels`, the class of each file, an array of that name beside; of identical pictures the first one's counts.

    Raises:
        UsageError: none of them can be used.
    """
    sources.check_pictures(len(files), channels, size)
    squares, broken = [], []
    for file, label in zip(files, labels or [0] * len(files), strict=True):
        name = shown(file.relative_to(where))
        try:
            squares.append(sources.read_picture(file, name, size, channels)._replace(label=label))
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
    first = {found[i].tobytes(): i for i in reversed(range(len(found)))}
    twice = len(found) - len(first)
    if twice:
        notes.append(f"folder: left out {twice} that are identical to another at {size} × {size}.")
    n = len(first)
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
    order = np.array([*first.values()])[shuffled(first)]
    arrays = {"images": np.stack([found[i] for i in order])}
    if labels is not None:
        arrays["labels"] = np.array([square.label for square in kept(squares)], np.int64)[order]
    sizes = {"train": n - 2 * scored, "extractor": 0, "held_out": scored, "reference": scored}
    return Packed(arrays, sizes, tuple(notes))


def folders_of(where: Path, files: Sequence[Path]) -> list[str]:
    """The name of the folder directly below `where` that each file is in.

    Raises:
        UsageError: a file is in none, or all are in the same.
    """
    below = [file.relative_to(where).parts for file in files]
    loose = [parts[0] for parts in below if len(parts) == 1]
    if loose or len({parts[0] for parts in below}) < 2:
        why = f"{counted(len(loose), 'picture')} in none ({enumerated(loose)})" if loose else "all of them in one"
        raise UsageError(
            f"folder: a conditional model needs a sub-folder for each class, and {shown(where)} has {why}. Sort the"
            " pictures into two sub-folders or more, or leave conditional out."
        )
    return [parts[0] for parts in below]


def only_labels(where: Path, files: Sequence[Path], size: int, channels: int, labels: Sequence[int]) -> Packed:
    """The classes alone of what `read_folder` packs, row by row."""
    of = read_folder(where, files, size, channels, labels)
    return Packed({"labels": of.arrays["labels"]}, of.sizes)
