"""A regularizer that waits, keeps memory, or changes what belongs to the whole process is caught by name."""

import random

import numpy as np
import pytest
import torch
from torch import nn

from detente.engine.gradients import input_gradient
from detente.engine.layers import after, layers, reparametrize
from detente.engine.regularizer import Regularizer
from detente.engine.sample import each, sumsq
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from planted import assert_named


class ByMask(R1):
    def penalty(self, s):
        sq = sumsq(input_gradient(s.real_logits, s.real))
        return self.gamma / 2 * sq[sq >= 0].sum() / len(sq)


class ByCpu(L2):
    def adjust_gradients(self, net, m):
        self.norm = self._chosen[0].grad.norm().cpu()
        super().adjust_gradients(net, m)


class ByList(L2):
    def adjust_gradients(self, net, m):
        if max(self._chosen[0].grad.abs().flatten().tolist()) >= 0:
            super().adjust_gradients(net, m)


class ByNumpy(L2):
    def adjust_gradients(self, net, m):
        self.norm = float(np.linalg.norm(self._chosen[0].grad.numpy()))
        super().adjust_gradients(net, m)


class ByNonzero(L2):
    def adjust_gradients(self, net, m):
        self.many = len(self._chosen[0].grad.nonzero())
        super().adjust_gradients(net, m)


class OnTheWrongDevice(R1):
    def penalty(self, s):
        return (
            super().penalty(s) * torch.ones(1, device="cpu").mean()
            + s.real_score.mul(torch.zeros(len(s.real_score))).sum()
        )


class KeepsTheValue(R1):
    def penalty(self, s):
        self.last = super().penalty(s)
        return self.last


class KeepsTheStep(R1):
    def penalty(self, s):
        self.last = (s,)
        return super().penalty(s)


class KeepsFakes(R1):
    def penalty(self, s):
        self.seen = {"fake": s.fake}
        return super().penalty(s)


class KeepsAHistory(R1):
    def __init__(self):
        super().__init__()
        self.history = []

    def penalty(self, s):
        self.history.append(s.real_score)
        return super().penalty(s)


class Seeds(R1):
    def penalty(self, s):
        torch.manual_seed(0)
        return super().penalty(s)


class SeedsNumpy(R1):
    def penalty(self, s):
        np.random.seed(0)  # noqa: NPY002
        return super().penalty(s)


class DoublePrecision(R1):
    def attach(self, net):
        torch.set_default_dtype(torch.float64)


class GradOff(L2):
    def attach(self, net):
        super().attach(net)
        torch.set_grad_enabled(False)


class GradOffInPenalty(R1):
    def penalty(self, s):
        value = super().penalty(s)
        torch.set_grad_enabled(False)
        return value


class Anomalies(R1):
    def penalty(self, s):
        torch.autograd.set_detect_anomaly(True)
        return super().penalty(s)


class ManyThreads(L2):
    def adjust_gradients(self, net, m):
        torch.set_num_threads(2)
        super().adjust_gradients(net, m)


class NoiseOnGradients(Regularizer):
    def adjust_gradients(self, net, m):
        for p in net.parameters():
            if p.grad is not None:
                p.grad.add_(torch.randn_like(p.grad), alpha=0.01)


class NoiseOnInputs(Regularizer):
    players = ("discriminator",)

    def augment(self, x, m):
        return each(lambda leaf: leaf + 0.1 * torch.randn_like(leaf), x)


class NoiseOnWeights(Regularizer):
    def adjust_weights(self, net, m):
        for p in net.parameters():
            if p.requires_grad:
                p.mul_(1 + 0.01 * random.random())


class NumpyInPenalty(R1):
    def penalty(self, s):
        return super().penalty(s) * (1 + np.random.rand())  # noqa: NPY002


class Noisy(nn.Module):
    def forward(self, x):
        return x + 0.1 * torch.randn_like(x) if self.training else x


class NoiseInLayers(Regularizer):
    def rewrite(self, net):
        after(layers(net)[0], self.name, Noisy())


class NoiseOnUsedWeights(Regularizer):
    def rewrite(self, net):
        reparametrize(layers(net)[0], self.name, Noisy())


DEFECTS = {
    ByMask: "nothing_waits_for_the_device",
    ByCpu: "nothing_waits_for_the_device",
    ByList: "nothing_waits_for_the_device",
    ByNumpy: "nothing_waits_for_the_device",
    ByNonzero: "nothing_waits_for_the_device",
    OnTheWrongDevice: "nothing_waits_for_the_device",
    KeepsTheValue: "nothing_of_a_step_is_kept",
    KeepsTheStep: "nothing_of_a_step_is_kept",
    KeepsFakes: "nothing_of_a_step_is_kept",
    KeepsAHistory: "nothing_of_a_step_is_kept",
    Seeds: "global_generators_are_left_alone",
    SeedsNumpy: "global_generators_are_left_alone",
    DoublePrecision: "process_wide_settings_stay",
    GradOff: "process_wide_settings_stay",
    GradOffInPenalty: "process_wide_settings_stay",
    Anomalies: "process_wide_settings_stay",
    ManyThreads: "process_wide_settings_stay",
    NoiseOnGradients: "global_generators_are_left_alone",
    NoiseOnInputs: "global_generators_are_left_alone",
    NoiseOnWeights: "global_generators_are_left_alone",
    NumpyInPenalty: "global_generators_are_left_alone",
    NoiseInLayers: "global_generators_are_left_alone",
    NoiseOnUsedWeights: "global_generators_are_left_alone",
}


@pytest.mark.slow
@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_the_law_that_is_named_for_it(defect, law, few):
    assert_named(defect, law, few)
