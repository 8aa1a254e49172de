"""Workers that are forked from one process, which has imported everything: see `server`."""

import os
import signal
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress

from detente.experiments.executors.process import ONE_THREAD, Worker, blocking
from detente.files import appending
from detente.results.cells import Cell

_POLL = 0.01  # seconds between two looks at a worker that is being ended


def can_fork() -> bool:
    """Whether forking is safe here: elsewhere libraries of the system start threads of their own."""
    return sys.platform == "linux"


class ForkServer:
    """A process that forks workers, and ends at the latest when our own does.

    Args:
        block: names of plugins that workers must not load.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, block: Sequence[str]) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "detente.experiments.executors.server", str(theirs.fileno()), *blocking(block)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **ONE_THREAD},
                start_new_session=True,  # the terminal's Ctrl-C is the executor's to pass on
            )
        self.close = weakref.finalize(self, _close, self._process, self._requests)

    def begin(self, cell: Cell) -> "ForkedWorker":
        """Have a worker forked; that this cannot be done comes out as its `lost`."""
        return ForkedWorker(cell, self._requests, self.close)


def _close(process: subprocess.Popen[bytes], requests: socket.socket) -> None:
    requests.close()
    process.kill()  # it has nothing to save
    process.communicate()


class ForkedWorker(Worker):
    """A worker that a server forks.

    Args:
        cell: whose folder holds a recipe.yaml.
        requests: to the server.
        close: ends the server.
    """

    def __init__(self, cell: Cell, requests: socket.socket, close: Callable[[], object]) -> None:
        self.cell, self._close = cell, close
        self._pid: int | None = None
        self._code: int | None = None
        self._said = b""
        place = os.open(".", os.O_RDONLY)
        stdin, self._stdin = os.pipe()
        self._line, line = os.pipe()
        os.set_blocking(self._line, False)
        try:
            with appending(cell.run.log) as log:
                socket.send_fds(requests, [os.fsencode(cell.folder)], [place, stdin, log.fileno(), line])
        except OSError as error:
            self.lost = f"the process that forks them is gone ({error.strerror})"
        finally:
            for descriptor in (place, stdin, line):
                os.close(descriptor)

    @property
    def code(self) -> int | None:
        """Its exit code, or -SIGKILL where it is lost; None while it runs."""
        while self._code is None and not self.lost:
            try:
                found = os.read(self._line, 4096)
            except BlockingIOError:
                return None
            self._said += found
            *lines, self._said = self._said.split(b"\n")
            for key, _, value in (line.decode().partition(" ") for line in lines):
                if key == "pid":
                    self._pid = int(value)
                elif key == "code":
                    self._code = int(value)
                else:
                    self.lost = value
            if not found and self._code is None and not self.lost:
                self.lost = "the process that forks them was killed"
        return -signal.SIGKILL if self.lost else self._code

    def ask_to_stop(self) -> None:
        if self._stdin >= 0:
            os.close(self._stdin)
            self._stdin = -1

    def end(self) -> None:
        self.ask_to_stop()
        while self.code is None:
            if self._pid is None:  # not forked yet, or about to be
                self._close()
            else:
                with suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)
            time.sleep(_POLL)
        if self._line >= 0:
            os.close(self._line)
            self._line = -1
