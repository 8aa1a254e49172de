"""Trains cells on the machines of a Ray cluster, which share no disk: cells go out and come back as bytes.

This process has all there is to a study; tasks are plain and forgotten. It holds the lock of every cell that is under
way, writes what comes back into its folder, and sends the folder elsewhere when a machine or a process is lost. When it
is stopped or killed itself, the same command goes on from what has come back.
"""

from collections.abc import Sequence

from detente.compat import require
from detente.errors import UsageError
from detente.experiments.executors.base import Executor, Watcher
from detente.experiments.executors.cluster.cluster import Cluster
from detente.experiments.executors.cluster.dispatcher import Dispatcher
from detente.results.cells import Cell


class RayExecutor(Executor):
    """The cluster that RAY_ADDRESS names, or one of this machine alone.

    Args:
        jobs: how many cells at a time at most; as many as the cluster has processors by default.
        block: names of plugins that are not loaded there.

    Raises:
        MissingExtraError: Ray is not installed.
        UsageError: there is not one place at least.
    """

    def __init__(self, jobs: int | None = None, block: Sequence[str] = ()) -> None:
        require("ray", "ray")
        if jobs is not None and jobs < 1:
            raise UsageError(f"--jobs {jobs}: at least one worker is needed.")
        self._jobs, self._block = jobs, tuple(block)
        self._cluster: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        """Connected to when it is first needed."""
        if self._cluster is None:
            self._cluster = Cluster(self._jobs, self._block)
        return self._cluster

    @property
    def slots(self) -> int:  # type: ignore[override]
        return max(1, min(self.cluster.processors, self._jobs or self.cluster.processors))

    def run(self, cells: Sequence[Cell], watcher: Watcher) -> None:
        Dispatcher(cells, self.cluster, self._jobs, watcher).run()

    def close(self) -> None:
        if self._cluster:
            self._cluster.close()
            self._cluster = None
