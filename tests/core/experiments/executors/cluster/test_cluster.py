"""What is sent to a cluster, and what it is asked for."""

import pytest

pytest.importorskip("ray", reason="Ray is not installed; `make install-dev` brings it")
import ray

from detente.errors import UsageError
from detente.experiments.executors.cluster import cluster as clusters
from detente.experiments.executors.cluster.cluster import Cluster, share
from detente.experiments.executors.cluster.nodes import Nodes
from searches import cell


@pytest.fixture
def cluster(monkeypatch) -> Cluster:
    """One that nobody connected to; what is put there is its reference."""
    monkeypatch.setattr(ray, "put", lambda what: what)
    made = object.__new__(Cluster)
    made.nodes, made.notes, made._refs, made._sent, made._checked = Nodes(), [], {}, {}, set()
    made._block, made._versions, made.processors, made.gpus = (), {}, 4, 0.0
    made.mailbox, made.asked = None, []

    def options(**how):
        made.asked.append(how)
        return type("", (), {"remote": staticmethod(lambda task, box: task)})

    made._train = type("", (), {"options": staticmethod(options)})
    return made


@pytest.mark.parametrize(("gpus", "processors", "each"), [(1, 4, 0.25), (8, 4, 1), (1, 3, 0.3333), (2, 100_000, 1e-4)])
def test_all_cells_together_have_no_more_gpus_than_there_are(gpus, processors, each):
    assert share(gpus, processors) == each


def test_a_cell_is_kept_from_bad_nodes_and_asks_for_a_gpu_only_where_there_are_some(cluster, tmp_path):
    one = cell(tmp_path)
    cluster.submit("k", one, {})
    cluster.nodes.alive = {"n1": "N1", "n2": "N2", "n3": "N3"}
    cluster.leave_out("n2", "torch is 1 there and 2 here")
    cluster.gpus = 2.0
    assert cluster.submit("k", one, {}).gpu
    (one.folder / "recipe.yaml").write_text("steps: 10\ndevice: cpu\n")
    assert not cluster.submit("k", one, {}).gpu
    name = str(one)
    label = {"label_selector": {"ray.io/node-id": "!in(n2)"}}
    assert cluster.asked == [{"name": name}, {"name": name, **label, "num_gpus": 0.5}, {"name": name, **label}]
    assert cluster.notes == ["node N2 is left out: torch is 1 there and 2 here"]


def test_a_users_data_go_along_once_with_the_cells_that_need_them(cluster, tmp_path):
    mine = tmp_path / "real" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("words")
    cells = [cell(tmp_path, seed) for seed in range(4)]
    for each in cells[:3]:
        (each.folder / "recipe.yaml").write_text("steps: 10\ndata: {name: lines, path: ./mine.txt}\n")
    for each in cells[:2]:  # the experiment knows where they are
        each.run.expect({"data": "abc", "typed": "./mine.txt", "path": str(mine)})
    tasks = [cluster.submit("k", each, {}) for each in cells]
    sent = [{n: c for n, c in task.shipped.items() if n.startswith("sent/")} for task in tasks]
    assert sent[0] == sent[1] == {tasks[0].data[1]: {"mine.txt": b"words"}}
    assert [task.data and task.data[0] for task in tasks] == [str(mine), str(mine), None, None]
    assert sent[2:] == [{}, {}]


def test_a_cluster_that_does_not_answer_is_said_with_what_to_do(monkeypatch):
    def init(**how):
        assert how["address"] == "nowhere:1" and "num_cpus" not in how
        raise ConnectionError("no answer")

    monkeypatch.setenv("RAY_ADDRESS", "nowhere:1")
    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(UsageError, match=r"RAY_ADDRESS=nowhere:1: cannot be reached .*no answer.* `ray start --head`"):
        clusters._connect(2)
