"""Several processes in a group of torch's, which call one function each; all are started by a server that has torch."""

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist


def in_groups(call: Callable[[], Any], sizes: Sequence[int], folder: Path) -> list[list[Any]]:
    """What `call` returns in each process of a group, for groups of several sizes one after the other.

    Args:
        call: a function of a module.
        folder: where the groups meet.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["torch", "torch.distributed", call.__module__])
    workers, ends = [], []
    for rank in range(max(sizes)):
        end, theirs = context.Pipe()
        worker = context.Process(target=_work, args=(call, rank, sizes, folder, theirs), daemon=True)
        worker.start()
        theirs.close()
        workers.append(worker)
        ends.append(end)
    try:
        found = [[_answer(end) for end in ends[:size]] for size in sizes]
        for worker in workers:
            worker.join(60)
    finally:
        for worker in workers:
            worker.kill()
    return found


def _answer(end: Connection) -> Any:
    assert end.poll(240), "a process of the group does not answer"
    value = end.recv()
    if isinstance(value, BaseException):
        raise value
    return value


def _work(call: Callable[[], Any], rank: int, sizes: Sequence[int], folder: Path, end: Connection) -> None:
    torch.set_num_threads(1)
    for size in sizes:
        if rank >= size:
            continue
        dist.init_process_group("gloo", init_method=f"file://{folder}/{size}", rank=rank, world_size=size)
        try:
            end.send(call())
        except BaseException as error:
            end.send(RuntimeError(f"process {rank} of {size}: {type(error).__name__}: {error}"))
            raise
        dist.destroy_process_group()
