"""Reading what studies and runs left on disk; `read(folder)` has it as tidy tables."""

from typing import TYPE_CHECKING, Any

from detente.compat import require

require("run", "scipy", "yaml")

if TYPE_CHECKING:
    from detente.results.reading import Tables, read

__all__ = ["Tables", "read"]


def __getattr__(name: str) -> Any:
    # Whoever reads one run does not need the statistics of studies.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from detente.results import reading

    return getattr(reading, name)
