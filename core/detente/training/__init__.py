"""Training one run: from a recipe to checkpoints, scores and an exported generator."""

from detente.compat import require

require("run", "numpy", "safetensors")
