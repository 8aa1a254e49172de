"""What is said of networks that are conditional on a class."""

CONDITIONAL = ("class-accuracy", "class-means")
"""Metrics that say something of conditional models."""
LABELLED = "molecules with classes (such as those of data.condition=qed)"
"""The data that they are for."""
