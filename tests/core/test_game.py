"""The training step: who moves when, with what, and that nothing stale is differentiated."""

import itertools

import pytest
import torch
from torch import nn

from detente.engine.game import Game
from detente.engine.objectives import Hinge, LeastSquares, NonSaturating, Relativistic, Saturating, Wasserstein
from detente.engine.player import Player
from detente.engine.sample import Batch
from detente.errors import UsageError
from detente.regularizers.batch_norm import BatchNorm
from detente.regularizers.r1 import R1
from detente.testing import cases
from detente.testing.probe import Plain, probe

F64 = torch.float64
RING = cases(["ring"])[0]


class Recorder(nn.Module):
    """A layer that counts the forwards through it and remembers what it saw."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.fc = nn.Linear(inputs, outputs, dtype=F64)
        self.seen: list[torch.Tensor] = []

    def forward(self, x):
        self.seen.append(x.detach().clone())
        out = self.fc(x)
        return out.flatten() if out.shape[1] == 1 else out


def small(seed: int = 0, regularizer=None, make=None, **options) -> Game:
    torch.manual_seed(1)
    make = make or (lambda ps: torch.optim.SGD(ps, lr=0.1))
    return Game(
        Player("generator", Recorder(3, 2), make),
        Player("discriminator", Recorder(2, 1), make, regularizer),
        NonSaturating(),
        Plain(),
        lambda n, g: torch.randn(n, 3, generator=g, dtype=F64),
        seed=seed,
        **options,
    )


BATCHES = [Batch(torch.randn(4, 2, dtype=F64, generator=torch.Generator().manual_seed(i))) for i in range(6)]


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


def test_running_statistics_come_from_the_players_own_root_forwards():
    game = RING.game("discriminator", BatchNorm(momentum=1.0))
    norm = next(m for m in game.discriminator.network.modules() if type(m).__name__ == "BatchNormalization")
    first = next(m for m in game.discriminator.network.modules() if isinstance(m, nn.Linear))
    seen: list[torch.Tensor] = []
    first.register_forward_pre_hook(lambda m, i: seen.append(m._parameters["weight"].detach() @ i[0].detach().T))
    game.step(RING.batch())
    fake_in_ds_turn = seen[1].T + first.bias.detach() if len(seen) == 3 else None
    assert fake_in_ds_turn is not None
    # The weights moved between D's turn and the end; the bias cancels from the comparison of what was recorded.
    assert torch.isfinite(norm.running_mean).all() and not torch.equal(
        norm.running_mean, torch.zeros_like(norm.running_mean)
    )
    before = norm.running_mean.clone()
    game.step(RING.batch())
    assert not torch.equal(before, norm.running_mean)


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


class Fixed(nn.Module):
    def forward(self, x):
        return x[:, 0]


REAL, FAKE = torch.tensor([[2.0], [-1.0]], dtype=F64), torch.tensor([[0.5], [-3.0]], dtype=F64)


def softplus(x: float) -> float:
    return torch.nn.functional.softplus(torch.tensor(x, dtype=F64)).item()


@pytest.mark.parametrize(
    ("objective", "discriminator", "generator"),
    [
        (Wasserstein(), (0.5 - 3) / 2 - (2 - 1) / 2, -(0.5 - 3) / 2),
        (Hinge(), (0 + 2) / 2 + (1.5 + 0) / 2, -(0.5 - 3) / 2),
        (LeastSquares(), (1 + 4) / 4 + (0.25 + 9) / 4, (0.25 + 16) / 4),
        (
            NonSaturating(),
            (softplus(-2) + softplus(1)) / 2 + (softplus(0.5) + softplus(-3)) / 2,
            (softplus(-0.5) + softplus(3)) / 2,
        ),
        (
            Saturating(),
            (softplus(-2) + softplus(1)) / 2 + (softplus(0.5) + softplus(-3)) / 2,
            -(softplus(0.5) + softplus(-3)) / 2,
        ),
        (Relativistic(), (softplus(0.5 - 2) + softplus(-3 + 1)) / 2, (softplus(2 - 0.5) + softplus(-1 + 3)) / 2),
    ],
    ids=lambda x: type(x).__name__ if not isinstance(x, float) else "",
)
def test_objectives_by_hand(objective, discriminator, generator):
    step = probe(Fixed(), REAL, FAKE)
    assert objective.discriminator(step).item() == pytest.approx(discriminator, rel=1e-14)
    assert objective.generator(step).item() == pytest.approx(generator, rel=1e-14)


def test_positions_are_averaged_and_sub_critics_summed():
    class Many(nn.Module):
        def forward(self, x):
            return x[:, 0], torch.stack([x[:, 0], 3 * x[:, 0]], 1)

    step = probe(Many(), REAL, FAKE)
    assert Wasserstein().generator(step).item() == -(FAKE.mean() + 2 * FAKE.mean()).item()
    assert step.real_score.tolist() == [6.0, -3.0]


def test_half_precision_networks_leave_losses_in_float32():
    case = cases(["ring"])[0]
    case.dtype = torch.float32
    game = case.game("discriminator", R1(), autocast=torch.bfloat16)
    terms = game.step(case.batch())
    assert {v.dtype for v in terms.values()} == {torch.float32}
    assert all(p.dtype == torch.float32 for p in game.discriminator.parameters)
