"""The kit on every registered regularizer, and the proof of the kit: planted defects, each caught by name."""

import copy

import pytest
import torch
from torch import nn

from detente.engine.gradients import input_gradient, mix, safe_sqrt
from detente.engine.layers import after, layers
from detente.engine.regularizer import LinearGame, Passes, Regularizer
from detente.engine.sample import leaves, sumsq
from detente.plugins import host
from detente.regularizers.ema import EMA
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from detente.testing import cases, check

# Where a default says nothing on the toys: instance normalization needs positions, which only these layers have.
OPTIONS: dict[str, dict] = {"instance-norm": {"where": ["conv", "embed", "row"]}}


@pytest.fixture(scope="module")
def toys():
    return cases()


@pytest.mark.parametrize("name", [e.name for e in host().entries("regularizer")])
def test_every_registered_regularizer_keeps_the_laws_on_all_toys(name, toys):
    make = host().load("regularizer", name)
    report = check(lambda: make(**OPTIONS.get(name, {})), toys).require()
    assert report.count("passed") >= 10


class PerChannelNorm(GradientPenalty):
    """The norm over dimension 1 alone, as in ports written for [B, F]."""

    def penalty(self, s):
        x = mix(s.real, s.fake, s.m.rng.generator())
        grad = leaves(input_gradient(s.critic(x), x))[0]
        return self.weight * (grad.norm(dim=1) - 1).square().mean()


class SumInsteadOfMean(R1):
    def penalty(self, s):
        return self.gamma / 2 * sumsq(input_gradient(s.real_logits, s.real)).sum()

    def on_linear_game(self, game):
        return None


class OnlyTheFirstLeaf(R1):
    def penalty(self, s):
        return self.gamma / 2 * sumsq(leaves(input_gradient(s.real_logits, s.real))[0]).mean()


class MissingHalf(R1):
    def penalty(self, s):
        return self.gamma * sumsq(input_gradient(s.real_logits, s.real)).mean()


class PlainRoot(GradientPenalty):
    """√ with its infinite slope at 0."""

    def penalty(self, s):
        x = mix(s.real, s.fake, s.m.rng.generator())
        return self.weight * (sumsq(input_gradient(s.critic(x), x)).sqrt() - 1).square().mean()


class UndetachedGenerator(Regularizer):
    players = ("discriminator",)

    def penalty(self, s):
        return torch.cat([d.flatten() for d in leaves(s.critic(s.generate(s.z)))]).square().mean()

    def passes(self):
        return Passes(critic=1, generator=1)


class BackwardOfItsOwn(R1):
    """Calls backward itself and so fills the other player's gradients."""

    def penalty(self, s):
        s.losses()[1].backward(retain_graph=True)
        return super().penalty(s)

    couples = True


class GlobalDraws(GradientPenalty):
    def penalty(self, s):
        alpha = torch.rand(len(leaves(s.real)[0]), dtype=leaves(s.real)[0].dtype)
        x = torch.utils._pytree.tree_map(
            lambda r, f: (r + alpha.reshape(-1, *[1] * (r.dim() - 1)) * (f - r)).detach().requires_grad_(),
            s.real,
            s.fake,
        )
        return self.weight * (safe_sqrt(sumsq(input_gradient(s.critic(x), x))) - 1).square().mean()


class SharedStream(GradientPenalty):
    """Draws from the turn's stream instead of its own."""

    def penalty(self, s):
        x = mix(s.real, s.fake, s.root.at("mix").generator())
        return self.weight * (safe_sqrt(sumsq(input_gradient(s.critic(x), x))) - 1).square().mean()


class UnsavedState(Regularizer):
    """A running mean in a plain attribute: gone after a restart."""

    players = ("discriminator",)

    def __init__(self):
        super().__init__()
        self.mean = torch.zeros(())

    def penalty(self, s):
        self.mean = 0.5 * self.mean + 0.5 * s.real_score.mean().detach()
        return (s.real_score - self.mean).square().mean()


