"""Entering a network: its noise, its precision, and the stages that are read or replaced while it runs."""

import copy

import pytest
import torch
from torch import nn

from detente.engine.forward import Stage, call, call_from_inner_latents, embedding_stage, feature_stages
from detente.engine.network import Network
from detente.engine.streams import Stream, current_pass
from detente.errors import UsageError
from detente.regularizers.batch_norm import BatchNorm
from detente.regularizers.r1 import R1
from detente.testing import cases
from games import RING


def test_running_statistics_come_from_the_players_own_root_forwards():
    """With momentum 1 they are those of the last of them: of the fakes in the discriminator's turn."""
    game = RING.game("discriminator", BatchNorm(momentum=1.0))
    norm = next(m for m in game.discriminator.network.modules() if type(m).__name__ == "BatchNormalization")
    first = next(m for m in game.discriminator.network.modules() if isinstance(m, nn.Linear))
    seen: list[torch.Tensor] = []
    first.register_forward_hook(lambda m, i, out: seen.append(first_layer(m, i[0])))
    for k in range(2):
        game.step(RING.batch(k))
        _, fake, again = (x.mean(0) for x in seen[3 * k :])  # real and fake in D's turn, fake again in G's
        torch.testing.assert_close(norm.running_mean, fake)
        assert not torch.allclose(norm.running_mean, again)


def first_layer(layer: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    """What the layer itself gives, before anything that stands behind it."""
    return nn.functional.linear(x, layer.weight, layer.bias).detach()


def test_half_precision_networks_leave_losses_in_float32():
    case = cases(["ring"])[0]
    case.dtype = torch.float32
    game = case.game("discriminator", R1(), autocast=torch.bfloat16)
    terms = game.step(case.batch())
    assert {v.dtype for v in terms.values()} == {torch.float32}
    assert all(p.dtype == torch.float32 for p in game.discriminator.parameters)


class Noise(nn.Module):
    """Returns draws of the default generator."""

    def forward(self, x, labels=None):
        drawn = torch.randn(len(x))
        return drawn if labels is None else drawn * 0 + labels


def test_a_networks_noise_is_that_of_the_stream_whatever_was_drawn_before():
    x = torch.zeros(4, 1)
    first = call(Noise(), x, None, Stream(1))
    torch.rand(3)
    assert torch.equal(call(Noise(), x, None, Stream(1)), first)
    assert not torch.equal(call(Noise(), x, None, Stream(2)), first)


def test_labels_are_handed_on_where_there_are_any():
    assert call(Noise(), torch.zeros(2, 1), torch.tensor([3.0, 4.0]), Stream(0)).tolist() == [3.0, 4.0]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_results_in_half_precision_come_out_as_float32_leaf_by_leaf(dtype):
    class Two(nn.Linear):
        def forward(self, x):
            out = super().forward(x)
            assert out.dtype == dtype
            return out, out.sum(1)

    out = call(Two(2, 3), torch.ones(4, 2), None, Stream(0), autocast=dtype)
    assert [(leaf.dtype, leaf.shape) for leaf in out] == [(torch.float32, (4, 3)), (torch.float32, (4,))]


def test_a_pass_is_over_when_the_network_fails():
    class Failing(nn.Module):
        def forward(self, x):
            assert current_pass().records and current_pass().stream == Stream(5)
            raise ValueError("no")

    outside = current_pass()
    with pytest.raises(ValueError, match="no"):
        call(Failing(), torch.zeros(1, 1), None, Stream(5), records=True)
    assert current_pass() is outside and outside.stream != Stream(5)


def test_a_stage_keeps_an_output_only_when_it_is_asked_to_and_hands_it_out_once():
    layer = nn.Linear(1, 1)
    stage = Stage(layer)
    layer(torch.ones(1, 1))
    assert stage.take() is None
    stage.listen()
    out = layer(torch.ones(1, 1))
    assert stage.take() is out and stage.take() is None
    layer(torch.ones(1, 1))
    assert stage.take() is None, "it listens no longer"


def test_what_stands_in_is_gone_afterwards_also_when_something_fails():
    net = nn.Sequential(nn.Linear(1, 2), nn.Flatten())
    stage, x = Stage(net[0]), torch.zeros(1, 1)
    usual, other = net(x), torch.full((1, 2), 7.0)
    with stage.standing_in(other):
        assert torch.equal(net(x), other)
    assert torch.equal(net(x), usual)
    with pytest.raises(ValueError, match="no"), stage.standing_in(other):
        raise ValueError("no")
    assert torch.equal(net(x), usual)


def test_the_stage_of_a_copied_network_has_heard_nothing():
    net = nn.Sequential(nn.Linear(1, 1))
    stage = Stage(net[0])
    stage.listen()
    kept = net(torch.ones(1, 1))
    twin = copy.deepcopy(net)
    (hook,) = twin[0]._forward_hooks.values()
    assert isinstance(hook, Stage) and hook is not stage and hook.take() is None
    assert stage.take() is kept, "a copy takes nothing from the original"


def test_stages_are_those_that_the_network_states_in_its_order():
    net = Network()
    net.embed, net.early, net.late = (nn.Linear(1, 1) for _ in range(3))
    assert embedding_stage(net) is None and feature_stages(net) == ()
    net.abilities, net.feature_layers = frozenset({"embed", "features"}), ("late", "early")
    embedding, stages = embedding_stage(net), feature_stages(net)
    for stage in (embedding, *stages):
        stage.listen()
    outs = [layer(torch.ones(1, 1)) for layer in (net.embed, net.late, net.early)]
    assert all(stage.take() is out for stage, out in zip((embedding, *stages), outs, strict=True))


class Mapped(Network):
    abilities = frozenset({"mapping"})

    def __init__(self):
        super().__init__()
        self.mapping, self.rest = nn.Linear(2, 3), nn.Linear(3, 2)

    def forward(self, z):
        return self.rest(self.mapping(z).sin())


def test_samples_come_with_the_inner_latents_that_they_are_made_from_in_their_graph():
    net, z = Mapped(), torch.randn(4, 2)
    x, w = call_from_inner_latents(net, z, None, Stream(0))
    assert torch.equal(x, net(z)) and torch.equal(w, net.mapping(z))
    (grad,) = torch.autograd.grad(x.sum(), w, create_graph=True)
    torch.testing.assert_close(grad, w.cos() * net.rest.weight.sum(0))
    grad.sum().backward()
    assert net.mapping.weight.grad.abs().sum() > 0, "w moves with the mapping"
    assert not net.mapping._forward_hooks, "nothing listens afterwards"


def test_inner_latents_of_any_other_generator_are_its_latents():
    net, z = nn.Linear(2, 2), torch.randn(4, 2)
    x, w = call_from_inner_latents(net, z, None, Stream(0))
    assert torch.equal(w, z) and w.requires_grad and torch.equal(x, net(z))


def test_inner_latents_of_a_frozen_mapping_or_in_half_precision_can_be_differentiated():
    net = Mapped()
    net.mapping.requires_grad_(False)
    x, w = call_from_inner_latents(net, torch.randn(4, 2), None, Stream(0), autocast=torch.bfloat16)
    (grad,) = torch.autograd.grad(x.sum(), w)
    assert w.dtype == grad.dtype == torch.float32 and grad.abs().sum() > 0


def test_a_mapping_that_is_not_called_is_said():
    class Unused(Mapped):
        def forward(self, z):
            return z

    with pytest.raises(UsageError, match=r"Unused states the ability 'mapping', but its forward\(\) does not call"):
        call_from_inner_latents(Unused(), torch.zeros(1, 2), None, Stream(0))
