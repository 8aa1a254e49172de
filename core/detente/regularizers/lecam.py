"""LeCam: scores of real and fake samples are kept near each other's running means."""

import torch
from torch import Tensor

from detente.engine import ranks
from detente.engine.options import Fraction, NonNegative
from detente.engine.regularizer import LinearGame, Regularizer
from detente.engine.step import Step


class Lecam(Regularizer):
    r"""Pulls the scores of real samples towards the running mean of the fakes' scores, and the other way round.

    λ · (E (D(x) − α_F)² + E (D(x̃) − α_R)²)      (Tseng et al. 2021)
    α_R ← β α_R + (1 − β) E D(x),  α_F ← β α_F + (1 − β) E D(x̃)

    The penalty uses the running means of earlier updates and then adds this batch to them. They are 0 in the first
    update, so the first penalty pulls the scores to 0, and are then set to the means of the first batch. No gradient
    flows through them.

    Args:
        weight: λ.
        decay: β.
        one_sided: the released code's form, relu(D(x) − α_F)² + relu(α_R − D(x̃))²: real scores are penalized only
            above the fakes' mean, fake scores only below the reals' mean. The default is the paper's form.

    With constant scores r and f, from the second update on: 2λ (r − f)².
    """

    players = ("discriminator",)
    off = {"weight": 0.0}

    anchors: Tensor
    recorded: Tensor

    def __init__(self, weight: NonNegative = 0.3, decay: Fraction = 0.99, one_sided: bool = False) -> None:
        super().__init__()
        self.weight, self.decay, self.one_sided = weight, decay, one_sided
        self.register_buffer("anchors", torch.zeros(2))  # α_R, α_F
        self.register_buffer("recorded", torch.tensor(False))

    def penalty(self, s: Step) -> Tensor:
        value = self._value(s.real_score, s.fake_score)
        means = torch.stack([s.real_score.detach().mean(), s.fake_score.detach().mean()])
        means = ranks.mean(means).to(self.anchors)
        self.anchors.copy_(torch.where(self.recorded, torch.lerp(means, self.anchors, self.decay), means))
        self.recorded.fill_(True)
        return value

    def _value(self, real: Tensor, fake: Tensor) -> Tensor:
        anchor_real, anchor_fake = self.anchors.clone().unbind()  # written in place below
        above, below = real - anchor_fake, anchor_real - fake  # [B]
        if self.one_sided:
            above, below = above.relu(), below.relu()
        return self.weight * (above.square().mean() + below.square().mean())

    def on_linear_game(self, game: LinearGame) -> Tensor:
        return self._value(game.real @ game.w, game.fake @ game.w)
