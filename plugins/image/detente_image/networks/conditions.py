"""What is said of networks that are conditional on a class."""

CONDITIONAL = ("class-accuracy",)
"""Metrics that say something of conditional models."""
LABELLED = "images with classes (digits, stacked-digits)"
"""The data that they are for."""
