"""The toys taken apart: a domain, its data, a model and networks."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from detente import plugins
from detente.domains.contracts import Data, Domain, Model, Networks
from detente.engine.sample import Sample, leaves
from detente.training.warmup import fresh as build

SOLVED = ("dirac", "bilinear", "linear-quadratic")
DEEP = ("ring", "grid", "pair", "critics", "tokens")
TOYS = (*SOLVED, *DEEP)


@dataclass(frozen=True)
class Parts:
    domain: Domain
    data: Data
    model: Model
    networks: Networks


def parts(name: str) -> Parts:
    host = plugins.host()
    data, model = (host.load(kind, name, name)() for kind in ("data", "model"))
    return Parts(host.load("domain", name)(), data, model, build(model, data.space, seed=0))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def logits(networks: Networks, x: Sample) -> tuple[Tensor, ...]:
    return leaves(networks.discriminator(x))


def parameters(networks: Networks) -> Iterator[nn.Parameter]:
    for net in networks:
        yield from net.parameters()
