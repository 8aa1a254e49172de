import pytest
import torch
from torch import nn

from detente.engine.game import Game
from detente.engine.objectives import Wasserstein
from detente.engine.player import Player
from detente.engine.sample import Batch
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.regularizers.weight_decay import WeightDecay
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything
from detente.testing.probe import Linear, Plain, moment

F64 = torch.float64


def decayed(net: nn.Module, decay: WeightDecay, lr: float = 0.1) -> None:
    decay.attach(net)
    with torch.no_grad():
        decay.adjust_gradients(net, moment(lr=lr))


def test_a_weight_shrinks_by_rate_times_lambda():
    critic = Linear(torch.tensor([3.0, 4.0], dtype=F64))
    critic.w.grad = torch.ones(2, dtype=F64)
    decayed(critic, WeightDecay(weight=0.5))
    assert critic.w.tolist() == [3 * 0.95, 4 * 0.95] and critic.w.grad.tolist() == [1, 1]


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("variant", [{"foreach": False}, {"foreach": True}, {"fused": True}], ids=str)
def test_in_front_of_adam_it_is_adamw_to_the_bit(variant, dtype):
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(3, 5, dtype=dtype), nn.Tanh(), nn.Linear(5, 2, dtype=dtype))
    theirs = nn.Sequential(nn.Linear(3, 5, dtype=dtype), nn.Tanh(), nn.Linear(5, 2, dtype=dtype))
    theirs.load_state_dict(ours.state_dict())
    decay = WeightDecay(weight=0.3, where="*")
    decay.attach(ours)
    adam = torch.optim.Adam(ours.parameters(), lr=0.013, betas=(0.5, 0.999), **variant)
    adamw = torch.optim.AdamW(theirs.parameters(), lr=0.013, betas=(0.5, 0.999), weight_decay=0.3, **variant)
    for t in range(10):
        x = torch.randn(4, 3, dtype=dtype)
        for net, optimizer in ((ours, adam), (theirs, adamw)):
            optimizer.zero_grad()
            net(x).square().mean().backward()
            if net is ours:
                with torch.no_grad():
                    decay.adjust_gradients(net, moment(t, lr=0.013))
            optimizer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


def test_what_backward_did_not_reach_is_left_alone_as_adamw_leaves_it():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    net[0].weight.grad = torch.zeros(2, 2)
    before = [net[0].weight.clone(), net[1].weight.clone()]
    decayed(net, WeightDecay(weight=0.5))
    assert torch.equal(net[0].weight, before[0] * 0.95) and torch.equal(net[1].weight, before[1])
    assert net[1].weight.grad is None
    decayed(nn.Linear(2, 2), WeightDecay())  # nothing to do at all


def test_biases_and_gains_are_left_alone_unless_they_are_named():
    net = nn.Sequential(nn.Linear(2, 1), nn.LayerNorm(1))
    for p in net.parameters():
        p.data.fill_(1.0)
        p.grad = torch.zeros_like(p)
    decayed(net, WeightDecay(weight=1.0))
    assert net[0].weight.tolist() == [[pytest.approx(0.9)] * 2]
    assert net[0].bias.item() == net[1].weight.item() == net[1].bias.item() == 1
    decayed(net, WeightDecay(weight=1.0, where="1.*"))
    assert net[1].weight.item() == net[1].bias.item() == pytest.approx(0.9)


def dirac(regularizer, **order) -> Game:
    """θ = 1 against ψ = 0.5, data at 0."""
    generator = nn.Linear(1, 1, dtype=F64)
    generator.weight.data.zero_()
    generator.weight.requires_grad_(False)
    generator.bias.data.fill_(1.0)
    return Game(
        Player("generator", generator, lambda ps: torch.optim.SGD(ps, lr=0.1)),
        Player(
            "discriminator", Linear(torch.tensor([0.5], dtype=F64)), lambda ps: torch.optim.SGD(ps, 0.1), regularizer
        ),
        Wasserstein(),
        Plain(),
        lambda n, g: torch.zeros(n, 1, dtype=F64),
        **order,
    )


def after_100_steps(game: Game) -> torch.Tensor:
    for _ in range(100):
        game.step(Batch(torch.zeros(2, 1, dtype=F64)))
    return torch.cat([game.generator.parameters[0], game.discriminator.parameters[0]]).detach()


@pytest.mark.parametrize(
    "order",
    [
        "fresh_fakes",
        "generator_first",
        "simultaneous",
    ],
)
def test_with_sgd_on_dirac_it_is_l2_of_half_lambda_and_r1_of_lambda(order):
    ends = [after_100_steps(dirac(r, **{order: True})) for r in (WeightDecay(0.6), L2(0.3), R1(0.6))]
    # the same recursion with its sums in another order, 100 times
    assert torch.allclose(ends[0], ends[1], rtol=0, atol=1e-12) and torch.allclose(ends[0], ends[2], rtol=0, atol=1e-12)


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(lambda: WeightDecay(0.5), cases(["ring"])[0], "discriminator"))
