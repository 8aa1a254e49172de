"""Every rule that refuses fires on a game that has the fault and is silent on one that has not."""

import pytest
import torch
from torch import nn

from detente.checks import rules
from detente.engine.combinators import Ramp, annealed, lazily
from detente.engine.objectives import Wasserstein
from detente.plugins import host
from faulty import (
    Critic,
    Sequence,
    TheirAugmentation,
    TheirBatchNorm,
    TheirClip,
    TheirInstanceNorm,
    TheirSlopePenalty,
    TheirSpectralNorm,
    TheirWeightNorm,
    codes,
    critic,
    game,
    reg,
)

INPUT_GRADIENTS = ["gradient-penalty", "r1", "r2", "zero-centred-gp", "dragan", "max-gp", "roth", "gradient-norm"]


REFUSED = {
    "batch-norm-under-input-gradient": (
        [
            *[lambda name=name: game([reg("batch-norm"), reg(name)]) for name in INPUT_GRADIENTS],
            lambda: game([reg("r1")], network=critic(nn.BatchNorm1d(4))),
            lambda: game([TheirBatchNorm(), TheirSlopePenalty()]),
            lambda: game([reg("batch-norm"), lazily(reg("r1"), 4)]),
            lambda: game([reg("batch-norm"), annealed(reg("r1"), gamma=Ramp(0.0, 1.0, 10))]),
        ],
        [
            lambda: game([reg("batch-norm"), reg("r1", gamma=0.0)]),
            lambda: game([reg("batch-norm"), reg("lecam")]),
            lambda: game([reg("layer-norm"), reg("r1")]),
            lambda: game([reg("r1")], [reg("batch-norm")]),
            lambda: game([reg("r1")], network=critic(nn.LayerNorm(4))),
        ],
    ),
    "two-norms-of-one-weight": (
        [
            lambda: game([reg("spectral-norm"), reg("weight-norm")]),
            lambda: game(G=[reg("weight-norm"), reg("spectral-norm")]),
            lambda: game([TheirSpectralNorm(), TheirWeightNorm()]),
            lambda: game([TheirSpectralNorm(), reg("weight-norm")]),
        ],
        [
            lambda: game([reg("spectral-norm")], [reg("weight-norm")]),
            lambda: game([reg("spectral-norm", where="0"), reg("weight-norm", where="2")]),
        ],
    ),
    "augmentation-on-the-generator": (
        [lambda: game(G=[reg("instance-noise")]), lambda: game(G=[TheirAugmentation()])],
        [lambda: game([reg("instance-noise")])],
    ),
    "instance-norm-without-positions": (
        [
            lambda: game([TheirInstanceNorm()]),
            lambda: game([reg("instance-norm")]),
            lambda: game(G=[reg("instance-norm")]),
        ],
        [lambda: game([reg("instance-norm")], network=Sequence()), lambda: game([reg("layer-norm")])],
    ),
    "wasserstein-without-a-bound": (
        [
            lambda: game(objective=Wasserstein()),
            lambda: game([reg("l2"), reg("dropout")], objective=Wasserstein()),
            lambda: game([reg("r1", gamma=0.0)], objective=Wasserstein()),
        ],
        [
            lambda: game([TheirClip()], objective=Wasserstein()),
            *[
                lambda name=name: game([reg(name)], objective=Wasserstein())
                for name in ("gradient-penalty", "spectral-norm", "weight-clip", "r1", "gradient-norm")
            ],
            lambda: game(),
        ],
    ),
    "gradient-penalty-with-weight-clip": (
        [
            lambda: game([reg("gradient-penalty"), reg("weight-clip")]),
            lambda: game([reg("dragan"), reg("weight-clip")]),
            lambda: game([TheirSlopePenalty(), TheirClip()]),
        ],
        [
            lambda: game([reg("gradient-penalty")]),
            lambda: game([reg("weight-clip"), reg("r1")]),
            lambda: game([TheirSlopePenalty(target=0.0), TheirClip()]),
        ],
    ),
}


@pytest.mark.parametrize(("code", "make"), [(c, m) for c, (faulty, _) in REFUSED.items() for m in faulty])
def test_the_rule_fires_on_the_fault(code, make):
    assert code in codes(make())


@pytest.mark.parametrize(("code", "make"), [(c, m) for c, (_, sound) in REFUSED.items() for m in sound])
def test_the_rule_is_silent_without_the_fault(code, make):
    assert code not in codes(make())


def test_no_rule_of_this_kind_is_untested():
    of = {rule.code for rule in rules(host()) if rule.level == "refuse"}
    assert of == REFUSED.keys() | {"layer-never-runs"}  # that one is in test_trial.py


def test_the_fault_is_real_r1_reads_zero_through_linear_batch_norm_linear():
    """For any weights the summed logit does not depend on the input."""
    from detente.testing.laws.subject import F64
    from detente.testing.probe import probe, value

    net = Critic(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Linear(5, 1)).to(F64)
    real = torch.randn(8, 3, dtype=F64)
    assert value(reg("r1"), probe(net, real, real)).item() < 1e-20
    assert abs(value(reg("gradient-penalty", weight=1.0), probe(net, real, real + 1)).item() - 1) < 1e-8
