"""What torchrun has told this process: how many there are of it, which one it is, and who of them speaks. No torch."""

import os
import signal
import time

from detente.errors import PeerLost, typed
from detente.training.signals import STOP

_FIRST, _LATER = 1.5, 2.5
"""Seconds after which another process says what has ended it, and after which those do that have only lost it."""


def processes() -> int:
    """How many processes torchrun has started for one run; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", 1)) if "TORCHELASTIC_RUN_ID" in os.environ else 1


def index() -> int:
    """Which of them this one is; the first one leads: it alone writes and speaks."""
    return int(os.environ.get("RANK", 0)) if processes() > 1 else 0


def place() -> int:
    """Which of those on this machine it is: the number of its GPU."""
    return int(os.environ.get("LOCAL_RANK", 0)) if processes() > 1 else 0


def command(*words: object) -> str:
    """A command as it was started, alone or by torchrun."""
    here = os.environ.get("LOCAL_WORLD_SIZE", processes())
    start = ("torchrun", "--nproc-per-node", here, "-m", "detente") if processes() > 1 else ("detente",)
    return typed(*start, *words)


def speaks(error: BaseException) -> bool:
    """Whether this process says why the run ends: the leader, or else the first that knows. Called once, at the end.

    An error that all have is the leader's to say; one that others have only because they lost it, its own.
    """
    if processes() == 1:
        return True
    for number in STOP:  # torchrun ends the others as soon as one has ended, and each has had its signal by now
        signal.signal(number, signal.SIG_IGN)
    time.sleep(_LATER + index() / 8 if isinstance(error, PeerLost) else _FIRST * (index() > 0))
    try:
        from datetime import timedelta

        from torch.distributed import TCPStore

        host, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = TCPStore(host, port, is_master=False, timeout=timedelta(seconds=5))
        said = f"detente/said/{os.environ['TORCHELASTIC_RUN_ID']}/{os.environ.get('TORCHELASTIC_RESTART_COUNT', 0)}"
        return store.add(said, 1) == 1
    except Exception:  # the store is gone, and with it who could have said it
        return index() == 0
