"""Two discriminators, as vocoders have them: with one optimizer and with two; labels and lists of logits."""

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from detente.errors import UsageError
from detente.loops import attach
from loop_games import F64, Labelled, critic

REAL, FAKE = (torch.randn(12, 2, dtype=F64, generator=torch.Generator().manual_seed(i)) for i in (0, 1))
LABELS = torch.arange(12) % 3


class Periods(nn.Module):
    """[B, 2] to two logits and their features, as a list of each."""

    def __init__(self, seed):
        super().__init__()
        self.parts = nn.ModuleList([critic(), critic()])
        with torch.no_grad():
            for k, p in enumerate(self.parameters()):
                p.add_(torch.randn(p.shape, generator=torch.Generator().manual_seed(seed + k), dtype=F64), alpha=0.1)

    def forward(self, x):
        return [part(x)[:, None] for part in self.parts], [part[0](x) for part in self.parts]


def loss_of(logits, sign):
    return sum(softplus(sign * d).mean() for d in logits)


def r1_by_hand(nets, gamma):
    x = REAL.clone().requires_grad_()
    (grad,) = torch.autograd.grad(sum(d.sum() for net in nets for d in net(x)[0]), x, create_graph=True)
    return gamma / 2 * grad.square().sum(1).mean()


def by_hand(steps, together):
    """Two critics under r1 and a bound on the gradient norm, of both at once or of each by itself."""
    nets = Periods(1), Periods(2)
    groups = [nets] if together else [(net,) for net in nets]
    optimizers = [torch.optim.SGD([p for net in group for p in net.parameters()], lr=0.1) for group in groups]
    for _ in range(steps):
        for group, optimizer in zip(groups, optimizers, strict=True):
            optimizer.zero_grad()
            loss = sum(loss_of(net(REAL)[0], -1) + loss_of(net(FAKE)[0], 1) for net in group)
            (loss + r1_by_hand(group, 3.0)).backward()
            nn.utils.clip_grad_norm_([p for net in group for p in net.parameters()], 0.5)
            optimizer.step()
    return nets


def same(nets, others, rtol=1e-5):
    """torch's clipping divides by the norm plus 10⁻⁶."""
    for net, other in zip(nets, others, strict=True):
        for a, b in zip(net.parameters(), other.parameters(), strict=True):
            assert torch.allclose(a, b, rtol=rtol, atol=1e-6)


CHAIN = "r1(gamma=3) + clip-norm(max_norm=0.5)"


def test_two_critics_with_one_optimizer_are_one_player():
    a, b = Periods(1), Periods(2)
    optimizer = torch.optim.SGD([*a.parameters(), *b.parameters()], lr=0.1)
    reg = attach([a, b], CHAIN, optimizer=optimizer, role="discriminator")
    for _ in range(5):
        optimizer.zero_grad()
        with reg.turn(REAL, FAKE) as t:
            real, fake = [*a(t.real)[0], *b(t.real)[0]], [*a(t.fake)[0], *b(t.fake)[0]]
            (loss_of(real, -1) + loss_of(fake, 1) + t.penalty(real, fake)).backward()
        reg.step()
    same((a, b), by_hand(5, together=True))
    with pytest.raises(AssertionError):
        same((a, b), by_hand(5, together=False))


def test_two_critics_with_two_optimizers_are_two_players_of_one_generator():
    nets = Periods(1), Periods(2)
    optimizers = [torch.optim.SGD(net.parameters(), lr=0.1) for net in nets]
    regs = [attach(net, CHAIN, optimizer=o, role="discriminator") for net, o in zip(nets, optimizers, strict=True)]
    G = nn.Linear(2, 2, dtype=F64)
    reg_g = attach(G, "ema", optimizer=torch.optim.SGD(G.parameters(), lr=0.1), opponent=regs)
    assert reg_g.role == "generator" and all(reg.opponent is reg_g for reg in regs)
    for _ in range(5):
        for optimizer in optimizers:
            optimizer.zero_grad()
        with regs[0].turn(REAL, FAKE) as one, regs[1].turn(REAL, FAKE) as two:
            loss = 0.0
            for net, t in zip(nets, (one, two), strict=True):
                real, fake = net(t.real)[0], net(t.fake)[0]
                loss = loss + loss_of(real, -1) + loss_of(fake, 1) + t.penalty(real, fake)
            loss.backward()
        for reg in regs:
            reg.step()
    same(nets, by_hand(5, together=False))


