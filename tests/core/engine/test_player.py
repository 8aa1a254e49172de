"""A player: a network, its optimizer and its regularizer in step."""

import copy

import pytest
import torch
from torch import nn

from detente.engine.combinators import lazily
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.regularizers.r1 import R1
from detente.testing.probe import probe
from games import RING
from small_game import BATCHES, small


def test_between_firings_the_last_value_and_its_update_are_known():
    game = RING.game("discriminator", lazily(R1(), every=4))
    for k in range(6):
        game.step(RING.batch(k))
    terms = game.step(RING.batch(6))
    last, t = game.discriminator.last["r1"]
    assert t == 4 and torch.equal(terms["D/r1"], last)


def test_a_penalty_that_depends_on_nothing_is_an_error_when_it_first_fires():
    class Dead(Regularizer):
        def penalty(self, s):
            return s.real_score.detach().mean()

    with pytest.raises(UsageError, match=r"discriminator\.regularizers\.dead.*no parameter"):
        RING.game("discriminator", Dead()).step(RING.batch())


def test_fused_adam_gets_gradients_in_the_layout_of_its_parameters():
    """Otherwise its CPU kernel applies them to the wrong entries without a word."""
    game = RING.game("discriminator", R1())
    game.step(RING.batch())
    for player in (game.generator, game.discriminator):
        assert all(p.grad is None or p.grad.stride() == p.stride() for p in player.parameters)


def test_the_other_players_gradients_stay_none():
    game = small(simultaneous=True)
    step = game.look("discriminator", BATCHES[0])
    game.discriminator.gradients(step, game.objective.discriminator(step))
    assert all(p.grad is None for p in game.generator.network.parameters())
    assert all(p.grad is not None for p in game.discriminator.network.parameters())


class Steps(Regularizer):
    """Notes what is done with it, and what the network's weight and gradient are then."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def rewrite(self, net):
        net.register_parameter("extra", nn.Parameter(torch.ones(1, dtype=net.weight.dtype)))
        self.seen.append("rewrite")

    def attach(self, net):
        self.seen.append("attach")

    def penalty(self, s):
        self.seen.append("penalty")
        return s.discriminator.weight.sum() * 0.0 + s.discriminator.extra.sum()

    def adjust_gradients(self, net, m):
        self.seen.append(("gradients", net.extra.grad.item(), net.extra.item(), m.t))

    def adjust_weights(self, net, m):
        self.seen.append(("weights", net.extra.item(), m.t))


class Flat(nn.Linear):
    def forward(self, x):
        return super().forward(x)[:, 0]


def test_a_player_is_built_and_moves_in_the_order_of_a_networks_life():
    regularizer = Steps()

    def sgd(parameters):
        regularizer.seen.append(f"optimizer of {len(parameters)}")
        return torch.optim.SGD(parameters, lr=0.25)

    player = Player("discriminator", Flat(1, 1), sgd, regularizer)
    assert regularizer.seen == ["rewrite", "attach", "optimizer of 3"], "it knows the parameter that was added"
    x = torch.zeros(2, 1)
    for t in range(2):
        regularizer.seen.clear()
        step = probe(player.network, x, x, t=t)
        player.gradients(step, step.real_score.mean())
        assert player.network.extra.item() == 1 - 0.25 * t, "no weight changes before apply"
        player.apply()
        before, after = 1 - 0.25 * t, 0.75 - 0.25 * t
        assert regularizer.seen == ["penalty", ("gradients", 1.0, before, t), ("weights", after, t)]
    assert (player.t, player.lr, player.network.training) == (2, 0.25, True)


def test_the_gradient_is_that_of_loss_penalties_and_further_terms_and_each_is_kept():
    """D(x) = wx + b at w = 2, b = 0 and x = 3, with the loss D, R1 of γ = 1 (½w²) and a further term w²."""
    player = Player("discriminator", Flat(1, 1), lambda ps: torch.optim.SGD(ps, lr=1.0), R1(gamma=1.0))
    with torch.no_grad():
        player.network.weight.fill_(2.0)
        player.network.bias.zero_()
    x = torch.full((2, 1), 3.0)
    step = probe(player.network, x, x)
    player.gradients(step, step.real_score.mean(), {"more": player.network.weight.square().sum()})
    assert player.network.weight.grad.item() == 3 + 2 + 4 and player.network.bias.grad.item() == 1
    assert {name: (value.item(), t) for name, (value, t) in player.last.items()} == {
        "adversarial": (6.0, 0),
        "more": (4.0, 0),
        "r1": (2.0, 0),
    }
    assert not any(value.requires_grad for value, _ in player.last.values())


def test_gradients_do_not_add_up_from_one_turn_to_the_next():
    player = Player("discriminator", Flat(1, 1), lambda ps: torch.optim.SGD(ps, lr=1.0))
    x = torch.ones(2, 1)
    for _ in range(2):
        step = probe(player.network, x, x)
        player.gradients(step, step.real_score.mean())
        assert player.network.weight.grad.item() == 1.0


def test_a_frozen_part_of_a_network_is_not_the_optimizers():
    net = nn.Sequential(nn.Linear(1, 2), nn.Linear(2, 1))
    net[0].requires_grad_(False)
    player = Player("generator", net, lambda ps: torch.optim.SGD(ps, lr=1.0))
    assert [id(p) for p in player.parameters] == [id(p) for p in net[1].parameters()]


def test_a_player_goes_on_to_the_bit_where_its_state_was_taken():
    ends = []
    for stop in (None, 3):
        game = RING.game("discriminator", R1())
        for k in range(6):
            if k == stop:
                state = copy.deepcopy(game.state_dict())
                game = RING.game("discriminator", R1())
                game.load_state_dict(state)
                assert (game.discriminator.t, game.generator.t) == (3, 3)
            game.step(RING.batch(k))
        ends.append(game)
    for role in ("generator", "discriminator"):
        a, b = (getattr(game, role) for game in ends)
        assert all(torch.equal(p, q) for p, q in zip(a.parameters, b.parameters, strict=True))
        assert a.last.keys() == b.last.keys() and all(torch.equal(a.last[k][0], b.last[k][0]) for k in a.last)
