"""Studies over settings, made up."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from detente.results.outcomes import Outcome
from detente.results.study import Study
from pages import write_study


def at_settings(
    folder: Path,
    arms: Mapping[str, Mapping[str, float]],
    *,
    seeds: int = 3,
    key: str = "lr",
    noise: float = 0.0,
    failed: Sequence[tuple[str, int]] = (),
    pending: Sequence[tuple[str, int]] = (),
) -> tuple[Study, list[Outcome]]:
    """A study of arms with a mean score at each value of a key, and what its runs came to."""
    names = list(next(iter(arms.values())))
    entries = [
        {
            "name": f"{key}={name}",
            "values": {key: name},
            "seeds": [10_000 * i + seed for seed in range(seeds)],
            "changes": {"pair": {f"arm-{k}": {"note": f"{name}-{k}"} for k in range(len(arms))}},
        }
        for i, name in enumerate(names)
    ]
    every = [seed for entry in entries for seed in entry["seeds"]]
    study = write_study(folder, list(arms), seeds=every)
    study.content["settings"] = entries
    study.write()
    study = Study.open(folder)
    rng = np.random.default_rng(0)
    outcomes: list[Outcome] = []
    for cell in study.cells:
        score = max(0.0, arms[cell.arm.text][cell.setting.partition("=")[2]] + noise * float(rng.normal()))
        status = next(
            (s for s, of in (("failed", failed), ("pending", pending)) if (cell.arm.text, cell.seed) in of), ""
        )
        outcomes.append(Outcome(cell, status or "finished", final=None if status else score))
    return study, outcomes
