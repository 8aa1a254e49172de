"""What is said of networks that are conditional on a class, and the data as they see them."""

from detente import Data
from detente_image.data import Images

CONDITIONAL = ("class-accuracy",)
"""Metrics that say something of conditional models."""
LABELLED = "images with classes (digits, stacked-digits, emoji, a folder of folders)"
"""The data that they are for."""


def in_classes(data: Data) -> Data:
    """The data as a conditional model sees them: with their classes, where they have some.

    Raises:
        UsageError: of a folder of the user's that is not sorted into classes.
    """
    return data.labelled() if isinstance(data, Images) else data
