"""State of the whole process, which importing a plugin may not change: numbers do not depend on what is installed."""

import builtins
import logging
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

_log = logging.getLogger(__name__)
_UNKNOWN = object()
_COMPUTING = ("CUBLAS_", "CUDA_", "DETENTE_", "MKL_", "NVIDIA_", "OMP_", "OPENBLAS_", "PYTHON", "PYTORCH_", "TORCH_")
_OF_PYTHON = tuple(kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, Warning))
_NUMPY_ERRORS = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


class _Setting(NamedTuple):
    """One setting of the process: how it is read and put back, and its value in a process that has just begun."""

    get: Callable[[], Any]
    put: Callable[[Any], Any]
    fresh: Any = _UNKNOWN


@contextmanager
def unchanged(who: object) -> Iterator[None]:
    """Put back what changes inside, and name `who` for it in a warning.

    Watched are the working directory, the environment, the mode of new files, handlers of signals and of uncaught
    errors, standard error, what logging and warnings leave out, the random numbers of Python, NumPy and torch, what
    NumPy does at errors, and torch's default dtype, default device, precisions, autocast, denormal numbers, gradient
    mode, threads, kernels, hooks on all modules or optimizers, and modes that are deterministic or look for anomalies.
    What only the import brings in is compared with its value in a fresh process. Code that replaces functions of other
    packages is not seen.
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
        "standard error": _Setting(lambda: sys.stderr, lambda stream: setattr(sys, "stderr", stream)),
        "what logging leaves out": _Setting(lambda: logging.root.manager.disable, logging.disable),
        "which warnings are shown": _Setting(_Filters, _Filters.put),
        "the environment": _Setting(_Environment, _Environment.put),
        "the mode of new files (umask)": _Setting(_umask, os.umask),
        "what happens at uncaught errors": _Setting(
            lambda: sys.excepthook, lambda hook: setattr(sys, "excepthook", hook)
        ),
        "what happens at signals": _Setting(_handlers, _put_handlers),
        "Python's random numbers": _Setting(random.getstate, random.setstate),
    }
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and "numpy.random" in sys.modules:
        found["NumPy's random numbers"] = _Setting(lambda: _Numbers(numpy.random.get_state()), _Numbers.put)
        found["what NumPy does at errors"] = _Setting(numpy.geterr, lambda value: numpy.seterr(**value), _NUMPY_ERRORS)
    if torch is not None and "torch.backends.cudnn" in sys.modules:
        found |= _of_torch(torch)
    return found


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # somebody has deleted it
        return "."


def _umask() -> int:
    mask = os.umask(0o077)  # there is no other way to read it
    os.umask(mask)
    return mask


class _Environment:
    """The environment; variables that come new count where they decide how something is computed."""

    def __init__(self) -> None:
        self.all = dict(os.environ)

    def _counted(self, before: dict[str, str]) -> dict[str, str]:
        return {name: self.all[name] for name in self.all if name in before or name.startswith(_COMPUTING)}

    def __eq__(self, before: object) -> bool:
        return isinstance(before, _Environment) and self._counted(before.all) == before.all

    __hash__ = None  # type: ignore[assignment]

    def put(self) -> None:
        for name in _Environment()._counted(self.all).keys() - self.all.keys():
            del os.environ[name]
        os.environ.update(self.all)


def _handlers() -> dict[int, Any]:
    """What is called at each signal; those that were not set by Python's own means are None."""
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


def _put_handlers(before: dict[int, Any]) -> None:
    if threading.current_thread() is threading.main_thread():  # nobody else may set them, nor has
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) != handler:
                signal.signal(number, handler)


