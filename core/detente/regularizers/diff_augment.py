"""DiffAugment: augments all inputs of the critic, real and fake."""

from detente.engine.augment import Policy, augmented
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Sample
from detente.engine.step import Moment


class DiffAugment(Regularizer):
    r"""Augments all inputs of the critic, in both players' updates.

    D(Tx) and D(TG(z)),  T drawn for each sample      (Zhao et al. 2020)

    T are augmentations of the domain, which are differentiable, so that the generator learns through them. Real and
    fake samples get the same kinds of augmentation with different random numbers. It has no inactive setting.

    Args:
        policy: names of the domain's augmentations, applied in this order; None for all of them.

    Raises:
        UsageError: the domain has no such augmentation.

    On a linear critic w with a random flip x → ±x the mean score is 0 for every w.
    """

    players = ("discriminator",)

    def __init__(self, policy: Policy = None) -> None:
        super().__init__()
        self.policy = policy

    def augment(self, x: Sample, m: Moment) -> Sample:
        return augmented(x, m.domain, self.policy, m.rng, self.name)