class MultipliedByZero(R1):
    """Switched off by multiplication: the graph and the NaN of an unused branch stay."""

    def inactive(self, m):
        return False

    def penalty(self, s):
        return self.gamma * sumsq(input_gradient(s.real_logits, s.real)).mean() + s.real_score.mean() * 1e-3


class DetachedPart(R1):
    """A factor that should be differentiated is not."""

    def penalty(self, s):
        grad = input_gradient(s.real_logits, s.real)
        return self.gamma / 2 * (sumsq(grad) * sumsq(grad).detach()).mean()

    def on_linear_game(self, game: LinearGame):
        return self.gamma / 2 * (game.w @ game.w).square()


class HalfPrecision(R1):
    def penalty(self, s):
        value = super().penalty(s)
        return value.bfloat16() if value.dtype == torch.float32 else value


class HiddenForward(R1):
    """One more forward than it declares."""

    def penalty(self, s):
        return self.gamma / 2 * sumsq(input_gradient(s.critic(s.real), s.real)).mean()


class WaitsForTheHost(L2):
    def adjust_gradients(self, net, m):
        if self._chosen[0].abs().max().item() > 0:
            super().adjust_gradients(net, m)


class WrapsTheLayer(Regularizer):
    """Replaces a layer, so that its parameters get new names."""

    def rewrite(self, net):
        layer = layers(net)[0]
        parent = net.get_submodule(layer.name.rpartition(".")[0])
        setattr(parent, layer.name.rpartition(".")[2], nn.Sequential(layer.module))


class CountsForwards(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen += 1
        return x


class WritesStateInForwards(Regularizer):
    def rewrite(self, net):
        after(layers(net)[0], self.name, CountsForwards())


class DeploysTheLiveNetwork(Regularizer):
    def attach(self, net):
        self.net = (net,)

    def deploy(self, net):
        return self.net[0].eval()


class StaysInTraining(EMA):
    def deploy(self, net):
        return copy.deepcopy(net).train()


class ChangesTheFakes(R1):
    def penalty(self, s):
        for leaf in leaves(s.fake):
            leaf.data.mul_(1.5)
        return super().penalty(s)


DEFECTS = {
    PerChannelNorm: "arrangement_of_a_sample_is_irrelevant",
    SumInsteadOfMean: "duplicated_batches_cost_the_same",
    OnlyTheFirstLeaf: "arrangement_of_a_sample_is_irrelevant",
    MissingHalf: "closed_forms_are_met",
    PlainRoot: "zero_gradients_are_survived",
    UndetachedGenerator: "the_other_player_is_left_alone",
    BackwardOfItsOwn: "the_other_player_is_left_alone",
    GlobalDraws: "draws_come_from_its_own_stream",
    SharedStream: "draws_come_from_its_own_stream",
    UnsavedState: "a_checkpoint_holds_everything",
    MultipliedByZero: "off_is_absent_to_the_bit",
    DetachedPart: "gradients_match_finite_differences",
    HalfPrecision: "stays_float32_under_autocast",
    HiddenForward: "declared_passes_are_the_real_ones",
    WaitsForTheHost: "nothing_waits_for_the_device",
    WrapsTheLayer: "names_and_types_stay",
    WritesStateInForwards: "forwards_write_no_state",
    DeploysTheLiveNetwork: "deployed_networks_are_settled",
    StaysInTraining: "deployed_networks_are_settled",
    ChangesTheFakes: "extra_calls_shift_nobody",
}


@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_its_law(defect, law, toys):
    report = check(defect, toys)
    assert law in {v.law for v in report.broken}, f"{report}: {report.broken}"
    with pytest.raises(AssertionError, match=law):
        report.require()


def test_a_kit_that_checks_nothing_fails():
    with pytest.raises(AssertionError, match="was not tested in any case"):
        check(R1, []).require()


def test_a_law_that_does_not_apply_says_why(toys):
    reasons = {v.reason for v in check(R1, toys).verdicts if v.outcome == "skipped"}
    assert reasons and all(reasons)
