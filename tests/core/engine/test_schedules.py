"""An option with a schedule has its value at the update that the schedule names, wherever the option is read."""

import copy

import pytest
import torch
from torch import nn

from detente.engine.combinators import Ramp, annealed, lazily
from detente.errors import UsageError
from detente.regularizers import (
    ADA,
    R1,
    BatchNorm,
    ClipNorm,
    Dropout,
    GroupNorm,
    InstanceNoise,
    InstanceNorm,
    LayerNorm,
    MinibatchStddev,
    WeightClip,
)
from detente.testing import cases

(RING,) = cases(["ring"])


@pytest.mark.parametrize(
    ("ramp", "line"),
    [
        (Ramp(0.8, 0.2, 3), [0.8, 0.6, 0.4, 0.2, 0.2]),
        (Ramp(0.0, 0.5, 2), [0.0, 0.25, 0.5, 0.5, 0.5]),
        (Ramp(0.9, 0.0, 4), [0.9, 0.675, 0.45, 0.225, 0.0]),
    ],
)
@pytest.mark.parametrize("role", ["discriminator", "generator"])
def test_annealed_dropout_drops_with_the_probability_of_the_update(ramp, line, role):
    game = RING.game(role, annealed(Dropout(), p=ramp))
    player = getattr(game, role)
    masks = [m for m in player.network.modules() if type(m).__name__ == "_Mask"]
    seen = []
    for mask in masks[:1]:
        mask.register_forward_hook(lambda m, i, o: seen.append((player.t, m.p)))
    for k in range(5):
        game.step(RING.batch(k))
    assert seen and {t for t, _ in seen} >= set(range(5))
    assert all(p == pytest.approx(line[min(t, 4)], abs=1e-12) for t, p in seen)


def test_a_resumed_run_drops_with_the_same_probability():
    def build():
        return RING.game("discriminator", annealed(Dropout(), p=Ramp(0.8, 0.2, 3)))

    whole, first, second = build(), build(), build()
    for k in range(5):
        whole.step(RING.batch(k))
    for k in range(2):
        first.step(RING.batch(k))
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for k in range(2, 5):
        second.step(RING.batch(k))
    for a, b in zip(whole.discriminator.parameters, second.discriminator.parameters, strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (BatchNorm, "momentum"),
        (BatchNorm, "eps"),
        (LayerNorm, "eps"),
        (GroupNorm, "eps"),
        (InstanceNorm, "eps"),
        (MinibatchStddev, "momentum"),
        (ADA, "start"),
    ],
    ids=lambda x: getattr(x, "__name__", x),
)
def test_an_option_that_is_read_once_has_no_schedule(make, option):
    with pytest.raises(UsageError, match=f"{make.name}: {option} is read once.*Give it one value"):
        annealed(make(), **{option: Ramp(0.1, 0.2, 5)})


@pytest.mark.parametrize(
    ("make", "option", "start", "end"),
    [
        (R1, "gamma", 1.0, 10.0),
        (InstanceNoise, "std", 0.1, 1.0),
        (ClipNorm, "max_norm", 1.0, 1e-3),
        (WeightClip, "bound", 1.0, 0.01),
        (Dropout, "p", 0.1, 0.8),
    ],
    ids=lambda x: getattr(x, "__name__", None),
)
def test_a_schedule_that_has_ended_is_the_constant_at_every_point(make, option, start, end):
    """From the update at which the line ends, both runs make the same update from the same state."""

    def play(regularizer):
        return RING.game("discriminator", regularizer)

    scheduled, constant = play(annealed(make(), **{option: Ramp(start, end, 2)})), play(make(**{option: end}))
    for k in range(2):
        scheduled.step(RING.batch(k))
    state = copy.deepcopy(scheduled.state_dict())
    constant.load_state_dict(state)
    for k in range(2, 4):
        scheduled.step(RING.batch(k))
        constant.step(RING.batch(k))
    for a, b in zip(scheduled.discriminator.parameters, constant.discriminator.parameters, strict=True):
        assert torch.equal(a, b)
    begun = play(make(**{option: start}))
    begun.load_state_dict(state)
    for k in range(2, 4):
        begun.step(RING.batch(k))
    pairs = zip(scheduled.discriminator.parameters, begun.discriminator.parameters, strict=True)
    assert not all(torch.equal(a, b) for a, b in pairs)


def test_every_float_option_of_a_regularizer_is_read_at_its_point_or_has_no_schedule():
    """What a network that is built keeps of a float option must be listed as fixed, but for what is set up anew."""
    from detente.engine.options import declared_options
    from detente.plugins import host

    for entry in host().entries("regularizer"):
        cls = entry.load()
        net = nn.Sequential(nn.Conv1d(2, 4, 3), nn.Conv1d(4, 4, 3), nn.Conv1d(4, 2, 3))
        for name, stated in declared_options(cls).items():
            if stated.whole or cls.sets_up_next:
                continue
            mark = 0.123456789
            try:
                regularizer = cls(**{name: mark})
                regularizer.rewrite(net)
            except UsageError:
                continue
            kept = [m for m in net.modules() if mark in [v for v in vars(m).values() if isinstance(v, float)]]
            assert not kept or name in cls.fixed, f"{cls.name}: {name} is copied into the network; list it in `fixed`"


@pytest.mark.parametrize("make", [ADA, Dropout, ClipNorm, WeightClip])
def test_every_is_refused_where_there_is_no_penalty_to_leave_out(make):
    with pytest.raises(UsageError, match=f"{make.name}: every=4 computes a penalty"):
        lazily(make(), every=4)
