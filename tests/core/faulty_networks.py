"""Models with one planted fault each; `MODELS` names the law that must catch each."""

import random

import numpy
import torch
from torch import Tensor, nn

from detente import Networks, Space
from detente.toys.mixture import MLP


class GlobalLatents(MLP):
    def latents(self, n: int, generator: torch.Generator) -> Tensor:
        return torch.randn(n, self.latent_dim)


class NumpyWeights(MLP):
    def build(self, space: Space) -> Networks:
        nets = super().build(space)
        with torch.no_grad():
            for p in nets.generator.parameters():
                p.add_(0.01 * torch.from_numpy(numpy.random.randn(*p.shape)))  # noqa: NPY002
        return nets


class SeedsItself(MLP):
    def build(self, space: Space) -> Networks:
        torch.manual_seed(0)
        return super().build(space)


class WithoutGradients(MLP):
    def build(self, space: Space) -> Networks:
        nets = super().build(space)
        torch.set_grad_enabled(False)
        return nets


class SharedLayer(MLP):
    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        d.register_parameter("also", next(g.parameters()))
        return Networks(g, d)


class Around(nn.Module):
    """A network with something around it."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net


class NumpyNoise(MLP):
    class Noisy(Around):
        def forward(self, x: Tensor) -> Tensor:
            return self.net(x) + 0.1 * random.random()

    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        return Networks(self.Noisy(g), d)


class Counter(MLP):
    class Counting(Around):
        def __init__(self, net: nn.Module) -> None:
            super().__init__(net)
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, x: Tensor) -> Tensor:
            self.calls += 1
            return self.net(x)

    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        return Networks(g, self.Counting(d))


class Neighbours(MLP):
    class Mixed(Around):
        def forward(self, x: Tensor) -> Tensor:
            return self.net(x - x.mean(0))

    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        return Networks(g, self.Mixed(d))


class BlindCritic(MLP):
    class Blind(Around):
        def forward(self, x: Tensor) -> Tensor:
            return self.net(x.detach())

    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        return Networks(g, self.Blind(d))


class IdleLayer(MLP):
    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        g.add_module("unused", nn.Linear(3, 3))
        return Networks(g, d)


class BlindGenerator(MLP):
    class Same(Around):
        def forward(self, z: Tensor) -> Tensor:
            return self.net(torch.zeros_like(z))

    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        return Networks(self.Same(g), d)


class LostOffset(MLP):
    class Shifted(Around):
        def __init__(self, net: nn.Module) -> None:
            super().__init__(net)
            self.offset = torch.randn(2)

        def forward(self, z: Tensor) -> Tensor:
            return self.net(z) + self.offset

    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        return Networks(self.Shifted(g), d)


class MisnamedLayer(MLP):
    def build(self, space: Space) -> Networks:
        nets = super().build(space)
        nets.discriminator.output_layers = ("last",)
        return nets


class Bypassed(MLP):
    class Shortcut(Around):
        abilities = frozenset({"mapping"})

        def __init__(self, net: nn.Module) -> None:
            super().__init__(net)
            self.mapping = nn.Tanh()

        def forward(self, z: Tensor) -> Tensor:
            return self.net(self.mapping(z) + 0.1 * z)

    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        return Networks(self.Shortcut(g), d)


class Forgetful(MLP):
    """Its generator counts its calls where no checkpoint finds it: the law of a whole run is for such."""

    class Ageing(Around):
        age = 0

        def forward(self, z: Tensor) -> Tensor:
            if self.training:
                self.age += 1
            return self.net(z) + 0.01 * self.age

    def build(self, space: Space) -> Networks:
        g, d = super().build(space)
        return Networks(self.Ageing(g), d)


MODELS = {
    GlobalLatents: "latents_come_from_the_given_generator",
    NumpyWeights: "networks_depend_on_the_seed_alone",
    SeedsItself: "networks_depend_on_the_seed_alone",
    WithoutGradients: "building_leaves_the_process_alone",
    SharedLayer: "networks_share_nothing",
    NumpyNoise: "networks_draw_from_the_announced_stream",
    Counter: "calls_write_no_state",
    Neighbours: "each_sample_by_itself",
    BlindCritic: "gradients_reach_everything_that_is_trained",
    IdleLayer: "gradients_reach_everything_that_is_trained",
    BlindGenerator: "the_generator_uses_its_latents",
    LostOffset: "a_saved_network_is_the_whole_network",
    MisnamedLayer: "declared_layers_are_there",
    Bypassed: "inner_latents_stand_for_the_latents",
}
