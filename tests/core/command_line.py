"""What the tests of the command line share: small commands, how one ended, and runs that must be equal to the bit."""

import contextlib
import gc
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from detente import cli
from detente.training import checkpoint

SMALL = ["--set", "samples=50", "--set", "metrics=[modes]", "--batch", "16", "--device", "cpu"]
RING = ["train", "ring", *SMALL, "--set", "evaluate_every=10", "--set", "checkpoint_every=10", "--steps", "20"]


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Done]


DIVERGES = ["--set", "discriminator.optimizer={name: sgd, lr: 1e30}", "--set", "log_every=1"]


# Long enough to be met in the middle, with a lazy penalty, clipping, an average and fused Adam in it.
LONG = ["train", "ring", *SMALL, "--steps", "200", "--set", "evaluate_every=50", "--set", "checkpoint_every=10"]
LONG += ["--reg", "d:r1(every=4)+clip-norm+g:ema", "-q"]


def child(arguments: list[str], output: str) -> None:
    """A command in a process of its own; called by a server that has the imports behind it."""
    gc.freeze()  # what was imported need not be walked again, which would copy it
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.exit(cli.main(arguments))


def lines(run: Path) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in json.loads(line).items() if key != "seconds"}
        for line in (run / "metrics.jsonl").read_text().splitlines()
    ]


def wait_for_step(run: Path, step: int, alive: Callable[[], bool]) -> None:
    """Until the metrics have come to a step; the process must not end before."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError, IndexError):
            if json.loads((run / "metrics.jsonl").read_bytes().splitlines()[-1])["step"] >= step:
                return
        assert alive(), "ended before it was stopped"
        time.sleep(0.002)
    raise AssertionError(f"no step {step} within a minute")


def assert_same(a: Any, b: Any, at: str = "") -> None:
    """Equal to the bit."""
    assert type(a) is type(b), at
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), at
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), at
        for key in a:
            assert_same(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), at
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{at}[{i}]")
    else:
        assert a == b, at


def assert_same_run(a: Path, b: Path) -> None:
    assert lines(a) == lines(b)
    last = [checkpoint.load(run / "checkpoints" / "step-00000200.pt") for run in (a, b)]
    for state in last:
        del state["seconds"], state["metrics_size"]  # of clocks, and of how many digits those show
    assert_same(*last)