@pytest.mark.parametrize("parts", [2, 3, 5])
def test_statistics_of_every_critic_wait_for_its_own_turn(parts):
    nets = [critic() for _ in range(parts)]
    regs = [
        attach(net, "batch-norm(momentum=1)", optimizer=torch.optim.SGD(net.parameters(), 0.1), role="discriminator")
        for net in nets
    ]
    G = nn.Linear(2, 2, dtype=F64)
    reg_g = attach(G, [], optimizer=torch.optim.SGD(G.parameters(), 0.1), opponent=regs)
    means = [next(b for name, b in net.named_buffers() if name.endswith("running_mean")) for net in nets]
    with reg_g.turn(fake=G(FAKE)) as t:
        for net in nets:
            net(t.fake)
    assert not any(mean.any() for mean in means)
    with regs[-1].turn(REAL, FAKE) as t:
        nets[-1](t.real)
    assert [bool(mean.any()) for mean in means] == [False] * (parts - 1) + [True]


def test_an_optimizer_that_two_would_step_is_refused():
    a, b = critic(), critic()
    optimizer = torch.optim.Adam([*a.parameters(), *b.parameters()])
    attach(a, "r1", optimizer=optimizer)
    with pytest.raises(UsageError, match=r"Attach them as one: attach\(\[first, second\]"):
        attach(b, "r1", optimizer=optimizer)


def test_what_a_penalty_runs_itself_is_run_on_every_critic():
    """A mix of reals and fakes goes through both critics, whose scores are added."""
    a, b = critic(), critic()
    with torch.no_grad():
        b[0].weight.mul_(2)
    optimizer = torch.optim.SGD([*a.parameters(), *b.parameters()], lr=0.1)
    reg = attach([a, b], "gradient-penalty(points=mix, weight=2)", optimizer=optimizer, role="discriminator")
    with reg.turn(REAL, REAL) as t:  # so every mix is a real sample
        value = t.penalty([a(t.real), b(t.real)], [a(t.fake), b(t.fake)])
    x = REAL.clone().requires_grad_()
    (grad,) = torch.autograd.grad((a(x) + b(x)).sum(), x)
    assert torch.allclose(value, 2 * (grad.norm(dim=1) - 1).square().mean(), rtol=1e-9)


def test_labels_reach_every_critic_in_the_forwards_of_a_penalty():
    a, b = Labelled(), Labelled()
    optimizer = torch.optim.SGD([*a.parameters(), *b.parameters()], lr=0.1)
    reg = attach([a, b], "gradient-penalty + r1(gamma=3)", optimizer=optimizer, role="discriminator")
    with reg.turn(REAL, FAKE, labels=LABELS) as t:
        real, fake = [[net(x, LABELS) for net in (a, b)] for x in (t.real, t.fake)]
        t.penalty(real, fake).backward()
    x = REAL.clone().requires_grad_()
    (grad,) = torch.autograd.grad((a(x, LABELS) + b(x, LABELS)).sum(), x)
    assert torch.allclose(reg.terms()["r1"], 1.5 * grad.square().sum(1).mean(), rtol=1e-9)
    assert a.classes.weight.grad.any() and b.classes.weight.grad.any()


def test_what_several_critics_save_and_deploy_is_of_all_of_them():
    a, b = critic(), critic()
    optimizer = torch.optim.SGD([*a.parameters(), *b.parameters()], lr=0.1)
    reg = attach([a, b], "spectral-norm + ema", optimizer=optimizer, role="discriminator")
    assert len(reg.deployed()) == 2 and reg.deployed()[1] is not b
    assert {key.partition(".")[0] for key in b.state_dict()} == {"0", "2"}  # its own names, without a prefix


def test_the_callers_generator_is_left_as_found_by_every_part_of_a_step():
    nets = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 1)).double(), Periods(1)
    optimizer = torch.optim.SGD([p for net in nets for p in net.parameters()], lr=0.1)
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    reg = attach(nets, "dropout + gradient-penalty + ema", optimizer=optimizer, role="discriminator")
    with reg.turn(REAL, FAKE) as t:
        real, fake = [[nets[0](x), *nets[1](x)[0]] for x in (t.real, t.fake)]
        (loss_of(real, -1) + loss_of(fake, 1)).backward()
    reg.step()
    reg.deployed()
    assert torch.equal(torch.rand(3), expected)
