"""What is said of networks that are conditional on a class."""

CONDITIONAL = ("class-accuracy",)
"""Metrics that say something of conditional models."""
LABELLED = "recordings with classes (prompts, fsdd, speechcommands)"
"""The data that they are for."""
