"""The adversarial terms by hand."""

import pytest
import torch
from torch import nn

from detente.engine.objectives import Hinge, LeastSquares, NonSaturating, Relativistic, Saturating, Wasserstein
from detente.testing.probe import probe
from small_game import F64


class Fixed(nn.Module):
    def forward(self, x):
        return x[:, 0]


REAL, FAKE = torch.tensor([[2.0], [-1.0]], dtype=F64), torch.tensor([[0.5], [-3.0]], dtype=F64)


def softplus(x: float) -> float:
    return torch.nn.functional.softplus(torch.tensor(x, dtype=F64)).item()


@pytest.mark.parametrize(
    ("objective", "discriminator", "generator"),
    [
        (Wasserstein(), (0.5 - 3) / 2 - (2 - 1) / 2, -(0.5 - 3) / 2),
        (Hinge(), (0 + 2) / 2 + (1.5 + 0) / 2, -(0.5 - 3) / 2),
        (LeastSquares(), (1 + 4) / 4 + (0.25 + 9) / 4, (0.25 + 16) / 4),
        (
            NonSaturating(),
            (softplus(-2) + softplus(1)) / 2 + (softplus(0.5) + softplus(-3)) / 2,
            (softplus(-0.5) + softplus(3)) / 2,
        ),
        (
            Saturating(),
            (softplus(-2) + softplus(1)) / 2 + (softplus(0.5) + softplus(-3)) / 2,
            -(softplus(0.5) + softplus(-3)) / 2,
        ),
        (Relativistic(), (softplus(0.5 - 2) + softplus(-3 + 1)) / 2, (softplus(2 - 0.5) + softplus(-1 + 3)) / 2),
    ],
    ids=lambda x: type(x).__name__ if not isinstance(x, float) else "",
)
def test_objectives_by_hand(objective, discriminator, generator):
    step = probe(Fixed(), REAL, FAKE)
    assert objective.discriminator(step).item() == pytest.approx(discriminator, rel=1e-14)
    assert objective.generator(step).item() == pytest.approx(generator, rel=1e-14)


def test_positions_are_averaged_and_sub_critics_summed():
    class Many(nn.Module):
        def forward(self, x):
            return x[:, 0], torch.stack([x[:, 0], 3 * x[:, 0]], 1)

    step = probe(Many(), REAL, FAKE)
    assert Wasserstein().generator(step).item() == -(FAKE.mean() + 2 * FAKE.mean()).item()
    assert step.real_score.tolist() == [6.0, -3.0]
