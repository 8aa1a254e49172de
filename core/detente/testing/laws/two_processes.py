"""A call in two processes, which are forked for it and are torch's default group meanwhile."""

import json
import os
import select
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from tempfile import TemporaryDirectory

import torch
import torch.distributed as dist

from detente.engine import ranks
from detente.errors import PeerLost, UsageError
from detente.testing.laws.subject import Broken, Skip
from detente.testing.report import line_of, raised

SECONDS = 30
"""How long the two may take."""


def possible() -> bool:
    """Whether forking is safe here: not where libraries of the system, or autograd for a GPU, have threads."""
    return sys.platform == "linux" and dist.is_available() and not torch.accelerator.is_available()


def in_two(call: Callable[[], None]) -> None:
    """Call it in two processes, which end with it.

    Raises:
        Skip: the call raised it, or a UsageError.
        Broken: the call raised it or something else, or did not end in time.
    """
    with TemporaryDirectory() as folder:
        workers = [_fork(call, rank, folder) for rank in (0, 1)]
        try:
            answers = [_answer(end) for _, end in workers]
        finally:
            for pid, end in workers:
                os.close(end)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
    # One that lost the other knows less than the other.
    for kind in ("broken", "skipped", "lost"):
        for outcome, reason in answers:
            if outcome == kind:
                raise (Skip if kind == "skipped" else Broken)(reason)


def _fork(call: Callable[[], None], rank: int, folder: str) -> tuple[int, int]:
    """Its number, and where its answer can be read."""
    end, theirs = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, of which the new process uses none
        pid = os.fork()
    if pid:
        os.close(theirs)
        return pid, end
    try:
        os.write(theirs, json.dumps(_outcome(call, rank, folder)).encode())
    finally:
        os._exit(0)  # nothing of the process that it was is tidied up twice


def _outcome(call: Callable[[], None], rank: int, folder: str) -> tuple[str, str]:
    torch.set_num_threads(1)
    torch.set_num_threads = lambda _: None  # the threads of the process that this one was do not exist here
    try:
        dist.init_process_group("gloo", init_method=f"file://{folder}/group", rank=rank, world_size=2)
        dist.barrier()  # the other has connected too, before this one may end
    except RuntimeError as error:
        return "skipped", f"two processes could not be connected: {error}"
    try:
        call()
        ranks.all_reduce(torch.zeros(1))  # neither ends while the other still asks it something
    except PeerLost:
        return "lost", "one of two processes ended before the other"
    except Skip as reason:
        return "skipped", str(reason)
    except UsageError as reason:
        return "skipped", f"the case is refused: {reason}"
    except Broken as reason:
        return "broken", f"{reason}{line_of(reason)}"
    except Exception as error:
        return "broken", raised(error)
    return "passed", ""


def _answer(end: int) -> tuple[str, str]:
    said = b""
    while select.select([end], [], [], SECONDS)[0]:
        if not (part := os.read(end, 65536)):
            outcome, reason = json.loads(said) if said else ("lost", "one of two processes ended without an answer")
            return outcome, reason
        said += part
    return "broken", f"two processes, each with a part of the batch, did not end in {SECONDS} s"
