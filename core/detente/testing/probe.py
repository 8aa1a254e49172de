"""A step without a game around it: what a test or a law needs to look at one penalty alone."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from detente.domains.contracts import Data, Domain
from detente.engine.forward import call, embedding_stage, feature_stages
from detente.engine.objectives import NonSaturating, Objective
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Sample, Space, as_input, batch_size, leaves
from detente.engine.step import Moment, Role, Step
from detente.engine.streams import Stream
from detente.errors import UsageError


class Plain(Domain):
    """A domain that knows nothing but tensors."""

    name = "plain"

    def features(self, x: Sample) -> Tensor:
        return torch.cat([leaf.flatten(1) for leaf in leaves(x)], 1)

    def preview(self, x: Sample, path: object) -> None:
        raise UsageError("probe: tensors have no preview. Give probe the domain whose samples they are.")

    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Sample:
        raise UsageError("probe: tensors have no baseline. Give probe the domain whose samples they are.")


class Linear(nn.Module):
    """The critic D(x) = ⟨w, x⟩, over all leaves and dimensions of x jointly."""

    def __init__(self, w: Tensor) -> None:
        super().__init__()
        self.w = nn.Parameter(w.clone())

    def forward(self, x: Sample) -> Tensor:
        return torch.cat([leaf.flatten(1) for leaf in leaves(x)], 1) @ self.w


class Matrix(nn.Module):
    """The generator G(z) = A z."""

    def __init__(self, A: Tensor) -> None:
        super().__init__()
        self.A = nn.Parameter(A.clone())

    def forward(self, z: Tensor) -> Tensor:
        return z @ self.A.T


def probe(
    critic: nn.Module,
    real: Sample,
    fake: Sample | None = None,
    *,
    generator: nn.Module | None = None,
    z: Sample | None = None,
    turn: Role = "discriminator",
    objective: Objective | None = None,
    domain: Domain | None = None,
    space: Space | None = None,
    name: str = "probe",
    t: int = 0,
    lr: float = 0.1,
    seed: int = 0,
    augment: Callable[[Sample, Stream], Sample] | None = None,
    autocast: torch.dtype | None = None,
    labels: Tensor | None = None,
) -> Step:
    """The step that a regularizer called `name` would see in one turn on these samples [B, ...].

    Without `fake` the samples are G(z); then `generator` and `z` are needed. In the generator's turn they are attached.

    Raises:
        UsageError: there is neither a fake sample nor what makes one.
    """
    domain = domain or Plain()
    root = Stream(seed).at(turn, t)
    noise = Stream(seed).at("noise", t)
    if fake is None:
        if generator is None or z is None:
            raise UsageError("probe: got neither fake samples nor what makes some. Give fake=, or generator= and z=.")
        made: Sample = call(generator, z, labels, noise)
        fake = made
    if z is None:
        first = leaves(real)[0]
        z = torch.zeros(batch_size(real), 1, dtype=first.dtype, device=first.device)
    return Step(
        turn=turn,
        generator=generator or nn.Identity(),
        discriminator=critic,
        objective=objective or NonSaturating(),
        domain=domain,
        real=as_input(real),
        fake=fake if turn == "generator" else as_input(fake),
        z=z,
        labels=labels,
        m=Moment(t, root, domain, lr),
        augment=augment,
        root=root,
        noise=noise,
        space=space,
        embedding=embedding_stage(critic),
        features=feature_stages(critic),
        autocast=autocast,
    ).seen_by(name)


def moment(t: int = 0, lr: float = 0.1, seed: int = 0, name: str = "probe") -> Moment:
    """A moment of the same kind, for the points that see no step."""
    return Moment(t, Stream(seed).at("discriminator", t), Plain(), lr).of(name)


def value(regularizer: Regularizer, step: Step) -> Tensor:
    """The penalty's value; an error if it does not fire."""
    found = regularizer.penalty(step)
    if found is None:
        raise UsageError(
            f"{regularizer.name}: has no penalty at update {step.m.t}. Probe an update at which it fires, with t=."
        )
    return found
