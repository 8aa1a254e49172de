"""Trains one cell in a process of its own: `python -m detente.experiments.executors.worker FOLDER [--no-plugin N]...`.

The cell's lock is held as long as the process lives, so nobody else trains in the folder. Its standard input is a pipe
that the study keeps open: when it closes, because the study stops or was killed, the worker saves a checkpoint and
ends. So no worker keeps training without its study.
"""

import faulthandler
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

from filelock import Timeout

from detente.compat import unencodable
from detente.errors import LogFormatter
from detente.files import lock, read_text, write_atomically
from detente.files.named import Named
from detente.files.standing import FULL
from detente.training.run_folder import Run

LOCKED = 75
"""Exit code: another process holds the cell."""
NO_SPACE = 74
"""Exit code: the disk is full, which says nothing of the cell; it goes on from its checkpoint once there is space."""

WARM_UP = "warm-up.json"
"""The file in a cell's folder that says how far its warm-up is, as [done, of], while it lasts."""

_log = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Train the cell in a folder with a recipe.yaml; returns an exit code."""
    folder, blocked = Named(arguments[0]), [name for name in arguments[1:] if name != "--no-plugin"]
    faulthandler.enable()
    unencodable()
    log = logging.StreamHandler()
    log.setFormatter(LogFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[log])
    try:
        with lock(folder / ".lock", timeout=1):
            threading.Thread(target=_watch, args=(sys.stdin.fileno(),), daemon=True).start()
            return train_cell(folder, blocked)
    except Timeout:
        return LOCKED


def _watch(descriptor: int) -> None:
    """Turn the end of standard input into the signal that the trainer knows."""
    while os.read(descriptor, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


class _WarmUp:
    """Notes about once a second how far a warm-up is."""

    def __init__(self, folder: Path) -> None:
        self._path, self._last = folder / WARM_UP, 0.0

    def __call__(self, done: int, of: int) -> None:
        if time.monotonic() - self._last >= 1.0:
            self._last = time.monotonic()
            with suppress(OSError):  # a display's matter, which must not end a run
                write_atomically(self._path, json.dumps([done, of]))

    def over(self) -> None:
        with suppress(OSError):
            self._path.unlink(missing_ok=True)


def train_cell(folder: Path, blocked: list[str]) -> int:
    """Train or resume the cell in a folder, in this process; returns an exit code."""
    import torch

    from detente.errors import DetenteError, DivergedError, code_of, one_line
    from detente.plugins import discover, set_host
    from detente.recipe import load
    from detente.training.build import rebuild
    from detente.training.loggers import make_loggers
    from detente.training.provenance import surroundings
    from detente.training.trainer import Trainer

    torch.set_num_threads(1)
    run = Run(folder)
    before = run.sound[0].get("status")
    if before in ("finished", "diverged"):  # by somebody who held the lock before us
        return 0
    warm_up = _WarmUp(folder)
    try:
        if before is None:  # not begun, or damaged: what counts stands in the checkpoints
            again = ["detente", "train", "--recipe", str(run.recipe), "--folder", str(folder)]
            run = Run.create(folder, read_text(run.recipe), {"argv": again})
        else:
            run.prepare()
        set_host(host := discover(blocked))
        recipe = load(run.recipe, host=host)
        loggers = make_loggers(recipe.log, host)
        built = rebuild(recipe, host, run.identities, show=warm_up)
        warm_up.over()
        run.record({**surroundings(built.recipe, host, built.device), "findings": [f.plain() for f in built.findings]})
        trainer = Trainer(built, run, host, loggers)
        step = trainer.restore()
        _log.info("resuming at step %d of %d", step, built.recipe.steps)
        trainer.train()
    except KeyboardInterrupt as stopped:
        return code_of(stopped)
    except DivergedError as error:
        _log.error("%s", error)
        return error.exit_code
    except Exception as error:
        traceback.print_exc()
        if isinstance(error, OSError) and error.errno in FULL:
            return NO_SPACE
        run.record({"status": "failed", "error": one_line(error)})
        return error.exit_code if isinstance(error, DetenteError) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
