"""A regularizer that sees a part of the critic, cuts the generator off or mixes samples is caught by name."""

import pytest
import torch
from torch import nn

from detente.engine.gradients import input_gradient
from detente.engine.layers import after, layers
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import detach, each, leaves, rows, sumsq
from detente.regularizers.r1 import R1
from planted import assert_named


class DetachingAugment(Regularizer):
    players = ("discriminator",)

    def augment(self, x, m):
        return detach(each(lambda leaf: 0.9 * leaf, x))


class RoundingAugment(Regularizer):
    players = ("discriminator",)

    def augment(self, x, m):
        return each(lambda leaf: (8 * leaf).round() / 8, x)


class DataAugment(Regularizer):
    players = ("discriminator",)

    def augment(self, x, m):
        return each(lambda leaf: leaf.data * 0.5, x)


class LastLeafDetached(Regularizer):
    players = ("discriminator",)

    def augment(self, x, m):
        return 0.9 * x if isinstance(x, torch.Tensor) else (*(0.9 * leaf for leaf in x[:-1]), x[-1].detach())


class FirstCritic(R1):
    def penalty(self, s):
        return self.gamma / 2 * sumsq(input_gradient(leaves(s.real_logits)[0], s.real)).mean()


class LastCriticOnScores(Regularizer):
    players = ("discriminator",)

    def penalty(self, s):
        last = leaves(s.real_logits)[-1]
        return 0.1 * last.reshape(len(last), -1).mean(1).square().mean()


class FirstPosition(Regularizer):
    players = ("discriminator",)

    def penalty(self, s):
        return torch.stack([part.reshape(len(part), -1)[:, 0].square().mean() for part in leaves(s.fake_logits)]).sum()


class WithoutTheAugmentation(R1):
    def penalty(self, s):
        logits = s.discriminator(s.real) if s.labels is None else s.discriminator(s.real, s.labels)
        return self.gamma / 2 * sumsq(input_gradient(logits, s.real)).mean()

    def passes(self, turn="discriminator"):
        return Passes(critic=1, gradient=1)


class MeanOfGradients(R1):
    def penalty(self, s):
        grad = each(lambda leaf: leaf.mean(0, keepdim=True), input_gradient(s.real_logits, s.real))
        return self.gamma / 2 * sumsq(grad).mean()


class ScoreOfTheMean(Regularizer):
    players = ("discriminator",)

    def penalty(self, s):
        return s.real_score.mean().square()


class Neighbours(Regularizer):
    players = ("discriminator",)

    def penalty(self, s):
        return (s.real_score - s.real_score.roll(1)).square().mean()


class OnlyTheFirstSample(R1):
    def penalty(self, s):
        return self.gamma / 2 * sumsq(rows(input_gradient(s.real_logits, s.real), slice(0, 1))).mean()


class CentresTheBatch(nn.Module):
    def forward(self, x):
        return x - x.mean(0) if self.training else x


class UndeclaredMixing(Regularizer):
    def rewrite(self, net):
        after(layers(net)[0], self.name, CentresTheBatch())


DEFECTS = {
    DetachingAugment: "the_generator_learns_through_augment",
    RoundingAugment: "the_generator_learns_through_augment",
    DataAugment: "the_generator_learns_through_augment",
    LastLeafDetached: "the_generator_learns_through_augment",
    FirstCritic: "all_subcritics_count",
    LastCriticOnScores: "all_subcritics_count",
    FirstPosition: "all_subcritics_count",
    WithoutTheAugmentation: "the_critic_is_the_augmented_one",
    MeanOfGradients: "a_penalty_is_a_mean_over_samples",
    ScoreOfTheMean: "a_penalty_is_a_mean_over_samples",
    Neighbours: "a_penalty_is_a_mean_over_samples",
    OnlyTheFirstSample: "a_penalty_is_a_mean_over_samples",
    UndeclaredMixing: "rewritten_networks_keep_samples_apart",
}


@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_the_law_that_is_named_for_it(defect, law, few):
    assert_named(defect, law, few)
