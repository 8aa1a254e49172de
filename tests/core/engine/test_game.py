"""The training step: who moves when, with what, and that nothing stale is differentiated."""

import itertools

import pytest
import torch
from torch import nn

from detente.engine.game import Game
from detente.engine.objectives import Hinge
from detente.engine.player import Player
from detente.engine.sample import Space
from detente.errors import UsageError
from detente.regularizers.feature_matching import FeatureMatching
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.r1 import R1
from detente.testing.probe import Plain
from detente.toys.tokens import Tokens
from small_game import BATCHES, small


def test_by_default_the_generator_runs_once_and_the_critic_three_times():
    game = small()
    game.step(BATCHES[0])
    assert len(game.generator.network.seen) == 1 and len(game.discriminator.network.seen) == 3


def test_with_fresh_fakes_the_generator_draws_new_latents_for_its_own_turn():
    game = small(fresh_fakes=True)
    game.step(BATCHES[0])
    first, second = game.generator.network.seen
    assert not torch.equal(first, second)


def test_critic_steps_use_a_batch_each_and_the_generator_answers_the_last():
    game = small(critic_steps=3)
    game.step(*BATCHES[:3])
    seen = game.discriminator.network.seen
    assert [torch.equal(seen[2 * i], BATCHES[i].x) for i in range(3)] == [True] * 3
    assert game.discriminator.t == 3 and game.generator.t == 1
    assert torch.equal(seen[5], seen[6])  # the fakes of the last critic step, once more in the generator's turn


def test_the_wrong_number_of_batches_is_named():
    with pytest.raises(UsageError, match=r"takes 2 batch.*got 1"):
        small(critic_steps=2).step(BATCHES[0])


def test_simultaneous_play_takes_both_gradients_at_the_same_weights():
    game, rate = small(simultaneous=True), 0.1
    D, G = game.discriminator.network.fc, game.generator.network.fc
    before = [p.detach().clone() for p in (*D.parameters(), *G.parameters())]
    game.step(BATCHES[0])
    z = game.generator.network.seen[0]
    dw, db, gw, gb = (p.clone().requires_grad_() for p in before)
    fake = z @ gw.T + gb
    logits = [(x @ dw.T + db).flatten() for x in (BATCHES[0].x, fake.detach(), fake)]
    softplus = nn.functional.softplus
    d_loss = softplus(-logits[0]).mean() + softplus(logits[1]).mean()
    d_grads = torch.autograd.grad(d_loss, (dw, db))
    g_grads = torch.autograd.grad(softplus(-logits[2]).mean(), (gw, gb))
    for p, old, g in zip((*D.parameters(), *G.parameters()), before, (*d_grads, *g_grads), strict=True):
        assert torch.allclose(p, old - rate * g, rtol=1e-14, atol=1e-15)  # the same sums in another order


@pytest.mark.parametrize(
    ("simultaneous", "generator_first", "fresh", "critic_steps"),
    [x for x in itertools.product([False, True], [False, True], [False, True], [1, 2]) if not (x[0] and x[3] > 1)],
)
def test_no_order_of_play_differentiates_a_stale_graph(simultaneous, generator_first, fresh, critic_steps):
    """foreach optimizers bump tensor versions, so autograd raises on a graph that outlived an update."""
    game = small(
        regularizer=R1(),
        make=lambda ps: torch.optim.Adam(ps, lr=0.1, foreach=True),
        simultaneous=simultaneous,
        generator_first=generator_first,
        fresh_fakes=fresh,
        critic_steps=critic_steps,
    )
    for _ in range(3):
        game.step(*BATCHES[:critic_steps])


def test_fused_and_foreach_adam_agree_in_every_order():
    """Fused optimizers do not bump versions: a stale graph would show as a difference here."""
    for options in ({}, {"simultaneous": True}, {"generator_first": True}, {"fresh_fakes": True}):
        ends = []
        for kind in ({"foreach": True}, {"fused": True}):
            game = small(regularizer=R1(), make=lambda ps, kind=kind: torch.optim.Adam(ps, lr=0.01, **kind), **options)
            for k in range(20):
                game.step(BATCHES[k % 6])
            ends.append(torch.cat([p.detach().flatten() for p in game.generator.network.parameters()]))
        assert torch.allclose(*ends, rtol=1e-9)  # another order of operations inside Adam, over 20 steps


def test_equal_seeds_give_equal_runs_and_others_do_not():
    ends = []
    for seed in (1, 1, 2):
        game = small(seed)
        for k in range(3):
            game.step(BATCHES[k])
        ends.append(game.generator.network.fc.weight.detach())
    assert torch.equal(ends[0], ends[1]) and not torch.equal(ends[0], ends[2])


def test_the_global_generator_has_no_say():
    ends = []
    for noise in (1, 2):
        game = small()
        for k in range(3):
            torch.manual_seed(noise * 100 + k)
            game.step(BATCHES[k])
        ends.append(game.generator.network.fc.weight.detach())
    assert torch.equal(*ends)


def test_latents_are_the_same_whatever_regularizers_there_are():
    plain, regularized = small(), small(regularizer=R1())
    for k in range(3):
        plain.step(BATCHES[k])
        regularized.step(BATCHES[k])
    for a, b in zip(plain.generator.network.seen, regularized.generator.network.seen, strict=True):
        assert torch.equal(a, b)


def test_shared_parameters_are_refused():
    net = nn.Linear(2, 2)
    make = lambda ps: torch.optim.SGD(ps, lr=0.1)  # noqa: E731
    with pytest.raises(UsageError, match="share 2 parameter"):
        Game(Player("generator", net, make), Player("discriminator", net, make), Hinge(), Plain(), torch.randn)


def test_contradictory_options_are_refused():
    with pytest.raises(UsageError, match="simultaneous updates take exactly one"):
        small(simultaneous=True, critic_steps=2)
    with pytest.raises(UsageError, match="at least one"):
        small(critic_steps=0)


def test_stages_inside_the_critic_are_listened_to_only_where_the_chain_needs_them():
    def hooks(link):
        networks, make = Tokens().build(Space(())), lambda ps: torch.optim.SGD(ps, lr=0.1)
        critic = Player("discriminator", networks.discriminator, make, link)
        Game(Player("generator", networks.generator, make), critic, Hinge(), Plain(), torch.randn)
        return [len(networks.discriminator.get_submodule(name)._forward_hooks) for name in ("embed", "act")]

    assert hooks(None) == hooks(R1()) == hooks(GradientPenalty()) == [0, 0]
    assert hooks(GradientPenalty(space="embedding")) == [1, 0]
    assert hooks(FeatureMatching()) == [0, 1]
