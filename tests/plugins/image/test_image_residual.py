"""Residual blocks: the identity at the start, and how wide they are."""

import pytest
import torch
from torch import nn

from detente import Networks, UsageError
from detente_image.networks import ResNet
from images import space
from seeded import seeded


def built(size: int = 32, **options: int) -> Networks:
    torch.manual_seed(0)
    return ResNet(**{"width": 4, "group": 2, **options}).build(space(3, size))


def blocks(net: nn.Module) -> list[nn.Module]:
    return [block for stage in net.stages for block in stage]


def test_every_block_starts_as_the_identity():
    seen = 0
    for net in built(blocks=2):
        for block in blocks(net):
            x = torch.randn(2, block.enter.in_channels, 5, 5, generator=seeded())
            assert torch.equal(block(x), x)
            seen += 1
    assert seen == 2 * 2 * 3


def test_a_block_that_starts_as_the_identity_learns_from_its_last_layer_on():
    critic = built().discriminator
    critic(torch.randn(4, 3, 32, 32, generator=seeded())).square().sum().backward()
    for block in blocks(critic):
        assert block.leave.weight.grad.abs().sum() > 0
        assert not block.enter.weight.grad.any() and not block.mix.weight.grad.any()


def test_a_block_is_a_bottleneck_beside_its_input():
    block = blocks(built().discriminator)[1]
    with torch.no_grad():
        block.leave.weight.normal_(generator=seeded())
    x = torch.randn(2, 8, 5, 5, generator=seeded(1))
    leaky = nn.LeakyReLU(0.2)
    torch.testing.assert_close(block(x), x + block.leave(leaky(block.mix(leaky(block.enter(x))))))


def test_maps_double_inwards_but_eightfold_at_most():
    made = built(256)
    widths = [4, 8, 16, 32, 32, 32]
    assert [block.enter.in_channels for block in blocks(made.discriminator)] == widths
    assert [block.enter.in_channels for block in blocks(made.generator)] == widths[::-1]


def test_convolutions_are_grouped_and_the_last_has_a_filter_for_each_map():
    made = built(group=4, width=8)
    assert [block.mix.groups for block in blocks(made.discriminator)] == [2, 4, 8]
    gather = made.discriminator.gather
    assert gather.groups == gather.in_channels == 32
    assert gather.weight.shape == (32, 1, 4, 4)


@pytest.mark.parametrize("count", [1, 3])
def test_features_are_those_of_the_last_block_of_each_resolution(count: int):
    critic = built(blocks=count).discriminator
    assert critic.feature_layers == tuple(f"stages.{i}.{count - 1}" for i in range(3))
    assert all(critic.get_submodule(name) in blocks(critic) for name in critic.feature_layers)


def test_a_width_that_groups_do_not_divide_is_refused():
    with pytest.raises(UsageError, match="width=6 is not a multiple of group=4"):
        ResNet(width=6, group=4)
