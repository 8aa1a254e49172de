"""Whose error it is: that of the regularizer in whose method it came up, which a user can remove."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType

import torch

from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.errors import DetenteError, UsageError, one_line


@contextmanager
def blamed(role: str, links: Sequence[Regularizer]) -> Iterator[None]:
    """Name the regularizer of a player that raises anything but our own errors.

    Raises:
        UsageError: with its place in a recipe, its method and its error.
    """
    try:
        yield
    except (DetenteError, torch.OutOfMemoryError, MemoryError):
        raise
    except Exception as error:
        for owner, method in reversed(list(_methods(error.__traceback__))):
            for link in links:
                if any(owner is module for module in link.modules()):
                    raise UsageError(
                        f"{role}.regularizers.{link.name}: its {method} fails ({one_line(error)}). Remove it, or "
                        "report this to whoever wrote it; -v shows where."
                    ) from error
        raise


@contextmanager
def blamed_in(*players: Player) -> Iterator[None]:
    """The same for the chains of several players."""
    if not players:
        yield
        return
    first, *others = players
    with blamed_in(*others), blamed(first.role, first.regularizer.links):
        yield


def _methods(trace: TracebackType | None) -> Iterator[tuple[object, str]]:
    """The objects whose methods an error came through, and the methods, the innermost last."""
    while trace is not None:
        frame = trace.tb_frame
        if frame.f_code.co_argcount and (first := frame.f_code.co_varnames[0]) in frame.f_locals:
            yield frame.f_locals[first], frame.f_code.co_name
        trace = trace.tb_next
