"""What asks for a slope, or divides by it, is judged by its traits: gradient-norm, DRAGAN and a stranger's like R1."""

import pytest
from torch import nn

from detente.checks import findings
from detente.engine.regularizer import Passes, Regularizer
from detente.regularizers import (
    DRAGAN,
    R1,
    R2,
    BatchNorm,
    Dropout,
    GradientNorm,
    GradientPenalty,
    MinibatchStddev,
    Roth,
    WeightClip,
    WeightDecay,
)
from detente.testing import cases

(RING,) = cases(["ring"])


class Stranger(Regularizer):
    """Somebody else's normalization by the critic's slope."""

    normalizes_slope = True
    slope_target = 2.0

    def passes(self, turn="discriminator"):
        return Passes(gradient=1)


def codes(*regularizers: Regularizer) -> set[str]:
    return {finding.code for finding in findings(RING.game("discriminator", *regularizers))}


@pytest.mark.parametrize("slope", [R1, R2, Roth, DRAGAN, GradientPenalty, GradientNorm, Stranger])
@pytest.mark.parametrize(
    ("beside", "code"),
    [
        (BatchNorm, "batch-norm-under-input-gradient"),
        (MinibatchStddev, "minibatch-stddev-under-input-gradient"),
        (Dropout, "dropout-under-input-gradient"),
    ],
)
def test_what_differentiates_single_samples_has_the_findings_of_r1(slope, beside, code):
    assert code in codes(beside(), slope())
    assert code not in codes(beside()) and code not in codes(slope())


@pytest.mark.parametrize("slope", [DRAGAN, GradientPenalty, Stranger])
def test_weight_clipping_beside_a_slope_target_is_refused(slope):
    assert "gradient-penalty-with-weight-clip" in codes(slope(), WeightClip())


@pytest.mark.parametrize("slope", [R1, R2, Roth])
def test_a_penalty_that_wants_a_flat_critic_may_stand_beside_clipping(slope):
    assert "gradient-penalty-with-weight-clip" not in codes(slope(), WeightClip())


@pytest.mark.parametrize("slope", [GradientNorm, Stranger])
def test_decay_of_a_critic_that_is_divided_by_its_slope_is_found(slope):
    assert "decay-of-scale-invariant-weights" in codes(slope(), WeightDecay())
    assert "decay-of-scale-invariant-weights" not in codes(R1(), WeightDecay())


def test_a_critic_divided_by_its_slope_does_not_depend_on_its_scale():
    import torch

    net = nn.Sequential(nn.Linear(2, 4, bias=False), nn.ReLU(), nn.Linear(4, 1, bias=False), nn.Flatten(0)).double()
    GradientNorm().rewrite(net)
    x = torch.randn(5, 2, dtype=torch.float64)
    before = net(x).detach()
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(0.3)
    assert torch.allclose(net(x), before, rtol=1e-12)
