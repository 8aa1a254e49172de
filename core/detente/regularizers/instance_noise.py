"""Instance noise: noise on all inputs of the critic."""

from detente.engine.options import NonNegative
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Sample, each, leaves
from detente.engine.step import Moment


class InstanceNoise(Regularizer):
    r"""Adds Gaussian noise to all inputs of the critic, real and fake.

    D(x + σε),  ε ~ N(0, I) of the domain's kind      (Sønderby et al. 2017, section 3.1; Arjovsky & Bottou 2017)

    Anneal it: `std={from: 0.5, to: 0, over: 0.5}`.

    Args:
        std: σ, in units of the encoded sample.

    On a linear critic w the score has variance σ²‖w‖² around its own value.
    """

    players = ("discriminator",)
    off = {"std": 0.0}

    def __init__(self, std: NonNegative = 0.1) -> None:
        super().__init__()
        self.std = std

    def augment(self, x: Sample, m: Moment) -> Sample:
        noise = m.domain.noise_like(x, m.rng.generator(leaves(x)[0].device))
        return each(lambda leaf, n: leaf.add(n, alpha=self.std), x, noise)
