"""Kinds of data: what a plugin fills, and what plugins share."""

from detente.compat import require

require("run", "numpy", "filelock")
