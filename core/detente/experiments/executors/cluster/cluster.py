"""A Ray cluster as a study uses it: connected to once, its nodes looked at, cells submitted to it as tasks."""

import logging
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from detente.errors import PluginError, UsageError, one_line
from detente.experiments.executors.cluster import remote, shipped
from detente.experiments.executors.cluster.nodes import Nodes, mismatch, versions
from detente.experiments.executors.cluster.transfer import Changes
from detente.experiments.executors.local import cpus
from detente.recipe.document import read
from detente.results.cells import Cell

ADDRESS = "RAY_ADDRESS"
"""Variable of the environment that names a cluster, as in all programs that use Ray."""
_SET = ("RAY_USAGE_STATS_ENABLED", "RAY_AUTH_MODE", "PYTHONBREAKPOINT")  # what Ray and we change of the environment
_PROBE = 90.0  # seconds that nodes have to say what is installed there
_NODE = "ray.io/node-id"  # the label that Ray gives each node


class Cluster:
    """A connection to a cluster, or to one of this machine alone that begins and ends with it.

    Args:
        jobs: processors of one that begins here; all that this process may use by default.
        block: names of plugins that are not loaded there.

    Attributes:
        nodes: what is known of them.
        processors: those of nodes that get cells, and `gpus` likewise.
        notes: what a person should know, since they were last taken.

    Raises:
        UsageError: no cluster answers.
        PluginError: no node has the versions of this machine.
    """

    def __init__(self, jobs: int | None, block: Sequence[str]) -> None:
        import ray

        self._block, self._versions = tuple(block), versions(block)
        self.nodes: Nodes[Cell] = Nodes()
        self.notes: list[str] = []
        self.processors, self.gpus = 0, 0.0
        self._refs: dict[str, Any] = {}
        self._sent: dict[str, str] = {}
        self._checked: set[str] = set()
        self._mine = not ray.is_initialized()
        self._environment = {name: os.environ.get(name) for name in _SET}
        if self._mine:
            _connect(jobs)
        self._train = ray.remote(num_cpus=1, max_retries=0)(remote.train)
        here = _on(ray.get_runtime_context().get_node_id())
        self.mailbox: Any = ray.remote(num_cpus=0)(remote.Mailbox).options(scheduling_strategy=here).remote()
        try:
            self.refresh()
            self._probe()
            self.refresh()
        except BaseException:
            self.close()
            raise
        where = os.environ.get(ADDRESS) if self._mine else "the one that was connected to"
        text = f"at {where}" if where else f"of this machine alone ({ADDRESS} names another)"
        self.notes.insert(0, f"Ray cluster {text}: {self.processors} processors on {len(self.nodes.good)} node(s).")

    def refresh(self) -> None:
        """See which nodes there are by now."""
        import ray

        found = {n["NodeID"]: n for n in ray.nodes() if n["Alive"] and n["Resources"].get("CPU", 0) >= 1}
        for node in [node for node in self.nodes.alive if node not in found]:
            self.notes.append(f"node {self.nodes.alive[node]} is gone")
        self.nodes.alive = {node: f"{n['NodeManagerHostname']} ({node[:8]})" for node, n in found.items()}
        good = [found[node]["Resources"] for node in self.nodes.good]
        self.processors = sum(int(resources["CPU"]) for resources in good)
        self.gpus = sum(resources.get("GPU", 0.0) for resources in good)

    def leave_out(self, node: str, why: str) -> None:
        """A node lacks something."""
        if node not in self.nodes.unfit:
            self.nodes.unfit[node] = why
            self.notes.append(f"node {self.nodes.alive.get(node, node[:8])} is left out: {why}")

    def submit(self, key: str, cell: Cell, files: Mapping[str, bytes | None]) -> Any:
        """Have an attempt made at a cell; a reference to a `remote.Done`.

        Raises:
            UsageError: its data cannot be sent.
        """
        gpu = self.gpus > 0 and read(cell.run.recipe).get("device", "auto") != "cpu"
        data = self._data(cell)
        task = remote.Task(
            key,
            str(cell.folder),
            os.getcwd(),
            files,
            self._versions,
            self._block,
            self._shipped(data),
            data=data,
            checked=frozenset(self._checked),
            gpu=gpu,
        )
        bad = ",".join(self.nodes.not_for(cell))
        how: dict[str, Any] = {"name": str(cell)}
        if bad:
            how["label_selector"] = {_NODE: f"!in({bad})"}
        if gpu:  # as many at a time as on one machine, where all share what there is
            how["num_gpus"] = share(self.gpus, self.processors)
        return self._train.options(**how).remote(task, self.mailbox)

    def close(self) -> None:
        """End the connection, if it is ours, and the cluster, if it is this machine's."""
        import ray

        self._refs.clear()
        if self._mine:
            ray.shutdown()
            for name, value in self._environment.items():
                os.environ.pop(name, None)
                os.environ.update({name: value} if value is not None else {})

    def _probe(self) -> None:
        """Compare the versions of all nodes with ours."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        look = ray.remote(num_cpus=0, max_retries=0)(remote.look)
        asked = {look.options(scheduling_strategy=_on(node)).remote(self._block): node for node in self.nodes.alive}
        if not asked:
            return
        answered, _ = ray.wait([*asked], num_returns=len(asked), timeout=_PROBE)
        for ref in answered:
            try:
                different = mismatch(self._versions, ray.get(ref))
            except RayTaskError as error:
                different = f"détente cannot be used there ({one_line(error.cause)})"
            except RayError:
                continue  # gone meanwhile, or about to be: the tasks that it gets come to nothing
            if different:
                self.leave_out(asked[ref], different)
            else:
                self._checked.add(asked[ref])
        if not self.nodes.fit:
            said = "; ".join(f"{self.nodes.alive[node]}: {why}" for node, why in self.nodes.unfit.items())
            raise PluginError(f"No node of the Ray cluster can train what is trained here. Install the same. {said}")

    def _shipped(self, data: tuple[str, str] | None) -> dict[str, Any]:
        """References to what cells may need, each put there once."""
        import ray

        for name, place in shipped.prepared().items():
            if name not in self._refs:
                self._refs[name] = ray.put(Changes(place).take())
        return {
            name: ref for name, ref in self._refs.items() if not shipped.is_sent(name) or (data and data[1] == name)
        }

    def _data(self, cell: Cell) -> tuple[str, str] | None:
        """The path of a user's own data, and the name under which a copy of them is sent."""
        import ray

        options, known = read(cell.run.recipe).get("data", {}), cell.run.identities
        typed = options.get("path") if isinstance(options, dict) else None
        path = known.get("path")
        if not typed or not path:  # a search over options of the data is bound to none: its nodes need the same disk
            return None
        if path not in self._sent:
            files = shipped.packed_files(Path(path))
            self._sent[path] = shipped.name_of(files)
            self._refs[self._sent[path]] = ray.put(files)
        return path, self._sent[path]


def share(gpus: float, processors: int) -> float:
    """Of a GPU for each cell, so that as many cells run at a time as there are processors; Ray counts in 1/10,000."""
    return max(1, min(10_000, int(10_000 * gpus / max(1, processors)))) / 10_000


def _connect(jobs: int | None) -> None:
    import ray
    from ray.exceptions import RayError

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster of ours reports to nobody
    logging.getLogger("ray").setLevel(logging.ERROR)
    address = os.environ.get(ADDRESS)
    how: dict[str, Any] = {"address": address} if address else {"address": "local", "num_cpus": jobs or cpus()}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(**how, include_dashboard=None if address else False, log_to_driver=False, configure_logging=False)
    except (ConnectionError, ValueError, RuntimeError, RayError) as error:
        fix = "start one there with `ray start --head`, or unset it for one of this machine alone"
        where = f"{ADDRESS}={address}" if address else "A Ray cluster on this machine"
        raise UsageError(f"{where}: cannot be reached ({one_line(error)}); {fix}.") from error
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # Ray puts its own there


def _on(node: str) -> Any:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return NodeAffinitySchedulingStrategy(node, soft=False)