class _Filters:
    """Which warnings are shown, of all modules and texts: a package may well hide its own, or those of another."""

    def __init__(self) -> None:
        self.all: list[Any] = list(warnings.filters)

    def _of_all(self) -> list[Any]:
        return [one for one in self.all if one[1] is None and one[3] is None and one[2] in _OF_PYTHON]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Filters) and self._of_all() == other._of_all()

    __hash__ = None  # type: ignore[assignment]

    def put(self) -> None:
        now = _Filters()
        general = now._of_all()
        cast(list[Any], warnings.filters)[:] = [
            one for one in now.all if one not in general and one not in self.all
        ] + self.all
        with warnings.catch_warnings():  # which has Python notice, at its end
            pass


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
    backends, generator = torch.backends, torch.default_generator
    cuda, cudnn, mkldnn = backends.cuda, backends.cudnn, backends.mkldnn

    def device(value: Any) -> None:
        # A default device is a mode that every call passes through; that of a fresh process is none.
        torch.set_default_device(None if value == torch.device("cpu") else value)

    def flag(owner: Any, name: str, fresh: Any = _UNKNOWN) -> _Setting:
        return _Setting(lambda: getattr(owner, name), lambda value: setattr(owner, name, value), fresh)

    def autocast(kind: str) -> _Setting:
        return _Setting(
            lambda: torch.is_autocast_enabled(kind), lambda value: torch.set_autocast_enabled(kind, value), False
        )

    def for_all(get: Callable[[], Any], put: Callable[[Any], None], fresh: Any) -> _Setting:
        """One for several kinds of operations, which cannot be read while they differ."""

        def found() -> Any:
            try:
                return get()
            except RuntimeError:
                return None

        return _Setting(found, lambda value: None if value is None else put(value), fresh)

    of_devices = {"cuda": cuda.matmul, "mkldnn": mkldnn.matmul}
    of_devices |= {
        f"{n} {p}": getattr(m, p) for n, m in (("cudnn", cudnn), ("mkldnn", mkldnn)) for p in ("conv", "rnn")
    }
    return {
        # Each of them before the one for all.
        **{f"torch's precision of matrix products ({n})": flag(of, "fp32_precision") for n, of in of_devices.items()},
        "torch's hooks on all modules or optimizers": _Setting(*_hooks(torch)),
        "torch's default dtype": _Setting(torch.get_default_dtype, torch.set_default_dtype, torch.float32),
        "torch's default device": _Setting(torch.get_default_device, device, torch.device("cpu")),
        "torch's precision of matrix products": for_all(
            torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "highest"
        ),
        "cuDNN's precision": for_all(
            lambda: cudnn.allow_tf32, lambda value: setattr(cudnn, "allow_tf32", value), _UNKNOWN
        ),
        "torch's gradient mode": _Setting(torch.is_grad_enabled, torch.set_grad_enabled, True),
        "torch's deterministic algorithms": _Setting(
            torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, False
        ),
        "torch's random numbers": _Setting(
            lambda: generator.get_state().tolist(), lambda state: generator.set_state(torch.ByteTensor(state))
        ),
        "torch's autocast on CPUs": autocast("cpu"),
        "torch's autocast on GPUs": autocast("cuda"),
        "torch's denormal numbers": _Setting(lambda: _flushes(torch), torch.set_flush_denormal, False),
        "torch's search for anomalies": _Setting(torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly, False),
        "torch's number of threads": _Setting(torch.get_num_threads, torch.set_num_threads),
        "torch's kernels (mkldnn)": flag(mkldnn, "enabled", True),
        "torch's kernels (cudnn)": flag(cudnn, "enabled", True),
        "torch's kernels (flash attention)": _Setting(cuda.flash_sdp_enabled, cuda.enable_flash_sdp, True),
        "torch's kernels (plain attention)": _Setting(cuda.math_sdp_enabled, cuda.enable_math_sdp, True),
        "torch's kernels (nnpack)": _Setting(lambda: _nnpack(backends), backends.nnpack.set_flags, True),
        "torch's order of products in einsum": flag(backends.opt_einsum, "enabled"),
        "torch's search for an order of products": flag(backends.opt_einsum, "strategy"),
        "torch's kernels (lean attention)": _Setting(
            cuda.mem_efficient_sdp_enabled, cuda.enable_mem_efficient_sdp, True
        ),
        "torch's sums in half precision": flag(cuda.matmul, "allow_bf16_reduced_precision_reduction"),
        "cuDNN's benchmark mode": flag(cudnn, "benchmark", False),
        "cuDNN's deterministic mode": flag(cudnn, "deterministic", False),
    }


def _nnpack(backends: Any) -> bool:
    """Whether its kernels are used; setting it is the only public way to learn that."""
    (was,) = backends.nnpack.set_flags(True)
    backends.nnpack.set_flags(was)
    return bool(was)


def _hooks(torch: Any) -> tuple[Callable[[], Any], Callable[[Any], None], Any]:
    """How the hooks that every module or optimizer calls are read and put back, and that there are none at first."""
    owners = (torch.nn.modules.module, sys.modules.get("torch.optim.optimizer"))
    tables = [
        table
        for owner in owners
        for name, table in sorted(vars(owner).items() if owner else ())
        if name.startswith("_global_") and name.endswith("_hooks") and isinstance(table, dict)
    ]

    def put(before: list[dict[int, Any]]) -> None:
        for table, kept in zip(tables, before, strict=True):
            table.clear()
            table.update(kept)

    return lambda: [dict(table) for table in tables], put, [{} for _ in tables]


def _flushes(torch: Any) -> bool:
    """Whether numbers below the normal ones are taken for 0, which nobody can ask for."""
    smallest = torch.tensor([1e-39], dtype=torch.float32, device="cpu")
    return bool((smallest * 1).item() == 0)
