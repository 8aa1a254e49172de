"""Options for regularizers whose defaults are too gentle to do anything in the few updates of a law."""

from typing import Any

STRONG: dict[str, dict[str, Any]] = {
    "ada": {"start": 0.5, "speed": 0.1},
    "clip-norm": {"max_norm": 0.01},
    "clip-value": {"max_value": 0.001},
}
