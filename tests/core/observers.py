"""Short runs that tests watch, in this process."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from detente import plugins
from detente.errors import Interrupted
from detente.hookspecs import hookimpl
from detente.plugins import Host
from detente.plugins.loader import Plugin, observer
from detente.plugins.registry import Entry, Origin
from detente.recipe import load
from detente.training import checkpoint
from detente.training.build import build
from detente.training.loggers import make_loggers
from detente.training.run_folder import Run
from detente.training.trainer import Trainer

MINE = Origin("mine", "detente-mine", "1.0")
SETS = ["steps=40", "samples=50", "batch=4", "evaluate_every=20", "checkpoint_every=20", "data.size=64"]
STEPS = [10, 20, 30, 40]


def watched_by(*observers: object, loggers: Iterable[str] = ()) -> Host:
    """The plugins of this process, beside others that observe, and that declare loggers, `module:Class` each."""
    entries = tuple(Entry("logger", f"mine-{i}", target, None, "", {}, MINE) for i, target in enumerate(loggers))
    others = [observer(one, MINE) for one in observers]
    return Host([*plugins.discover().plugins, *others, Plugin(MINE, "ok", entries)])


def train(
    folder: Path, host: Host | None = None, log: Sequence[str] = (), sets: Sequence[str] = (), domain: str = "dirac"
) -> Trainer:
    """Train in a folder, or resume what is there."""
    host = host or plugins.discover()
    recipe = load(None, domain, [*SETS, *sets], ["r1(every=4)+g:ema"], {"log": list(log) or None}, host)
    built, run = build(recipe, host), Run(folder)
    if not run.recipe.exists():
        Run.create(folder, recipe.to_yaml(), {})
    trainer = Trainer(built, run, host, make_loggers(recipe.log, host))
    trainer.restore()
    trainer.train()
    return trainer


class Stop:
    """Ends a run, as a kill would, when a step is logged for the first time: no checkpoint of that step is saved."""

    def __init__(self, step: int) -> None:
        self.step: int | None = step

    @hookimpl
    def detente_logged(self, step: int) -> None:
        if step == self.step:
            self.step = None
            raise Interrupted(15)


def lines(folder: Path) -> list[dict[str, Any]]:
    """What metrics.jsonl says, without the clock."""
    found = [json.loads(line) for line in (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in found]


def assert_same_numbers(a: Path, b: Path) -> None:
    """Two runs are equal to the bit."""
    assert lines(a) == lines(b)
    newest = [checkpoint.load(checkpoint.checkpoints(run / "checkpoints")[-1])["game"] for run in (a, b)]
    left, right = (torch.utils._pytree.tree_flatten(state) for state in newest)
    assert left[1] == right[1]
    for x, y in zip(left[0], right[0], strict=True):
        assert torch.equal(x, y) if isinstance(x, torch.Tensor) else x == y
