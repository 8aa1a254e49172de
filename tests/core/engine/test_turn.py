"""A turn: what the critic is called on, and the penalties of the caller's logits."""

import pytest
import torch
from torch import nn

from detente.engine.absent import Tensors
from detente.errors import UsageError
from detente.loops import attach
from detente.regularizers import (
    BCR,
    CR,
    R1,
    ZCR,
    BatchNorm,
    Consensus,
    DiffAugment,
    GradientPenalty,
    LabelSmoothing,
    Lecam,
    PathLength,
)
from loop_games import F64, Labelled, adam, critic

REAL, FAKE = (torch.randn(8, 2, dtype=F64, generator=torch.Generator().manual_seed(i)) for i in (0, 1))


def on_critic(chain, net=None, **options):
    net = net or critic()
    return net, attach(net, chain, optimizer=adam(net.parameters()), role="discriminator", **options)


def r1_by_hand(f, gamma):
    x = REAL.clone().requires_grad_()
    (grad,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
    return gamma / 2 * grad.square().sum(1).mean()


def test_r1_is_the_one_written_by_hand():
    D, reg = on_critic(R1(gamma=3.0))
    with reg.turn(REAL, FAKE) as t:
        value = t.penalty(D(t.real), D(t.fake))
    assert torch.allclose(value, r1_by_hand(D, 3.0), rtol=1e-12)
    assert reg.terms()["r1"] == value and not reg.terms()["r1"].requires_grad


@pytest.mark.parametrize("pack", [list, tuple])
def test_lists_of_logits_with_a_column_are_scored_as_tuples_without(pack):
    one, two = critic(), critic()
    D = nn.ModuleList([one, two])

    def forward(net, x, labels):
        return pack(part(x)[:, None] for part in net)

    _, reg = on_critic([R1(gamma=3.0), GradientPenalty()], D, forward=forward)
    with reg.turn(REAL, FAKE) as t:
        t.penalty(forward(D, t.real, None), forward(D, t.fake, None))
    assert torch.allclose(reg.terms()["r1"], r1_by_hand(lambda x: one(x) + two(x), 3.0), rtol=1e-12)
    assert reg.terms()["gradient-penalty"] > 0


def test_a_conditional_critic_gets_its_labels_in_extra_forwards():
    D, labels = Labelled(), torch.arange(8) % 3
    _, reg = on_critic([GradientPenalty(), R1(gamma=3.0)], D)
    with reg.turn(REAL, FAKE, labels=labels) as t:
        t.penalty(D(t.real, labels), D(t.fake, labels)).backward()
    assert torch.allclose(reg.terms()["r1"], r1_by_hand(lambda x: D(x, labels), 3.0), rtol=1e-12)
    assert D.classes.weight.grad.abs().sum() > 0


def test_nothing_is_forwarded_twice():
    D, reg = on_critic([R1(), Lecam()])
    calls = []
    D.register_forward_hook(lambda *_: calls.append(1))
    with reg.turn(REAL, FAKE) as t:
        t.penalty(D(t.real), D(t.fake))
    assert len(calls) == 2


def test_a_lazy_penalty_fires_at_every_kth_step():
    D, reg = on_critic("r1(every=3)")
    values = []
    for _ in range(7):
        with reg.turn(REAL, FAKE) as t:
            values.append(t.penalty(D(t.real), D(t.fake)))
        (values[-1] + D(REAL).sum()).backward()
        reg.step()
    assert [v.item() > 0 for v in values] == [True, False, False, True, False, False, True]


def test_the_callers_generator_is_left_as_found():
    D, reg = on_critic([GradientPenalty(), DiffAugment(), CR()], domain=Tensors({"flip": lambda x, g: -x}))
    drawn = []
    for seed in (1, 2, 1):
        torch.manual_seed(seed)
        with reg.turn(REAL, FAKE) as t:
            t.penalty(D(t.real), D(t.fake))
        drawn.append(torch.rand(3))
        torch.manual_seed(seed)
        assert torch.equal(torch.rand(3), drawn[-1])
    assert not torch.equal(drawn[0], drawn[1])


def test_samples_are_augmented_and_the_gradient_is_that_of_what_came_before():
    D, reg = on_critic([DiffAugment(), R1(gamma=3.0)], domain=Tensors({"third": lambda x, g: x / 3}))
    with reg.turn(REAL, FAKE) as t:
        assert torch.equal(t.real, REAL / 3) and torch.equal(t.fake, FAKE / 3)
        value = t.penalty(D(t.real), D(t.fake))
    assert torch.allclose(value, r1_by_hand(lambda x: D(x / 3), 3.0), rtol=1e-12)


def test_statistics_of_a_critic_are_recorded_in_its_own_turn_alone():
    D, reg = on_critic(BatchNorm(momentum=1.0))
    G = nn.Linear(2, 2, dtype=F64)
    reg_g = attach(G, [], optimizer=adam(G.parameters()), opponent=reg)
    (mean,) = (b for name, b in D.named_buffers() if name.endswith("running_mean"))
    with reg_g.turn(fake=G(REAL)) as t:
        D(t.fake)
    assert mean.abs().sum() == 0
    with reg.turn(REAL, FAKE) as t:
        D(t.real)
    assert mean.abs().sum() > 0


@pytest.mark.parametrize(
    ("chain", "said"),
    [
        (GradientPenalty(), "fakes"),
        (BCR(), "fakes"),
        (ZCR(), "latents"),
        (CR(), "has none"),
        (LabelSmoothing(), "'softplus'"),
        (Consensus(), "the generator"),
    ],
)
def test_what_a_regularizer_lacks_is_said(chain, said):
    D, reg = on_critic(chain, domain=Tensors({} if isinstance(chain, CR) else {"flip": lambda x, g: -x}))
    given = {"latents": {"fake": FAKE}, "the generator": {"fake": FAKE, "z": FAKE}}.get(said, {})
    with pytest.raises(UsageError, match=said), reg.turn(REAL, **given) as t:
        t.penalty(D(t.real))


def test_a_generator_without_its_opponent_or_latents_says_so():
    G = nn.Linear(2, 2, dtype=F64)
    reg = attach(G, PathLength(), optimizer=adam(G.parameters()))
    with pytest.raises(UsageError, match="latents"), reg.turn(fake=G(REAL)) as t:
        t.penalty()
    with reg.turn(fake=G(REAL), z=REAL) as t:
        assert t.penalty() > 0


def test_a_turn_of_nothing_is_refused():
    D, reg = on_critic([])
    with pytest.raises(UsageError, match="a batch of data"), reg.turn():
        D(REAL)
