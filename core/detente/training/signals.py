"""Handling of signals that stop a process."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

STOP = (signal.SIGINT, signal.SIGTERM)
"""The signals that ask for a stop: Ctrl-C, and what `kill` and schedulers send."""


@contextmanager
def on_signal(react: Callable[[int], None], *numbers: signal.Signals) -> Iterator[None]:
    """Have signals call `react` with their number meanwhile; the handlers from before come back afterwards.

    Outside the main thread this does nothing: whoever runs us there handles signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: dict[Any, Any] = {s: signal.signal(s, lambda number, frame: react(number)) for s in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
