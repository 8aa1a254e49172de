"""Checkpoints: everything the next update depends on, written whole or not at all, read without running code."""

import pickle
import warnings
from pathlib import Path
from typing import Any

import torch

from detente.errors import UsageError
from detente.files import replace_atomically

CHECKPOINT_FORMAT = 1


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors, numbers, strings, lists, dicts) under `path`.

    Raises:
        OSError: the disk is full or the folder cannot be written; nothing of the old state is lost.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_atomically(path, lambda partial: _save({"format": CHECKPOINT_FORMAT, **state}, partial))


def _save(state: dict[str, Any], path: Path) -> None:
    try:
        with path.open("wb") as file:
            torch.save(state, file)
    except RuntimeError as error:
        # What the file said is lost on the way through torch: a full disk becomes "unexpected pos 25024 vs 24976".
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; tensors and plain values only, on the CPU.

    Raises:
        UsageError: it is damaged, holds anything but data, or has a format that this version does not know.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of files that are not its own; the errors below say more
            state = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, OSError, pickle.UnpicklingError, ValueError, KeyError) as error:
        raise UsageError(
            f"{path}: cannot be read as a checkpoint ({type(error).__name__}); use an older one in the same folder."
        ) from error
    if not isinstance(state, dict) or state.get("format") != CHECKPOINT_FORMAT:
        found = state.get("format") if isinstance(state, dict) else type(state).__name__
        raise UsageError(
            f"{path}: has checkpoint format {found!r}, this version reads {CHECKPOINT_FORMAT}; use the version "
            "of détente that wrote it."
        )
    return state


def checkpoints(folder: Path) -> list[Path]:
    """The finished checkpoints in a folder, newest last."""
    return sorted(folder.glob("step-*.pt"))


def prune(folder: Path, keep: int = 2) -> None:
    """Delete all but the newest `keep`."""
    for old in checkpoints(folder)[:-keep]:
        old.unlink(missing_ok=True)
