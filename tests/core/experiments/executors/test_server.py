"""What a worker finds that is forked: what one finds that begins with nothing, and no leftovers of others."""

import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from detente.experiments.executors import worker
from detente.experiments.executors.forked import ForkServer
from detente.experiments.executors.process import ONE_THREAD, WorkerProcess
from forks import PYTHON, code
from searches import cell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")

LOOK = """
import locale, os, random, signal, sys, threading, time, warnings
from decimal import getcontext
def found(folder):
    import numpy, torch, torch._dynamo
    import detente.training.trainer
    state = {
        "arguments": [os.path.basename(sys.argv[0]), *sys.argv[1:]],
        "place": os.getcwd(), "path": sys.path[1:], "environment": {k: v for k, v in os.environ.items() if k != "_"},
        "session": os.getsid(0) == os.getpid() == os.getpgid(0),
        "files": sorted((fd, kind(fd)) for fd in map(int, os.listdir("/proc/self/fd")) if exists(fd)),
        "streams": [(s.encoding, s.errors, s.isatty(), s.line_buffering) for s in (sys.stdin, sys.stdout, sys.stderr)],
        "signals": {str(s): str(signal.getsignal(s)).split(" at ")[0] for s in signal.valid_signals()},
        "mask": sorted(map(str, signal.pthread_sigmask(signal.SIG_BLOCK, []))), "wakes": signal.set_wakeup_fd(-1),
        "threads": [t.name for t in threading.enumerate()], "kernel": len(os.listdir("/proc/self/task")),
        "warnings": [str(w) for w in warnings.filters if "torch" not in str(w)],
        "torch": [str(torch.get_default_dtype()),
                  torch.get_num_threads(), torch.is_grad_enabled(), torch.get_float32_matmul_precision(),
                  torch.are_deterministic_algorithms_enabled(), torch.cuda.is_initialized()],
        "umask": os.umask(0o22), "nice": os.nice(0), "locale": locale.setlocale(locale.LC_ALL),
        "precision": getcontext().prec, "limits": sys.getrecursionlimit(), "switches": sys.getswitchinterval(),
        "main": threading.main_thread() is threading.current_thread(), "collects": __import__("gc").isenabled(),
        "random": [random.random(), float(numpy.random.rand()), torch.rand(()).item()],
        "host": detente.plugins.host.__module__ and __import__("detente.plugins.host", fromlist=["x"])._host is None,
        "handlers": len(__import__("logging").getLogger().handlers),
        "leftovers": [getattr(random, "left", None), os.environ.get("LEFT"),
                      "tabnanny" in sys.modules, "restless" in sys.modules],
        "peak": int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) // 1024,
    }
    return state
def exists(fd):
    try: os.fstat(fd)
    except OSError: return False
    return True
def kind(fd):
    import stat
    return stat.S_IFMT(os.fstat(fd).st_mode)
def leave():
    import tabnanny, restless, numpy, torch
    random.left, os.environ["LEFT"] = 1, "1"
    random.seed(0), numpy.random.seed(0), torch.manual_seed(0), torch.set_default_dtype(torch.float64)
    os.chdir("/"), warnings.simplefilter("error"), signal.signal(signal.SIGTERM, signal.SIG_IGN)
    kept = open(__file__), os.dup(0), bytearray(500_000_000)
    print("unfinished", end="")
    return kept
"""
RESTLESS = "import threading, time; threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
STUB = """
    import json, look
    from pathlib import Path
    folder = Path(arguments[0])
    (folder / "found.json").write_text(json.dumps(look.found(folder)))
    kept = look.leave()
    return 0
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What workers found: one that began with nothing, and three that were forked one after the other."""
    place = tmp_path_factory.mktemp("look")
    (place / "look.py").write_text(LOOK)
    (place / "restless.py").write_text(RESTLESS)
    cells = [cell(place, seed) for seed in range(4)]
    work = f"def work(arguments):{textwrap.indent(textwrap.dedent(STUB), '    ')}\n"
    begun = place / "worker.py"
    begun.write_text(f"import sys\n{work}\nsys.exit(work(sys.argv[1:]))\n")
    server = place / "serve.py"
    server.write_text(
        f"import sys\n{work}\nfrom detente.experiments.executors import server\n"
        "server.worker.main = work\nsys.exit(server.main(sys.argv[1:]))\n"
    )
    script = place / "stand-in"
    script.write_text(
        f'#!/bin/sh\nfile={server}; case $2 in *worker) file={begun};; esac; shift 2; exec {PYTHON} "$file" "$@"\n'
    )
    script.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(script))
        patch.setenv("PYTHONPATH", f"{place}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        own = WorkerProcess(cells[0], ["text"])
        forks = ForkServer(["text"])
        codes = [code(own), *(code(forks.begin(one)) for one in cells[1:])]
        forks.close()
    assert codes == [0, 0, 0, 0], [one.run.log.read_text() for one in cells]
    assert all(one.run.log.read_text().startswith("unfinished") for one in cells)
    return [json.loads((one.folder / "found.json").read_text()) for one in cells]


@pytest.mark.slow
def test_a_forked_worker_finds_what_one_finds_that_begins_with_nothing(found):
    own, *forked = found
    for each in forked:
        assert each["arguments"][1].rsplit("/", 1)[0] == own["arguments"][1].rsplit("/", 1)[0]
        for key in own.keys() - {"arguments", "random", "peak", "leftovers", "files"}:
            assert each[key] == own[key], key
        assert [each["arguments"][0], *each["arguments"][2:]] == [own["arguments"][0], *own["arguments"][2:]]
        # Beside those, the line on which its end is told, and the file for what it imported.
        assert each["files"][:3] == own["files"]
        assert [kind for _, kind in each["files"][3:]] == [stat.S_IFIFO, stat.S_IFREG]
    assert own["environment"].items() >= ONE_THREAD.items()
    assert own["torch"][1] == own["kernel"] == 1


def test_a_forked_worker_finds_no_leftovers_but_modules(found):
    assert [each["leftovers"] for each in found] == [
        [None, None, False, False],
        [None, None, False, False],
        [None, None, True, False],  # what one had to import the next one finds imported, but for what starts a thread
        [None, None, True, False],
    ]


def test_global_random_numbers_are_not_the_same_in_two_workers(found):
    assert len({number for each in found for number in each["random"]}) == 12


def test_the_memory_of_a_forked_worker_is_its_own(found):
    own, *forked = (each["peak"] for each in found)
    # Nobody has the 500 MB that the one before held; and what is shared is counted, but for files not looked at.
    assert all(0.6 * own < each < 1.2 * own for each in forked), (own, forked)


def test_what_workers_are_called_is_told_as_one_that_begins_with_nothing_is(found):
    assert {each["arguments"][0] for each in found} == {"worker.py"} == {Path(worker.__file__).name}


@pytest.mark.parametrize(
    ("names", "culprit"),
    [
        (["tabnanny", "no_such_module"], ""),
        (["tabnanny", "restless", "quiet"], "restless"),
        (["quiet", "keeps_open"], "keeps_open"),
        (["ends_all", "quiet"], "ends_all"),
    ],
)
def test_modules_are_tried_in_a_fork_that_is_thrown_away(tmp_path: Path, names: list[str], culprit: str) -> None:
    (tmp_path / "restless.py").write_text(RESTLESS)
    (tmp_path / "quiet.py").write_text("")
    (tmp_path / "keeps_open.py").write_text("kept = open(__file__)\n")
    (tmp_path / "ends_all.py").write_text("import os; os.abort()\n")
    look = (
        "import sys, json\nfrom detente.experiments.executors.server import tried\n"
        f"found = tried({names!r})\n"
        "print(json.dumps([found, sorted({'restless', 'quiet', 'tabnanny'} & set(sys.modules))]))"
    )
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": path}
    )
    assert json.loads(done.stdout) == [culprit, []]
