"""Forks workers: `python -m detente.experiments.executors.server SOCKET [--no-plugin N]...`, on Linux.

Most of what a short cell costs is importing torch and what stands on it. This process does that once, starts no thread,
and then forks a worker for each request, always from the same clean state. A worker returns from `Server.serve`, and is
from there on what a process of `worker` is.

A request is the path of a cell's folder, with four descriptors: the working directory, the worker's standard input, its
log, and a pipe on which `ForkedWorker` is told lines: `pid N`, then `code N`; or `unfit` and why this process cannot be
forked. That pipe is open as long as server or worker live.

When a worker ends, modules are imported here that it has imported and others have not: those of its domain, say. They
are tried first in a fork that is thrown away, for a thread that one of them starts cannot be taken back; packages that
do such things are left to the workers.
"""

import atexit
import fcntl
import gc
import importlib
import json
import os
import select
import socket
import sys
import threading
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple, NoReturn

from detente.errors import DetenteError
from detente.experiments.executors import worker
from detente.plugins import discover
from detente.plugins.process import unchanged

TICK = 0.05  # seconds between two looks at the workers
TRIES = 4  # packages that do what a fork cannot bear, before all are left to the workers
_EVERYBODY = ("detente.training.trainer", "detente.training.loggers", "detente.recipe", "torch._dynamo")
"""What every worker imports; the optimizer does the last, when it is made."""


class Task(NamedTuple):
    """What a worker has to do: its cell's folder, and the file in which it notes what it has imported."""

    folder: str
    modules: int


@dataclass
class _Running:
    """A worker, from this side: its process, its line to the study, the file of its modules."""

    pid: int
    line: int
    modules: int


class State:
    """Whether this process can be forked: a fork has no threads, a broken CUDA, and files that it shares with others.

    Attributes:
        unfit: why it cannot, as a part of a sentence; empty where it can.
        culprit: what was imported when that was so first.
    """

    def __init__(self) -> None:
        self.unfit = self.culprit = ""
        self._open: dict[int, str] = {}

    def begin(self) -> None:
        """Something is about to be imported."""
        self._open = _descriptors()

    def check(self, what: str) -> None:
        """Look at the process after `what` was imported."""
        if self.unfit:
            return
        threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
        opened = sorted({name for fd, name in _descriptors().items() if self._open.get(fd) != name})
        torch = sys.modules.get("torch")
        if threads or len(os.listdir("/proc/self/task")) > 1:
            did = f"starts a thread{f' ({threads[0]})' if threads else ''}"
        elif torch is not None and torch.cuda.is_initialized():
            did = "initializes CUDA"
        elif opened:
            did = f"keeps {opened[0]} open"
        else:
            return
        self.unfit, self.culprit = f"importing {what} {did}", what


def _descriptors() -> dict[int, str]:
    """What is open, by descriptor."""
    found: dict[int, str] = {}
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):  # that of the list itself
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return found


class Server:
    """Serves requests for workers until the study is gone.

    Args:
        requests: from the study.
        state: of this process.
    """

    def __init__(self, requests: socket.socket, state: State) -> None:
        self._requests, self._state = requests, state
        self._running: list[_Running] = []
        self._left: set[str] = set()
        """Packages that workers import for themselves."""

    def serve(self) -> Task | None:
        """Returns in every worker, with what it has to do; here only when the study is gone, with None."""
        while True:
            ready, _, _ = select.select([0, self._requests], [], [], TICK)
            self._reap()
            if 0 in ready:
                return None
            if ready:
                folder, descriptors, _, _ = socket.recv_fds(self._requests, 1 << 16, 4, socket.MSG_CMSG_CLOEXEC)
                if not folder:
                    return None
                if task := self._fork(os.fsdecode(folder), *descriptors):
                    return task

    def _fork(self, folder: str, place: int, stdin: int, log: int, line: int) -> Task | None:
        if self._state.unfit:
            _tell(line, f"unfit {self._state.unfit}")
            _close(place, stdin, log, line)
            return None
        modules = os.memfd_create("modules")
        if pid := os.fork():
            self._running.append(_Running(pid, line, modules))
            _tell(line, f"pid {pid}")
            _close(place, stdin, log)
            return None
        os.setsid()  # as in a process of its own, down to the end of this method
        os.fchdir(place)
        for target, source in ((0, stdin), (1, log), (2, log)):
            os.dup2(source, target)
        _close(place, stdin, log, *(fd for other in self._running for fd in (other.line, other.modules)))
        self._requests.close()
        return Task(folder, modules)

    def _reap(self) -> None:
        for one in list(self._running):
            pid, status = os.waitpid(one.pid, os.WNOHANG)
            if pid:
                self._running.remove(one)
                _tell(one.line, f"code {os.waitstatus_to_exitcode(status)}")
                self._learn(one.modules)
                _close(one.line, one.modules)

    def _learn(self, file: int) -> None:
        """Import what a worker had to import."""
        os.lseek(file, 0, os.SEEK_SET)
        with open(file, encoding="utf-8", closefd=False) as noted:
            text = noted.read()
        with suppress(ValueError):  # it was killed, or met a limit
            if names := self._harmless(json.loads(text)):
                import_all(names, self._state)
                _settle()

    def _harmless(self, names: Iterable[str]) -> list[str]:
        """Those of them after whose import this process can still be forked."""
        for _ in range(TRIES):
            names = [name for name in names if _package(name) not in self._left]
            culprit = tried(names) if names else ""
            if not culprit:
                return names
            self._left.add(_package(culprit))
        self._left |= set(map(_package, names))
        return []


