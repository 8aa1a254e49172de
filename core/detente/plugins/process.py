"""State of the whole process, which importing a plugin may not change: numbers do not depend on what is installed."""

import logging
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

_log = logging.getLogger(__name__)
_UNKNOWN = object()


class _Setting(NamedTuple):
    """One setting of the process: how it is read and put back, and its value in a process that has just begun."""

    get: Callable[[], Any]
    put: Callable[[Any], Any]
    fresh: Any = _UNKNOWN


@contextmanager
def unchanged(who: object) -> Iterator[None]:
    """Put back what changes inside, and name `who` for it in a warning.

    Watched are the working directory, the random numbers of Python, NumPy and torch, and torch's default dtype, default
    device, precision of matrix products, gradient mode and deterministic modes. What only the import brings in is
    compared with its value in a fresh process.
    """
    before = {name: setting.get() for name, setting in _settings().items()}
    try:
        yield
    finally:
        changed = []
        for name, setting in _settings().items():
            value = before.get(name, setting.fresh)
            if value is not _UNKNOWN and setting.get() != value:
                setting.put(value)
                changed.append(name)
        if changed:
            _log.warning("%s changed %s when it was imported; détente has put it back.", who, ", ".join(changed))


def _settings() -> dict[str, _Setting]:
    """Every setting of what is imported by now."""
    found = {
        "the working directory": _Setting(_working_directory, os.chdir),
        "Python's random numbers": _Setting(random.getstate, random.setstate),
    }
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and "numpy.random" in sys.modules:
        found["NumPy's random numbers"] = _Setting(lambda: _Numbers(numpy.random.get_state()), _Numbers.put)
    if torch is not None and "torch.backends.cudnn" in sys.modules:
        found |= _of_torch(torch)
    return found


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # somebody has deleted it
        return "."


class _Numbers:
    """The state of NumPy's generator, comparable."""

    def __init__(self, state: Any) -> None:
        self.state = state

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Numbers) and [str(part) for part in self._parts()] == [str(p) for p in other._parts()]

    __hash__ = None  # type: ignore[assignment]

    def _parts(self) -> list[Any]:
        name, keys, *rest = self.state
        return [name, keys.tobytes(), *rest]

    def put(self) -> None:
        sys.modules["numpy"].random.set_state(self.state)


def _of_torch(torch: Any) -> dict[str, _Setting]:
    cudnn, generator = torch.backends.cudnn, torch.default_generator

    def device(value: Any) -> None:
        # A default device is a mode that every call passes through; that of a fresh process is none.
        torch.set_default_device(None if value == torch.device("cpu") else value)

    def flag(owner: Any, name: str) -> _Setting:
        return _Setting(lambda: getattr(owner, name), lambda value: setattr(owner, name, value), False)

    return {
        "torch's default dtype": _Setting(torch.get_default_dtype, torch.set_default_dtype, torch.float32),
        "torch's default device": _Setting(torch.get_default_device, device, torch.device("cpu")),
        "torch's precision of matrix products": _Setting(
            torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest"
        ),
        "torch's gradient mode": _Setting(torch.is_grad_enabled, torch.set_grad_enabled, True),
        "torch's deterministic algorithms": _Setting(
            torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, False
        ),
        "torch's random numbers": _Setting(
            lambda: generator.get_state().tolist(), lambda state: generator.set_state(torch.ByteTensor(state))
        ),
        "cuDNN's benchmark mode": flag(cudnn, "benchmark"),
        "cuDNN's deterministic mode": flag(cudnn, "deterministic"),
    }
