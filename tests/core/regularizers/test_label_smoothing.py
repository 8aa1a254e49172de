import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from detente.engine.objectives import NonSaturating
from detente.regularizers.label_smoothing import LabelSmoothing
from detente.testing.probe import Linear, probe, value


def test_with_the_logistic_loss_it_is_cross_entropy_with_smoothed_labels():
    critic = Linear(torch.tensor([1.5, -0.5], dtype=torch.float64))
    real, fake = torch.randn(9, 2, dtype=torch.float64), torch.randn(9, 2, dtype=torch.float64)
    step = probe(critic, real, fake)
    got = NonSaturating().discriminator(step) + value(LabelSmoothing(weight=0.1), step)
    labels = torch.full((9,), 0.9, dtype=torch.float64)
    want = bce(critic(real), labels) + bce(critic(fake), torch.zeros(9, dtype=torch.float64))
    assert abs(got.item() - want.item()) < 1e-14


def test_sub_critics_are_summed_and_positions_averaged():
    class Two(Linear):
        def forward(self, x):
            d = super().forward(x)
            return d, torch.stack([d, 3 * d], 1)

    step = probe(Two(torch.ones(1)), torch.full((4, 1), 2.0), torch.zeros(4, 1))
    assert value(LabelSmoothing(weight=1.0), step).item() == 2.0 + 4.0
