"""A `detente` that has imported everything: for tests with many commands, where starting is most of the cost.

`warm` starts a process that imports what most commands do, and gives a `detente` that has each command run in a fork of
it: with the caller's arguments, folder, environment and streams. The real start is tested elsewhere, and with the same
pages by `make acceptance`.
"""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

CLIENT = """#!{python} -SE
import json, os, socket, sys
line = socket.socket(socket.AF_UNIX)
line.connect({address!r})
what = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(line, [len(what).to_bytes(4, "big")], [0, 1, 2])
line.sendall(what)
code = line.recv(1)
sys.exit(code[0] if code else 1)
"""

IMPORTED = (
    "torch._dynamo",
    "scipy.stats",
    "detente.cli.app",
    "detente.recipe.loading",
    "detente.training.trainer",
    "detente.experiments.compare",
    "detente.report",
)


@cache
def warm() -> str:
    """The name of the command's file. The process ends when this one does: its standard input is a pipe from here."""
    folder = TemporaryDirectory(prefix="warm")  # a short name: it holds a socket
    atexit.register(folder.cleanup)
    address = f"{folder.name}/s"
    command = Path(folder.name, "detente")
    command.write_text(CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
    command.chmod(0o755)
    process = subprocess.Popen([sys.executable, __file__, address], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    atexit.register(process.communicate)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return str(command)


def _serve(address: str) -> None:
    for name in IMPORTED:
        __import__(name)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(address)
        door.listen()
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([0, door], [], [])
            if 0 in ready:
                return
            line, _ = door.accept()
            if not os.fork():
                door.close()
                os._exit(_command(line))
            line.close()
            with suppress(ChildProcessError):
                while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):  # those that have ended
                    pass


def _command(line: socket.socket) -> int:
    size, streams, _, _ = socket.recv_fds(line, 4, 3)
    left, said = int.from_bytes(size, "big"), b""
    while len(said) < left:
        said += line.recv(left - len(said))
    arguments, place, environment = json.loads(said)
    for target, source in enumerate(streams):
        os.dup2(source, target)
        os.close(source)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(fd, mode, closefd=False) for fd, mode in enumerate("rww"))
    os.chdir(place)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["detente", *arguments]
    known = [str(Path(entry or ".").resolve()) for entry in sys.path]
    sys.path[1:1] = [entry for entry in os.environ.get("PYTHONPATH", "").split(":") if entry and entry not in known]
    from detente.cli import main

    try:
        code = main()
    except SystemExit as end:
        code = end.code
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    code = code if isinstance(code, int) else int(bool(code))
    line.sendall(bytes([code]))
    return code


if __name__ == "__main__":
    _serve(sys.argv[1])