def import_all(names: Iterable[str], state: State) -> None:
    """Import modules as far as they can be, and look at what each does."""
    state.begin()
    with unchanged("a module"):
        for name in names:
            if name not in sys.modules and not state.unfit:
                with suppress(Exception, SystemExit):  # whoever needs it says so
                    importlib.import_module(name)
                state.check(name)


def tried(names: Sequence[str]) -> str:
    """The first of these modules after whose import no process could be forked; empty where all can be imported.

    That is found out in a fork, which ends then. Where it dies of it, all of them are to blame, and so is the first.
    """
    found = os.memfd_create("tried")
    if (pid := os.fork()) == 0:
        state = State()
        with suppress(BaseException):
            import_all(names, state)
            os.write(found, (state.culprit or "none").encode())
        os._exit(0)
    os.waitpid(pid, 0)
    culprit = os.pread(found, 4096, 0).decode()
    os.close(found)
    return {"none": "", "": names[0]}.get(culprit, culprit)


def _package(module: str) -> str:
    return module.partition(".")[0]


def _settle() -> None:
    """Have no collection in a worker touch, and so copy, what it shares with the others."""
    gc.collect()
    gc.freeze()


def _end_with_study() -> None:
    """Have the kernel end this process when its standard input is closed, whatever it is importing then."""
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)  # that is SIGIO
    if select.select([0], [], [], 0)[0]:  # it was before
        sys.exit()


def _tell(line: int, text: str) -> None:
    with suppress(OSError):  # the study is gone
        os.write(line, f"{text}\n".encode())


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def main(arguments: Sequence[str]) -> int:
    """Serve a study, or, in a worker, train a cell; returns an exit code."""
    requests, blocking = socket.socket(fileno=int(arguments[0])), arguments[1:]
    _end_with_study()
    state = State()
    import_all(_EVERYBODY, state)
    with suppress(DetenteError):  # workers say so themselves
        discover(blocking[1::2], loaded=lambda plugin: state.check(f"plugin {plugin}"))
    _settle()
    task = Server(requests, state).serve()
    if task is None:
        return 0
    known = set(sys.modules)
    sys.argv = [worker.__file__, task.folder, *blocking]
    _draw_anew()
    code: object = 1
    try:
        code = worker.main(sys.argv[1:])
    except SystemExit as stop:  # somebody's plugin
        code = stop.code
    except BaseException:
        traceback.print_exc()
    with suppress(OSError), open(task.modules, "w", encoding="utf-8") as file:
        json.dump([name for name in sys.modules if name not in known], file)
    _leave(code)


def _draw_anew() -> None:
    """Seed the global random numbers as each process of its own does; Python's see to that themselves."""
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.seed()
    if (torch := sys.modules.get("torch")) is not None:
        torch.default_generator.seed()


def _leave(code: object) -> NoReturn:
    """End as `sys.exit` does, but for taking apart what there is: that would copy what is shared, page by page."""
    if not isinstance(code, int | None):
        sys.stderr.write(f"{code}\n")
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads; multiprocessing ends its forks so, too
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code if isinstance(code, int) else code is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
