"""The step of a loop of one's own: accumulation, schedules, scalers, and what is saved."""

import copy
import io

import pytest
import torch
from torch import nn
from torch.nn.functional import softplus

from detente.errors import UsageError
from detente.loops import attach
from detente.regularizers import EMA, R1, R2, AdaptiveClip, ClipNorm, Drift, Dropout, Lecam, WeightDecay
from loop_games import F64, adam, critic

REAL, FAKE = (torch.randn(16, 2, dtype=F64, generator=torch.Generator().manual_seed(i)) for i in (0, 1))


def started(chain, dtype=F64, lr=0.1):
    net = critic(dtype)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    return net, optimizer, attach(net, chain, optimizer=optimizer, role="discriminator")


def loss_of(net, reg, real, fake):
    with reg.turn(real, fake) as t:
        d_real, d_fake = net(t.real), net(t.fake)
        return softplus(-d_real).mean() + softplus(d_fake).mean() + t.penalty(d_real, d_fake)


def trained(net, optimizer, reg, steps, parts=1, after=lambda: None):
    for _ in range(steps):
        optimizer.zero_grad()
        for real, fake in zip(REAL.chunk(parts), FAKE.chunk(parts), strict=True):
            (loss_of(net, reg, real, fake) / parts).backward()
        assert reg.step()
        after()
    return {**net.state_dict(), **{f"reg.{k}": v for k, v in reg.player.regularizer.state_dict().items()}}


def chains():
    return {
        "r1": [R1(gamma=1.0)],
        "r2 and drift": [R2(gamma=1.0), Drift()],
        "lecam": [Lecam()],
        "clipped and averaged": [R1(), ClipNorm(0.1), AdaptiveClip(), EMA(half_life=2.0)],
    }


@pytest.mark.parametrize("name", chains())
@pytest.mark.parametrize("parts", [2, 4, 8])
def test_micro_batches_equal_the_joint_batch(name, parts):
    one = trained(*started(chains()[name]), steps=5)
    other = trained(*started(chains()[name]), steps=5, parts=parts)
    for key, value in one.items():
        assert torch.allclose(value.double(), other[key].double(), rtol=1e-6, atol=1e-8), key


def test_a_lazy_penalty_counts_steps_and_not_micro_batches():
    values = {1: [], 4: []}
    for parts, seen in values.items():
        net, optimizer, reg = started("r1(every=2)")
        trained(net, optimizer, reg, 6, parts, lambda seen=seen, reg=reg: seen.append(reg.player.last["r1"][1]))
        assert reg.player.t == 6
    assert values[1] == values[4] == [0, 0, 2, 2, 4, 4]


def test_a_schedule_of_the_learning_rate_reaches_the_decay():
    net, optimizer, reg = started(WeightDecay(weight=0.5))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: [1.0, 0.5, 0.0][min(t, 2)])
    decayed = [name for name, p in net.named_parameters() if p.dim() > 1]
    for lr in (0.1, 0.05, 0.0):
        before = {name: p.detach().clone() for name, p in net.named_parameters()}
        for p in net.parameters():
            p.grad = torch.zeros_like(p)
        reg.step()  # with these only the decay acts
        for name, p in net.named_parameters():
            factor = 1 - lr * 0.5 if name in decayed else 1
            assert torch.allclose(p, before[name] * factor, rtol=1e-12), (name, lr)
        schedule.step()


def fp16(net, reg, scaler):
    """One backward in float16 under the scaler."""
    with reg.turn(REAL.float(), FAKE.float()) as t:
        with torch.autocast("cpu", torch.float16):
            d_real, d_fake = net(t.real), net(t.fake)
        d_real, d_fake = d_real.float(), d_fake.float()
        loss = softplus(-d_real).mean() + softplus(d_fake).mean() + t.penalty(d_real, d_fake)
    scaler.scale(loss).backward()


@pytest.mark.parametrize("factor", [2.0**12, 2.0**16])
@pytest.mark.parametrize("size", [1.0, 1e-4])
def test_gradients_of_float16_are_those_of_float32(size, factor):
    """With weights of 10⁻⁴ in the last layer the input gradient is 10⁻⁸, which float16 rounds to 0 unless scaled."""
    grads = []
    for half in (False, True):
        net, optimizer, reg = started([R1(gamma=1.0 / size**2)], torch.float32)
        with torch.no_grad():
            net[2].weight.mul_(size)
            net[0].weight.mul_(size**0.5)
        if half:
            scaler = torch.amp.GradScaler("cpu", init_scale=factor)
            fp16(net, reg, scaler)
            scaler.unscale_(optimizer)
        else:
            loss_of(net, reg, REAL.float(), FAKE.float()).backward()
        grads.append(torch.cat([p.grad.flatten() for p in net.parameters()]))
        assert reg.terms()["r1"] > 0
    assert (grads[0] - grads[1]).norm() < 1e-3 * grads[0].norm()


