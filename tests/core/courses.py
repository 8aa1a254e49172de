"""Records of runs, written out for tests of the doctor's rules."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from detente.results.doctor.course import Course

RECIPE = {
    "objective": {"name": "non-saturating"},
    "precision": "fp32",
    "generator": {"optimizer": {"name": "adam", "lr": 0.001}, "regularizers": {}},
    "discriminator": {"optimizer": {"name": "adam", "lr": 0.002}, "regularizers": {"r1": {"gamma": 4.0}}},
}


def course(
    logged: Sequence[Mapping[str, Any]] = (), evaluated: Sequence[Mapping[str, Any]] = (), **info: Any
) -> Course:
    """A run with a log line at steps 10, 20, … and an evaluation at 100, 200, …

    Args:
        logged: what is watched at each log line, with further `terms`.
        evaluated: for each evaluation `scaled`, `scores`, `examined`.
    """
    lines: list[dict[str, Any]] = [
        {
            "step": 10 * i,
            "terms": {"D/adversarial": 1.0, **each.get("terms", {})},
            "watched": {key: value for key, value in each.items() if key != "terms"},
        }
        for i, each in enumerate(logged, 1)
    ]
    lines += [{"step": 100 * i, "scores": {}, "scaled": None, **each} for i, each in enumerate(evaluated, 1)]
    return Course(Path("runs/1"), RECIPE, {"status": "finished", "samples": 1000, **info}, lines)


def scaled(*values: float | None) -> list[dict[str, Any]]:
    """Evaluations with these scaled scores."""
    return [{"scaled": value} for value in values]
