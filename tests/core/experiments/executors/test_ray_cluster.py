"""A cluster of several nodes on this machine, with all that can happen to one in the middle of a study."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed; `make install-dev` brings it")
import ray
from ray.cluster_utils import Cluster
from test_ray import rows

from detente import plugins
from detente.errors import DetenteError
from detente.experiments import compare as study
from detente.experiments.executors.cluster.dispatcher import Dispatcher
from detente.experiments.executors.ray import RayExecutor

pytestmark = [pytest.mark.acceptance, pytest.mark.filterwarnings("ignore")]  # Ray's own, of its sockets and threads

ARMS, SEEDS = ["none", "r1", "l2", "clip-norm"], 10
SETS = ["checkpoint_every=40", "evaluate_every=100", "samples=200"]
STEPS = 120
BROKEN = """
import os, sys
if any("executors.server" in word or "executors.worker" in word for word in sys.orig_argv):
    os._exit(1)
"""


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False})
    yield made
    ray.shutdown()
    made.shutdown()


def compare(out: Path, **more) -> Path:
    how = {"sets": SETS, "flags": {"steps": STEPS}, "host": plugins.host(), **more}
    return study.compare(["ring"], ARMS, SEEDS, out=out, **how).parent / "results.csv"


def tasks_of(raylet: int) -> list[int]:
    """Processes of a node that train a cell now: Ray names them after their task."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            name = (place / "cmdline").read_bytes()
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if name.startswith(b"ray::ring / ") and parent == raylet:
            found.append(int(place.name))
    return found


def raylet_of(node) -> int:
    return node.all_processes["raylet"][0].process.pid


def test_forty_cells_survive_a_lost_node_a_killed_worker_and_a_node_that_always_fails(cluster, tmp_path, monkeypatch):
    local = rows(compare(tmp_path / "local", jobs=2))
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(BROKEN)
    path = os.pathsep.join([str(tmp_path / "broken"), os.environ.get("PYTHONPATH", "")])
    good, doomed = cluster.add_node(num_cpus=1), cluster.add_node(num_cpus=1)
    bad = cluster.add_node(num_cpus=1, env_vars={"PYTHONPATH": path})
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False, configure_logging=False)
    where: dict[str, list[str]] = {}
    began = Dispatcher._began

    def note(self, submission, node):
        if not submission.node:
            where.setdefault(node, []).append(str(submission.cell))
        began(self, submission, node)

    monkeypatch.setattr(Dispatcher, "_began", note)
    done: dict[str, str] = {}
    notes: list[str] = []

    def show(board):
        notes[:] = board.notes
        finished = board.count("finished")
        if "killed" not in done and finished >= 4 and (tasks := tasks_of(raylet_of(good))):
            os.kill(tasks[0], signal.SIGKILL)
            done["killed"] = str(tasks[0])
        under_way = {str(progress.cell) for progress in board.running if progress.step > 0}
        if "removed" not in done and finished >= 10 and (under_way & {*where.get(doomed.node_id, [])[-1:]}):
            cluster.remove_node(doomed, allow_graceful=False)
            done["removed"] = doomed.node_id

    try:
        there = rows(compare(tmp_path / "ray", executor=RayExecutor(), show=show))
    except DetenteError as error:
        pytest.fail("\n".join([str(error), *notes]))
    assert there == local
    assert len(there) == 40 and {row["status"] for row in there} == {"finished"}
    assert set(done) == {"killed", "removed"}
    said = "\n".join(notes)
    assert f"({bad.node_id[:8]}) is left out: the last 3 cells failed there" in said
    assert f"({doomed.node_id[:8]}) is gone" in said
    assert "of WorkerCrashedError" in said and "of NodeDiedError" in said
    assert 3 <= len(where[bad.node_id]) <= 6


def test_a_study_goes_on_where_it_was_when_its_driver_is_killed(cluster, tmp_path):
    local = rows(compare(tmp_path / "local", jobs=2))
    for _ in range(2):
        cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    out = tmp_path / "ray"
    words = ["compare", "ring", *(word for arm in ARMS for word in ("--reg", arm)), "--seeds", str(SEEDS)]
    words += ["--steps", str(STEPS), *(word for text in SETS for word in ("--set", text))]
    command = [sys.executable, "-m", "detente", *words, "--out", str(out), "--executor", "ray", "-q"]
    environment = {**os.environ, "RAY_ADDRESS": cluster.address}

    def finished() -> dict[Path, bytes]:
        records = {path: path.read_bytes() for path in out.rglob("run.json")}
        return {path: record for path, record in records.items() if b'"status": "finished"' in record}

    driver = subprocess.Popen(command, env=environment)
    until = time.monotonic() + 240
    while len(finished()) < 6:
        assert driver.poll() is None and time.monotonic() < until
        time.sleep(0.2)
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    before = finished()
    assert 6 <= len(before) < 40
    again = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert again.returncode == 0, again.stderr
    assert rows(out / "results.csv") == local
    assert {path: path.read_bytes() for path in before} == before
