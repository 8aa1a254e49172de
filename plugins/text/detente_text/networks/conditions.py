"""What is said of networks that are conditional on a class."""

CONDITIONAL = ("class-accuracy", "class-means")
"""Metrics that say something of conditional models."""
LABELLED = "sentences with classes (those of data.condition=length)"
"""The data that they are for."""
