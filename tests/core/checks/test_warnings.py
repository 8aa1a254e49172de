"""Every rule that warns fires on a game that has the fault and is silent on one that has not."""

import pytest
import torch
from torch import nn

from detente.checks import rules
from detente.engine.combinators import lazily
from detente.plugins import host
from faulty import (
    Recurrent,
    TheirDecay,
    TheirDropout,
    TheirSlopePenalty,
    TheirSpectralNorm,
    TheirStatistics,
    Unrolled,
    adam,
    codes,
    critic,
    game,
    reg,
)

WARNED = {
    "minibatch-stddev-under-input-gradient": (
        [
            lambda: game([reg("minibatch-stddev"), reg("r1")]),
            lambda: game([reg("minibatch-stddev"), reg("gradient-norm")]),
            lambda: game([TheirStatistics(), TheirSlopePenalty()]),
        ],
        [lambda: game([reg("minibatch-stddev")]), lambda: game([reg("r1")])],
    ),
    "decay-of-scale-invariant-weights": (
        [
            lambda: game([reg("l2"), reg("spectral-norm")]),
            lambda: game([TheirDecay(), TheirSpectralNorm()]),
            lambda: game(G=[reg("batch-norm"), reg("weight-decay")]),
            lambda: game([reg("l2")], network=critic(nn.BatchNorm1d(4))),
        ],
        [
            lambda: game([reg("l2")]),
            lambda: game([reg("batch-norm"), reg("l2", where="2.weight")]),
            lambda: game([reg("l2")], [reg("batch-norm")]),
        ],
    ),
    "l2-under-adam": (
        [lambda: game([reg("l2")], optimizer=adam), lambda: game([TheirDecay()], optimizer=adam)],
        [lambda: game([reg("l2")]), lambda: game([reg("weight-decay")], optimizer=adam)],
    ),
    "dropout-under-input-gradient": (
        [
            lambda: game([reg("dropout"), reg("gradient-norm")]),
            lambda: game([TheirDropout(), TheirSlopePenalty()]),
            lambda: game([reg("dropout"), reg("r1")]),
            lambda: game([reg("r1")], network=critic(nn.Dropout(0.5))),
        ],
        [
            lambda: game([reg("dropout")]),
            lambda: game([reg("r1")], [reg("dropout")]),
            lambda: game([reg("dropout", p=0.0), reg("r1")]),
        ],
    ),
    "strong-penalty-on-spectral-norm": (
        [
            lambda: game([reg("spectral-norm"), reg("gradient-penalty")]),
            lambda: game([TheirSpectralNorm(), TheirSlopePenalty()]),
            lambda: game([TheirSpectralNorm(), lazily(reg("dragan"), 2)]),
        ],
        [
            lambda: game([reg("spectral-norm"), reg("gradient-penalty", weight=1.0)]),
            lambda: game([reg("gradient-penalty")]),
        ],
    ),
    "half-precision-penalties": (
        [
            lambda: game([reg("r1")], autocast=torch.float16),
            lambda: game([TheirSlopePenalty()], autocast=torch.float16),
        ],
        [lambda: game([reg("r1")], autocast=torch.bfloat16), lambda: game([reg("l2")], autocast=torch.float16)],
    ),
    "recurrent-critic-under-input-gradient": (
        [lambda: game([reg("r1")], network=Recurrent()), lambda: game([TheirSlopePenalty()], network=Recurrent())],
        [lambda: game([reg("r1")], network=Unrolled()), lambda: game([reg("drift")], network=Recurrent())],
    ),
}


@pytest.mark.parametrize(("code", "make"), [(c, m) for c, (faulty, _) in WARNED.items() for m in faulty])
def test_the_warning_comes_with_the_fault(code, make):
    assert code in codes(make())


@pytest.mark.parametrize(("code", "make"), [(c, m) for c, (_, sound) in WARNED.items() for m in sound])
def test_there_is_no_warning_without_the_fault(code, make):
    assert code not in codes(make())


def test_no_rule_of_this_kind_is_untested():
    of = {rule.code for rule in rules(host()) if rule.level == "warn"}
    with_a_trial = {"uncovered-weights", "penalty-without-value"}  # in test_trial.py
    of_the_machine = {"bf16-in-software"}  # in test_processor.py
    assert of == WARNED.keys() | {"spectral-norm-after-warm-up"} | with_a_trial | of_the_machine


def test_spectral_norm_after_a_warm_up_is_warned_of():
    assert "spectral-norm-after-warm-up" in codes(game([reg("spectral-norm")]), warmed_up=True)
    assert "spectral-norm-after-warm-up" in codes(game([TheirSpectralNorm()]), warmed_up=True)
    assert "spectral-norm-after-warm-up" not in codes(game([reg("weight-norm")]), warmed_up=True)
    assert "spectral-norm-after-warm-up" not in codes(game([reg("spectral-norm")]))
    assert "spectral-norm-after-warm-up" not in codes(game([reg("r1")]), warmed_up=True)
