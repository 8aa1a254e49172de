"""The one place that knows of other libraries' defects and absence: what fails to import by itself is imported here.

torchaudio's wheels are linked against CUDA. Beside a torch for CPUs alone `import torchaudio` raises OSError, and so
does much of transformers, which imports torchaudio wherever it finds it. Neither needs what is compiled in torchaudio:
the transforms that détente uses are written in Python.
"""

import importlib
import importlib.util
import io
import os
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from detente.errors import MissingExtraError

_EXTENSION = "torchaudio._extension"


def require(extra: str, *modules: str) -> None:
    """Make sure that the packages of an extra can be imported.

    Args:
        extra: its name.
        modules: those that the caller needs.

    Raises:
        MissingExtraError: one is missing; says what to install.
    """
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f"This part of détente needs {' and '.join(missing)}. Install the extra {extra!r}:"
            f" pip install 'detente[{extra}]'"
        )


def unencodable() -> None:
    """Have standard output and error write an escape for what their encoding has no bytes for, instead of failing.

    On Windows a redirected output is in cp1252, which has no “≥”; and no encoding has the bytes of file names that are
    not UTF-8.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def without_pydantic_plugins() -> None:
    """Have pydantic load none of its own plugins: any installed package may bring some, and nobody is asked."""
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")


def without_extensions() -> None:
    """Have torch and pydantic look for no extensions: one damaged entry_points.txt makes both raise when they do."""
    without_pydantic_plugins()
    os.environ.setdefault("TORCH_DEVICE_BACKEND_AUTOLOAD", "0")


def silent_threads(module: str) -> Callable[[], None]:
    """Have the threads of a module's classes end without a traceback on standard error; returns what undoes that.

    TensorBoard's writer raises an error in its own thread, where Python prints it, and again in the thread that writes.
    """
    before = threading.excepthook

    def told(args: threading.ExceptHookArgs) -> None:
        if type(args.thread).__module__ != module:
            before(args)

    def undo() -> None:
        if threading.excepthook is told:
            threading.excepthook = before

    threading.excepthook = told
    return undo


def torchaudio() -> ModuleType:
    """torchaudio, with its transforms; without its compiled parts where those cannot be loaded.

    Raises:
        ImportError: it is not installed.
    """
    prepare_torchaudio()
    return importlib.import_module("torchaudio")


def transformers() -> ModuleType:
    """transformers, whether or not the torchaudio beside it can be loaded.

    Raises:
        ImportError: it is not installed.
    """
    prepare_torchaudio()
    return importlib.import_module("transformers")


def prepare_torchaudio() -> None:
    """Where torchaudio's compiled parts cannot be loaded, put a stand-in in their place, so that the rest can."""
    if _EXTENSION in sys.modules or not _is_broken():
        return
    stand_in: Any = ModuleType(_EXTENSION)
    stand_in._IS_TORCHAUDIO_EXT_AVAILABLE = False
    stand_in._IS_ALIGN_AVAILABLE = False
    stand_in._check_cuda_version = lambda: None
    stand_in.fail_if_no_align = _missing
    sys.modules[_EXTENSION] = stand_in


def _is_broken() -> bool:
    """Whether torchaudio is there and its compiled parts are not; what the attempt imported is forgotten."""
    before = set(sys.modules)
    try:
        importlib.import_module("torchaudio")
    except ModuleNotFoundError:
        return False
    except (ImportError, OSError):
        for name in set(sys.modules) - before:
            if name.partition(".")[0] == "torchaudio":
                del sys.modules[name]
        return True
    return False


def _missing(function: Any) -> Any:
    """What marks functions that need the compiled parts."""

    def call(*args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(
            f"{getattr(function, '__name__', 'this')} needs torchaudio's compiled extension, which does not match "
            "the installed torch; install both for the same platform."
        )

    return call
