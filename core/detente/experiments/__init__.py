"""Many runs by one plan: comparisons and searches."""

from detente.compat import require

require("run", "filelock", "pydantic")
