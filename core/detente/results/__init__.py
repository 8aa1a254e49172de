"""Reading what studies and runs left on disk."""

from detente.compat import require

require("run", "scipy", "yaml")
