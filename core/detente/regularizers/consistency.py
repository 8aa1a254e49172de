"""Consistency regularization: scores that do not change under augmentation."""

import torch
from torch import Tensor

from detente.engine.augment import Policy, augmented
from detente.engine.gradients import score
from detente.engine.options import NonNegative
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import Sample, detach
from detente.engine.step import Role, Step


class CR(Regularizer):
    r"""Penalizes the change of a real sample's score under augmentation.

    λ · E_{x real} (D(Tx) − D(x))²      (Zhang et al. 2020)

    T are augmentations of the domain. The gradient flows through both scores.

    Args:
        weight: λ.
        policy: names of the domain's augmentations, applied in this order; None for all of them.

    Raises:
        UsageError: the domain has no such augmentation.

    On a linear critic with Tx = −x: 4λ E (wᵀx)².
    """

    players = ("discriminator",)
    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 10.0, policy: Policy = None) -> None:
        super().__init__()
        self.weight, self.policy = weight, policy

    def penalty(self, s: Step) -> Tensor:
        return self.weight * _inconsistency(s, "real", s.real, s.real_score, self.policy, self.name)

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=1)


class BCR(Regularizer):
    r"""Penalizes the change of scores under augmentation, for real and for generated samples.

    λ_real E (D(Tx) − D(x))² + λ_fake E (D(Tx̃) − D(x̃))²      (Zhao et al. 2021, algorithm 1)

    On real samples alone (`cr`) the generator may learn to imitate the augmentation, because the critic learns to
    ignore it. No gradient flows to the generator; T is drawn separately for real and fake samples.

    Args:
        weight: λ_real.
        fake_weight: λ_fake.
        policy: names of the domain's augmentations, applied in this order; None for all of them.

    Raises:
        UsageError: the domain has no such augmentation.

    On a linear critic with Tx = −x: 4λ_real E (wᵀx)² + 4λ_fake E (wᵀx̃)².
    """

    players = ("discriminator",)
    off = {"weight": 0.0, "fake_weight": 0.0}

    def __init__(self, weight: NonNegative = 10.0, fake_weight: NonNegative = 10.0, policy: Policy = None) -> None:
        super().__init__()
        self.weight, self.fake_weight, self.policy = weight, fake_weight, policy

    def penalty(self, s: Step) -> Tensor:
        parts = []
        if self.weight:
            parts.append(self.weight * _inconsistency(s, "real", s.real, s.real_score, self.policy, self.name))
        if self.fake_weight:
            parts.append(self.fake_weight * _inconsistency(s, "fake", s.fake, s.fake_score, self.policy, self.name))
        return torch.stack(parts).sum()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=bool(self.weight) + bool(self.fake_weight))


def _inconsistency(s: Step, which: str, x: Sample, before: Tensor, policy: Policy, who: str) -> Tensor:
    seen = augmented(detach(x), s.domain, policy, s.m.rng.at(which), who)
    return (score(s.critic(seen)) - before).square().mean()
