"""Executors by the names that a user has for them; each is imported when it is asked for."""

from collections.abc import Sequence

from detente.errors import UsageError, did_you_mean
from detente.experiments.executors.base import Executor

NAMES = ("local", "ray")


def executor(name: str | None, jobs: int | None = None, block: Sequence[str] = ()) -> Executor:
    """An executor.

    Args:
        name: `local`, which is the default, or `ray`.
        jobs: how many cells at a time; by default as many as there are processors.
        block: names of plugins that are not loaded where cells are trained.

    Raises:
        UsageError: there is none of this name, or not one place at least.
        MissingExtraError: what it needs is not installed.
    """
    if name in (None, "local"):
        from detente.experiments.executors.local import LocalExecutor

        return LocalExecutor(jobs, block)
    if name == "ray":
        from detente.experiments.executors.ray import RayExecutor

        return RayExecutor(jobs, block)
    raise UsageError(f"--executor {name}: must be one of {', '.join(NAMES)}.{did_you_mean(str(name), NAMES)}")
