"""Networks of all toys keep every clause of the contract."""

import pytest
import torch
from torch import nn

from detente.domains.contracts import Networks
from detente.engine.forward import abilities
from detente.engine.game import Game
from detente.engine.layers import layers
from detente.engine.objectives import NonSaturating
from detente.engine.player import Player
from detente.engine.sample import Batch, each, leaves, rows, to
from detente.regularizers.r1 import R1
from detente.toys.networks import Perceptron
from detente.training.warmup import fresh as build
from toy_parts import DEEP, Parts, logits, parameters, parts, rng


def names(net: nn.Module, attribute: str) -> tuple[str, ...]:
    return getattr(net, attribute)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_networks_fit_their_space_in_either_precision(toy: Parts, dtype: torch.dtype) -> None:
    networks = Networks(*(net.to(dtype) for net in toy.networks))
    z = to(toy.model.latents(7, rng()), dtype=dtype)
    x = networks.generator(z)
    assert tuple(leaf.shape for leaf in leaves(x)) == tuple((7, *leaf.shape) for leaf in toy.data.space.leaves)
    for part in (*leaves(x), *logits(networks, x)):
        assert part.dtype == dtype
        assert part.shape[0] == 7
        assert part.requires_grad


def test_networks_depend_on_the_seed_alone(toy: Parts) -> None:
    before = torch.random.get_rng_state()
    again = build(toy.model, toy.data.space, seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b in zip(parameters(toy.networks), parameters(again), strict=True):
        assert torch.equal(a, b)


def test_critics_keep_samples_apart(toy: Parts) -> None:
    x = toy.data.batch(torch.arange(8)).x
    order = torch.randperm(8, generator=rng())
    for part, moved in zip(logits(toy.networks, x), logits(toy.networks, rows(x, order)), strict=True):
        torch.testing.assert_close(part[order], moved)


@pytest.mark.parametrize("name", ["pair", "critics", "tokens", "ring", "grid"])
def test_every_leaf_and_every_parameter_of_the_critic_matters(name: str) -> None:
    toy = parts(name)
    x = each(lambda leaf: leaf.requires_grad_(), toy.data.batch(torch.arange(16)).x)
    total = torch.stack([part.square().sum() for part in logits(toy.networks, x)]).sum()
    total.backward()
    for part in (*leaves(x), *toy.networks.discriminator.parameters()):
        assert part.grad is not None
        assert part.grad.abs().max() > 0


@pytest.mark.parametrize("name", DEEP)
def test_every_network_has_hidden_layers_and_names_its_output_layers(name: str) -> None:
    for net in parts(name).networks:
        hidden = {layer.name for layer in layers(net, outputs=False)}
        outputs = {layer.name for layer in layers(net)} - hidden
        assert hidden
        assert outputs == set(names(net, "output_layers"))


def test_abilities_are_there(toy: Parts) -> None:
    net = toy.networks.discriminator
    if "features" in abilities(net):
        for name in names(net, "feature_layers"):
            net.get_submodule(name)
    if "embed" in abilities(net):
        x = toy.data.batch(torch.arange(4)).x
        embedded = net.get_submodule("embed")(x)
        assert embedded.shape[:2] == leaves(x)[0].shape[:2]
        hook = net.get_submodule("embed").register_forward_hook(lambda *_: embedded)
        assert torch.equal(net(torch.zeros_like(leaves(x)[0])), net(x))  # nothing after it looks past it
        hook.remove()


def test_a_game_under_r1_runs_on_every_toy(toy: Parts) -> None:
    def adam(p: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(p, lr=1e-3, fused=True)

    game = Game(
        Player("generator", toy.networks.generator, adam),
        Player("discriminator", toy.networks.discriminator, adam, R1()),
        NonSaturating(),
        toy.domain,
        toy.model.latents,
    )
    before = [p.clone() for p in parameters(toy.networks)]
    for _ in range(2):
        terms = game.step(Batch(toy.data.batch(torch.arange(16)).x))
        assert terms.keys() == {"D/adversarial", "D/r1", "G/adversarial"}
        assert all(value.isfinite() for value in terms.values())
    moved = [not torch.equal(a, b) for a, b in zip(before, parameters(toy.networks), strict=True)]
    assert all(moved)


@pytest.mark.parametrize("depth", [1, 3])
def test_a_perceptron_names_its_layers_and_applies_them_in_order(depth: int) -> None:
    torch.manual_seed(0)
    net = Perceptron(2, 3, width=5, depth=depth)
    names = [name for name, _ in net.named_children()]
    assert names == [*(f"{what}{i}" for i in range(1, depth + 1) for what in ("fc", "act")), "out"]
    assert net.feature_layers == tuple(f"act{i}" for i in range(1, depth + 1))
    x = torch.randn(4, 2)
    by_hand = x
    for i in range(1, depth + 1):
        by_hand = nn.functional.leaky_relu(net.get_submodule(f"fc{i}")(by_hand), 0.2)
    torch.testing.assert_close(net(x), net.out(by_hand))
    assert Perceptron(2, 1, width=5, depth=depth, squeeze=True)(x).shape == (4,)
    assert Perceptron(2, 1, width=5, depth=depth)(x).shape == (4, 1)
