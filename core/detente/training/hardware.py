"""In what form networks compute: precision, memory format, compilation; what suits this machine."""

import os
import shutil
import warnings
from collections.abc import Mapping
from typing import Literal

import torch

from detente.checks.processor import bfloat16_unit
from detente.domains.contracts import Networks
from detente.engine.game import Game
from detente.engine.player import NO_SECOND_DERIVATIVE
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Sample, each
from detente.engine.step import Role
from detente.errors import UsageError

PRECISIONS: Mapping[str, tuple[torch.dtype, torch.dtype | None]] = {
    "fp32": (torch.float32, None),
    "bf16": (torch.float32, torch.bfloat16),
    "fp64": (torch.float64, None),
}
"""What weights and samples are, and what networks compute in where it is something else."""

Compiled = Literal["generator", "discriminator", "both"]


def channels_last(x: Sample) -> Sample:
    """Samples of pictures with their channels last in memory; others as they are."""
    return each(lambda leaf: leaf.contiguous(memory_format=torch.channels_last) if leaf.dim() == 4 else leaf, x)


def lay_out(networks: Networks) -> None:
    """Keep the weights of 2-D convolutions with their channels last in memory; no number changes.

    Raises:
        UsageError: there are none.
    """
    parameters = [p for net in networks for p in net.parameters()]
    if not any(p.dim() == 4 for p in parameters):
        raise UsageError(
            "channels_last: these networks have no 2-D convolutions, so it would do nothing. Leave it out, or choose "
            "an architecture of pictures."
        )
    for net in networks:
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def check_compiled(game: Game, which: Compiled, device: torch.device, processes: int = 1) -> None:
    """Whether these networks can be compiled under these regularizers, on this machine.

    Raises:
        UsageError: a regularizer takes a second derivative of one of them, there is no compiler, or there are several
            processes.
    """
    if processes > 1:
        raise UsageError("compile: this has not been tried with several processes. Leave it out, or use one process.")
    for role in _roles(which):
        for player in (game.generator, game.discriminator):
            for link in player.regularizer.links:
                if not link.is_off() and role in _differentiated(link, player.role):
                    other: Role = "generator" if role == "discriminator" else "discriminator"
                    instead = f" Or compile the other one: --set compile={other}." if which == "both" else ""
                    raise UsageError(f"{player.role}.regularizers.{link.name}: {NO_SECOND_DERIVATIVE}{instead}")
    if device.type == "cpu" and not _compiler():
        raise UsageError(
            "compile: this needs a C++ compiler, and none is installed. Install g++ or clang, or leave it out."
        )


def compile_networks(game: Game, which: Compiled, backend: str = "inductor") -> None:
    """Compile networks in place: their names, weights and copies stay what they are.

    Random numbers are drawn as without compilation.
    """
    # The compiler asks every weight for its gradient, also those that a regularizer computes from others.
    warnings.filterwarnings("ignore", message=r"The \.grad attribute of a Tensor that is not a leaf")
    options = {"fallback_random": True} if backend == "inductor" else None
    for role in _roles(which):
        game.player(role).network.compile(backend=backend, options=options)


def _roles(which: Compiled) -> tuple[Role, ...]:
    return ("generator", "discriminator") if which == "both" else (which,)


def _differentiated(link: Regularizer, role: Role) -> set[Role]:
    """The networks of which a regularizer of this player takes second derivatives."""
    passes = link.passes(role)
    if not passes.gradient:
        return set()
    if link.couples:
        return {"generator", "discriminator"}
    if role == "generator" and not passes.critic:
        return {"generator"}
    return {"discriminator"}


def _compiler() -> str | None:
    names = [os.environ.get("CXX"), "g++", "clang++", "cl"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


def processor() -> str:
    """What the processor can do with bfloat16, and what follows for training; for a person to read."""
    unit = bfloat16_unit()
    if unit is None:
        return "unknown here; time `--precision bf16 --channels-last` against neither"
    if not unit:
        return "no bfloat16: stay with --precision fp32"
    return f"bfloat16 in {unit}: for pictures try --precision bf16 --channels-last"
