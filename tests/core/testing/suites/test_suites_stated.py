"""What networks state about themselves, and that an inner latent is all that the rest of a generator sees."""

import pytest
from torch import nn

from detente.testing import kind
from detente.testing.laws import Broken
from detente.testing.suites.kind import Kind
from detente.testing.suites.stated import declared_layers_are_there, inner_latents_stand_for_the_latents
from detente.toys.mixture import MLP


class Mapped(nn.Module):
    abilities = frozenset({"mapping"})

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.mapping, self.net = nn.Tanh(), net

    def forward(self, z):
        return self.net(self.mapping(z))


class Unused(Mapped):
    def forward(self, z):
        return self.net(z)


class Beside(Mapped):
    def forward(self, z):
        return self.net(self.mapping(z)) + z[:, :2]


def of(generator: type[Mapped]) -> Kind:
    class Model(MLP):
        def build(self, space):
            nets = super().build(space)
            return nets._replace(generator=generator(nets.generator))

    k = kind("ring", sets=["data.size=400"])
    k.model = Model()
    return k


def test_a_generator_of_inner_latents_alone_keeps_both_laws_and_so_does_one_without_them():
    for k in (of(Mapped), kind("ring", sets=["data.size=400"])):
        inner_latents_stand_for_the_latents(k)
        declared_layers_are_there(k)


@pytest.mark.parametrize(("generator", "said"), [(Unused, "does not call"), (Beside, "uses more than what")])
def test_a_mapping_that_is_not_all_is_named(generator, said):
    with pytest.raises(Broken, match=said):
        inner_latents_stand_for_the_latents(of(generator))
