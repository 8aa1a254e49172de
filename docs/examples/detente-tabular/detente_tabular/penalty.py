"""The gradient penalty of a critic that sees packs of rows."""

import torch
from detente import (
    LinearGame,
    NonNegative,
    Passes,
    Regularizer,
    Sample,
    Step,
    batch_size,
    input_gradient,
    leaves,
    lerp,
    like,
    safe_sqrt,
    sumsq,
)
from torch import Tensor


class PackPenalty(Regularizer):
    r"""The gradient penalty on packs: one mix and one norm for all rows that the critic sees together.

    λ · E_x̂ (‖∇_x̂ D(x̂)‖ − 1)²,  x̂ = (x̂₁, …, x̂_pac)      (Gulrajani et al. 2017, eq. 3; on packs as in CTGAN's code)

    On a critic without packs it is `gradient-penalty` with its defaults.

    Args:
        weight: λ.
    """

    players = ("discriminator",)
    bounds_critic = True
    slope_target = 1.0
    compares_samples = True
    off = {"weight": 0.0}

    def __init__(self, weight: NonNegative = 10.0) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, s: Step) -> Tensor:
        pac, first, n = getattr(s.discriminator, "pac", 1), leaves(s.real)[0], batch_size(s.real)
        draws = s.m.rng.at("mix").generator(first.device)
        alpha = torch.rand(n, generator=draws, device=first.device, dtype=first.dtype)
        mixed = lerp(s.real, s.fake, alpha[::pac].repeat_interleave(pac))
        x: Sample = like(mixed, [leaf.detach().requires_grad_() for leaf in leaves(mixed)])
        # The logit of a pack counts once for each of its rows, and so does its gradient.
        norm = safe_sqrt(sumsq(input_gradient(s.critic(x), x)).view(-1, pac).sum(1)) / pac  # [packs]
        return self.weight * (norm - 1).square().mean()

    def passes(self, turn: str = "discriminator") -> Passes:
        return Passes(critic=1, gradient=1)

    def on_linear_game(self, game: LinearGame) -> Tensor:
        return self.weight * (game.w.norm() - 1).square()
