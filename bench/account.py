"""Where the engine's microseconds go: what a step does beyond the loop by hand, timed piece by piece."""

import time
from collections.abc import Callable
from typing import Any

import torch

from bench.tables import Table, engine
from detente.engine.sample import as_input
from detente.engine.streams import Stream, enter, leave


def pieces(table: Table) -> list[tuple[str, int, float]]:
    """Name, times per step, and microseconds each, of the engine's own work in one default step."""
    game = engine(table)(0)
    batch = table.data.batch(torch.arange(table.batch))._replace(labels=None)
    D, device = game.discriminator, torch.device("cpu")
    fakes = game._generate(D, batch)
    stream = Stream(1)

    def entered() -> None:
        enter(stream, device)
        leave()

    return [
        ("stream of a turn, the latents, the noise, a forward", 7, _time(lambda: stream.at(3))),
        ("entering a network with its own noise", 4, _time(entered)),
        ("samples as leaves of the graph", 3, _time(lambda: as_input(batch.x))),
        ("the step that penalties look at", 2, _time(lambda: game._step(D, batch, fakes))),
        ("terms of the step, by name", 1, _time(game.terms)),
    ]


def _time(f: Callable[[], Any], repeats: int = 2000) -> float:
    f()
    started = time.process_time()
    for _ in range(repeats):
        f()
    return (time.process_time() - started) / repeats * 1e6
