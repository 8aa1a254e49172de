"""ADA: augmentation whose probability follows the discriminator's overfitting."""

from typing import Annotated

import torch
from torch import Tensor, nn

from detente.engine import ranks
from detente.engine.augment import Policy, augmentations
from detente.engine.options import NonNegative, Probability, Range
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Sample, batch_size, each, leaves, per_sample
from detente.engine.step import Moment, Step


class ADA(Regularizer):
    r"""Applies each augmentation to each sample with a probability that follows the discriminator's confidence.

    r = E_{x real} sign D(x),  p ← clip(p + s · sign(r − target), 0, 1)      (Karras et al. 2020b, eq. 1)

    If nearly all real samples are scored as real, the discriminator overfits and p rises. `penalty` measures r on
    the augmented reals of this update and adds nothing to the loss; p moves after the optimizer's step. The paper
    averages r over four updates and then moves p by four times as much. p and r live on the device.

    Args:
        target: the r at which p does not change.
        speed: s, the change of p per update: it goes from 0 to 1 in 1/s updates. The paper's 500 000 images are 7 813
            updates of 64, or 1.28e-4.
        start: p before the first update.
        policy: names of the domain's augmentations, applied in this order; None for all of them.

    Raises:
        UsageError: the domain has no such augmentation.

    With every real scored positive p is start + s·t after t updates.
    """

    players = ("discriminator",)
    off = {"speed": 0.0, "start": 0.0}
    fixed = ("start",)
    watches = True

    p: Tensor
    r: Tensor

    def __init__(
        self,
        target: Annotated[float, Range(least=-1, most=1)] = 0.6,
        speed: NonNegative = 1.28e-4,
        start: Probability = 0.0,
        policy: Policy = None,
    ) -> None:
        super().__init__()
        self.target, self.speed, self.start, self.policy = target, speed, start, policy
        self.register_buffer("p", torch.tensor(float(start)))
        self.register_buffer("r", torch.zeros(()))
        self._awake = False

    def attach(self, net: nn.Module) -> None:
        # A speed that is annealed down to 0 leaves p where it is, which is no reason to skip.
        self._awake = self.speed != 0 or self.start != 0

    def augment(self, x: Sample, m: Moment) -> Sample:
        first = leaves(x)[0]
        for name, augmentation in augmentations(m.domain, self.policy, self.name):
            stream = m.rng.at(name)
            changed = ranks.jointly(augmentation, x, stream.generator(first.device))
            coin = stream.at("coin").generator(first.device)
            chosen = torch.rand(batch_size(x), generator=coin, device=first.device) < self.p  # [B]
            x = each(lambda new, old, c=chosen: torch.where(per_sample(c, old), new, old), changed, x)
        return x

    def penalty(self, s: Step) -> None:
        self.r.copy_(ranks.mean(s.real_score.detach().sign().mean()))

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        self.p.add_((self.r - self.target).sign(), alpha=self.speed).clamp_(0, 1)

    def inactive(self, m: Moment) -> bool:
        return not self._awake and super().inactive(m)

    def report(self, net: nn.Module) -> dict[str, Tensor]:
        return {"p": self.p.clone(), "r": self.r.clone()}
