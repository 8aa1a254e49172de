"""A search on disk that is written by hand."""

from pathlib import Path
from typing import Any

from detente.experiments.search.rivals import rivals
from detente.recipe.document import dump
from detente.recipe.keys import put
from detente.results.search import Trial, Tuning
from pages import EVIL, write_cell
from searches import GAMMA


def write_search(folder: Path, plain: dict[str, Any]) -> Tuning:
    """A search in which every text that a stranger may choose is hostile."""
    plain = {**plain, "domain": "pair"}
    content = {
        "format": 1,
        "created": "2026-01-01T00:00:00+0000",
        "name": "search",
        "commands": [["detente", "tune", EVIL]],
        "versions": [{"detente": "0.1.0"}],
        "domain": "pair",
        "reg": EVIL,
        "search": [
            {"label": EVIL, "key": GAMMA, "range": "log:0.01..10"},
            {"label": "kind", "key": "objective.kind", "range": "choice:a,b"},
        ],
        "sampler": "tpe",
        "sampler_seed": 0,
        "trials": 6,
        "wave": 4,
        "seeds": [0, 1],
        "fresh": [1000, 1001],
        "metric": {"score": "frechet", "direction": "lower", "log": False},
        "primary": {"score": "frechet", "direction": "lower", "log": False, "protocol": EVIL},
        "storage": None,
        "findings": [],
        "recipes": {"default": plain, "none": plain},
    }
    found = Tuning(folder, content)
    statuses = ["complete"] * 3 + ["pruned", "failed", "running"]
    for i, status in enumerate(statuses):
        scores = {"complete": {0: 0.2 * i + 0.1, 1: 0.25 * i}, "pruned": {0: 0.0}}.get(status, {})
        trial = Trial(i, {GAMMA: 0.01 * 4**i, "objective.kind": EVIL if i % 2 else "a"}, status, scores)
        found.trials.append(trial)
        for seed, score in scores.items():
            cell, recipe = found.trial_run(trial, seed)
            # Its distance is 2 less that, which lies so far from the untrained 2.5 to the 0.5 of real data.
            write_cell(cell, "finished", (2 * score - 0.5,), recipe=dump(recipe))
    for trial, status in ((found.trials[3], "diverged"), (found.trials[4], "failed")):
        cell, recipe = found.trial_run(trial, 0)
        write_cell(cell, status, (), recipe=dump(recipe), error=EVIL)
    found.importance = {GAMMA: 0.9, "objective.kind": 0.1}
    found.rivals = rivals(Tuning(folder, {**content, "recipes": {
        "default": put(plain, {}), "none": {**plain, "discriminator": {**plain["discriminator"], "regularizers": {}}}
    }, "search": content["search"][:1]}), Trial(2, {GAMMA: 0.16}))  # fmt: skip
    for rival in found.rivals:
        for seed in found.fresh_seeds:
            cell, recipe = found.rival_run(rival, seed)
            shown = b"</pre><script>alert(2)</script>"
            write_cell(cell, "finished", (0.5,), recipe=dump(recipe), content=shown)
    found.write()
    found.write_trials()
    return found