def everything(net, optimizer, reg):
    return copy.deepcopy([net.state_dict(), optimizer.state_dict(), reg.state_dict()["regularizer"], reg.player.t])


def equal(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return a == b


def moved(state):
    return any(value.any() for value in state.values())


@pytest.mark.parametrize("at", [0, 2])
@pytest.mark.parametrize("fused", [False, True])
def test_a_skipped_step_advances_nothing(at, fused):
    chain = "spectral-norm + r1 + lecam + clip-norm + adaptive-clip + weight-clip + lookahead(k=1) + ema"
    net = critic(torch.float32)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01, fused=fused)
    reg = attach(net, chain, optimizer=optimizer, role="discriminator")
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    for k in range(5):
        optimizer.zero_grad()
        before = everything(net, optimizer, reg)
        fp16(net, reg, scaler)
        if k == at:
            next(net.parameters()).grad.fill_(float("inf"))
        t = before[-1]
        assert reg.step(scaler) is (k != at)
        scaler.update()
        assert reg.player.t == t + (k != at)
        if k == at:
            after = everything(net, optimizer, reg)
            assert equal(before[0], after[0]) and equal(before[2], after[2])
            state = before[1]["state"]  # the fused optimizer makes its zeros even where it skips
            assert equal(state, after[1]["state"]) if state else not any(map(moved, after[1]["state"].values()))
            assert scaler.get_scale() == 2.0**11
    assert reg.player.t == 4 and all(p.isfinite().all() for p in net.parameters())


def test_a_skipped_step_puts_back_what_its_penalties_recorded():
    net, _, reg = started([Lecam()], torch.float32)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12)
    before = copy.deepcopy(reg.state_dict()["regularizer"])
    fp16(net, reg, scaler)
    assert not equal(dict(before), dict(reg.state_dict()["regularizer"]))
    next(net.parameters()).grad.fill_(float("nan"))
    assert not reg.step(scaler)
    assert equal(dict(before), dict(reg.state_dict()["regularizer"]))


def test_a_scaler_that_is_switched_off_changes_nothing():
    one, other = started([R1(), ClipNorm(0.1)]), started([R1(), ClipNorm(0.1)])
    off = torch.amp.GradScaler("cpu", enabled=False)
    for (net, optimizer, reg), how in ((one, ()), (other, (off,))):
        optimizer.zero_grad()
        loss_of(net, reg, REAL, FAKE).backward()
        assert reg.step(*how)
    assert equal(dict(one[0].state_dict()), dict(other[0].state_dict()))


def test_what_is_saved_lets_training_continue_identically():
    def fresh():
        return started([Dropout(p=0.5), Lecam(), EMA(half_life=3.0)])

    whole = trained(*fresh(), steps=8)
    net, optimizer, reg = fresh()
    trained(net, optimizer, reg, steps=5)
    file = io.BytesIO()
    torch.save([net.state_dict(), optimizer.state_dict(), reg.state_dict()], file)
    file.seek(0)
    states = torch.load(file, weights_only=True)
    net, optimizer, reg = fresh()
    for part, state in zip((net, optimizer, reg), states, strict=True):
        part.load_state_dict(state)
    assert equal(whole, trained(net, optimizer, reg, steps=3))


def test_what_is_deployed_is_the_average_and_a_copy():
    net, optimizer, reg = started([EMA(half_life=1e9, rampup=None)])
    first = copy.deepcopy(dict(net.state_dict()))
    trained(net, optimizer, reg, steps=3)
    deployed = reg.deployed()
    assert not deployed.training and not equal(first, dict(net.state_dict()))
    for key, value in deployed.state_dict().items():
        assert torch.allclose(value, first[key], atol=1e-6)


def test_a_turn_inside_a_turn_and_two_players_of_one_role_are_refused():
    reg = started([R1()])[2]
    with reg.turn(REAL, FAKE), pytest.raises(UsageError, match="open already"), reg.turn(REAL, FAKE):
        pass
    with reg.turn(REAL, FAKE):
        pass
    other = nn.Linear(2, 1, dtype=F64)
    with pytest.raises(UsageError, match="other role="):
        attach(other, R1(), optimizer=adam(other.parameters()), role="discriminator", opponent=reg)


def test_every_key_of_a_micro_batch_is_its_own():
    net, _, reg = started([Dropout(p=0.5)])
    seen = []
    for _ in range(3):
        with reg.turn(REAL, FAKE) as t:
            seen.append(net(t.real))
    assert not torch.equal(seen[0], seen[1]) and not torch.equal(seen[1], seen[2])
