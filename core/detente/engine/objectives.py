"""The adversarial terms.

Logits are raw, high = real; losses are means over batch and positions, and sums over sub-critics.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import relu, softplus

from detente.engine.gradients import Logits
from detente.engine.options import Component
from detente.engine.sample import leaves
from detente.engine.step import Step


def mean(f: Callable[..., Tensor], *logits: Logits) -> Tensor:
    """E f(logits): the mean over batch and positions of each sub-critic, summed over sub-critics."""
    parts = [f(*xs).mean() for xs in zip(*(leaves(x) for x in logits), strict=True)]
    return parts[0] if len(parts) == 1 else torch.stack(parts).sum()


class Objective(Component, ABC):
    """An adversarial loss. `abilities` names properties that regularizers may need."""

    abilities: frozenset[str] = frozenset()
    differentiates_samples: bool = True
    """Whether a loss may be differentiated with respect to samples: they are leaves of the graph then."""

    @abstractmethod
    def discriminator(self, s: Step) -> Tensor:
        """The discriminator's loss, a scalar."""

    @abstractmethod
    def generator(self, s: Step) -> Tensor:
        """The generator's loss, a scalar."""


class _Logistic(Objective):
    """−E log σ(D(x)) − E log(1 − σ(D(x̃)))      (Goodfellow et al. 2014, eq. 1)"""

    differentiates_samples = False
    abilities = frozenset({"softplus"})

    def discriminator(self, s: Step) -> Tensor:
        return mean(lambda d: softplus(-d), s.real_logits) + mean(softplus, s.fake_logits)


class NonSaturating(_Logistic):
    """Logistic loss; the generator maximizes E log σ(D(x̃))      (Goodfellow et al. 2014, section 3)."""

    def generator(self, s: Step) -> Tensor:
        return mean(lambda d: softplus(-d), s.fake_logits)


class Saturating(_Logistic):
    """Logistic loss, zero-sum; the generator minimizes E log(1 − σ(D(x̃)))      (Goodfellow et al. 2014, eq. 1)."""

    def generator(self, s: Step) -> Tensor:
        return -mean(softplus, s.fake_logits)


class Hinge(Objective):
    """E max(0, 1 − D(x)) + E max(0, 1 + D(x̃));  G: −E D(x̃)      (Lim & Ye 2017; Miyato et al. 2018, eq. 16–17)"""

    differentiates_samples = False

    def discriminator(self, s: Step) -> Tensor:
        return mean(lambda d: relu(1 - d), s.real_logits) + mean(lambda d: relu(1 + d), s.fake_logits)

    def generator(self, s: Step) -> Tensor:
        return -mean(lambda d: d, s.fake_logits)


class Wasserstein(Objective):
    """E D(x̃) − E D(x);  G: −E D(x̃)      (Arjovsky et al. 2017, eq. 2). Needs a Lipschitz critic."""

    differentiates_samples = False
    abilities = frozenset({"wants-lipschitz"})

    def discriminator(self, s: Step) -> Tensor:
        return mean(lambda d: d, s.fake_logits) - mean(lambda d: d, s.real_logits)

    def generator(self, s: Step) -> Tensor:
        return -mean(lambda d: d, s.fake_logits)


class LeastSquares(Objective):
    """½ E (D(x) − 1)² + ½ E D(x̃)²;  G: ½ E (D(x̃) − 1)²      (Mao et al. 2017, eq. 2 with a=0, b=c=1)"""

    differentiates_samples = False

    def discriminator(self, s: Step) -> Tensor:
        return mean(lambda d: (d - 1).square() / 2, s.real_logits) + mean(lambda d: d.square() / 2, s.fake_logits)

    def generator(self, s: Step) -> Tensor:
        return mean(lambda d: (d - 1).square() / 2, s.fake_logits)


class Relativistic(Objective):
    """Relativistic pairing: E softplus(D(x̃) − D(x));  G: E softplus(D(x) − D(x̃)), real and fake paired in order.

    (Jolicoeur-Martineau 2018, eq. 3–4, the standard RGAN; R3GAN, Huang et al. 2024, eq. 2)
    """

    differentiates_samples = False

    def discriminator(self, s: Step) -> Tensor:
        return mean(lambda real, fake: softplus(fake - real), s.real_logits, s.fake_logits)

    def generator(self, s: Step) -> Tensor:
        return mean(lambda real, fake: softplus(real - fake), s.real_logits, s.fake_logits)
