"""Who draws from the global random generators, or depends on them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from detente.testing.laws import Broken
from detente.testing.laws.process import TORCH, global_states

_RANDOM = ("rand", "normal", "uniform", "bernoulli", "exponential", "multinomial", "dropout", "geometric", "cauchy")


def seeded(seed: int) -> None:
    """Give the generators of torch, NumPy and Python another start."""
    torch.manual_seed(seed)
    numpy.random.seed(seed)  # noqa: NPY002
    random.seed(seed)


class _NoDraws(TorchDispatchMode):
    """Names who draws without a generator, also where a network was seeded before."""

    def __init__(self, who: str, instead: str) -> None:
        super().__init__()
        self.who, self.instead = who, instead

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = (*args, *(kwargs or {}).values())
        name = func.name().partition("::")[2]
        if name.startswith(_RANDOM) and not any(isinstance(one, torch.Generator) for one in given):
            raise Broken(f"{self.who} draws from torch's global generator ({name}); {self.instead}")
        return func(*args, **(kwargs or {}))


@contextmanager
def drawing_nothing(who: str, instead: str, calls_networks: bool = False) -> Iterator[None]:
    """Broken if anything inside draws from a global generator, or seeds one; what is put back afterwards is no harm.

    Args:
        who: the start of the verdict.
        instead: what to do about it.
        calls_networks: each call of a network seeds torch's generator, so that its draws are looked for instead.
    """
    before = global_states()
    with _NoDraws(who, instead) if calls_networks else nullcontext():
        yield
    for name, state in global_states().items():
        if state != before[name] and not (calls_networks and name == TORCH):
            raise Broken(f"{who}: {name} is drawn from or seeded; {instead}")
