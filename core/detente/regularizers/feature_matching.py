"""Feature matching: a generator that matches the means of the critic's features."""

import torch
from torch import Tensor

from detente.engine import ranks
from detente.engine.options import NonNegative
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import leaves
from detente.engine.step import Role, Step


class FeatureMatching(Regularizer):
    r"""Penalizes the distance between the mean features of real and fake samples.

    λ · ‖E_{x real} f(x) − E_z f(G(z))‖²      (Salimans et al. 2016, section 3.1)

    f are the discriminator's feature layers, all of them side by side, with positions and channels as separate entries.
    The paper uses one layer, and this term instead of the adversarial loss; here it is added to it. No gradient flows
    to D.

    Args:
        weight: λ.

    With f(x) = x and G(z) = z + b for latents distributed as the data: λ‖b‖².
    """

    players = ("generator",)
    needs = ("features",)
    off = {"weight": 0.0}
    compares_samples = True

    def __init__(self, weight: NonNegative = 1.0) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, s: Step) -> Tensor:
        gaps = [
            (_mean(real).detach() - _mean(fake)).square().sum()
            for reals, fakes in zip(s.real_features, s.fake_features, strict=True)
            for real, fake in zip(leaves(reals), leaves(fakes), strict=True)
        ]
        return self.weight * torch.stack(gaps).sum()

    def passes(self, turn: Role = "discriminator") -> Passes:
        return Passes(critic=1)  # on the reals, which most objectives do not score in the generator's turn


def _mean(feature: Tensor) -> Tensor:
    """Over the batch; half-precision features are averaged in float32."""
    return ranks.mean(feature.mean(0, dtype=torch.promote_types(feature.dtype, torch.float32)))
