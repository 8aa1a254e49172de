import pytest
import torch
from torch import nn

from detente.engine.sample import each
from detente.errors import UsageError
from detente.regularizers.consistency import BCR, CR
from detente.testing.probe import Linear, Matrix, Plain, probe, value

F64 = torch.float64


class Mirrored(Plain):
    augmentations = {
        "negate": lambda x, generator: each(torch.neg, x),
        "double": lambda x, generator: each(lambda leaf: 2 * leaf, x),
    }


W = Linear(torch.tensor([1.0, 2.0], dtype=F64))
REAL = torch.tensor([[1.0, 1.0], [1.0, 0.0]], dtype=F64)  # scores 3 and 1
FAKE = torch.tensor([[0.0, 1.0], [0.0, 2.0]], dtype=F64)  # scores 2 and 4
STEP = probe(W, REAL, FAKE, domain=Mirrored())


def test_a_mirror_changes_a_linear_score_by_twice_itself():
    assert value(CR(weight=1.0, policy=["negate"]), STEP).item() == 4 * (9 + 1) / 2


def test_all_augmentations_of_the_domain_are_applied_in_order_unless_some_are_named():
    assert value(CR(weight=1.0), STEP).item() == 9 * (9 + 1) / 2  # T x = −2x
    assert value(CR(weight=1.0, policy=["double"]), STEP).item() == (9 + 1) / 2


def test_balanced_counts_both_sides_with_weights_of_their_own():
    real, fake = 4 * (9 + 1) / 2, 4 * (4 + 16) / 2
    assert value(BCR(weight=1.0, fake_weight=10.0, policy=["negate"]), STEP).item() == real + 10 * fake
    assert value(BCR(weight=1.0, fake_weight=0.0, policy=["negate"]), STEP).item() == real
    assert value(BCR(weight=0.0, fake_weight=1.0, policy=["negate"]), STEP).item() == fake


def test_a_side_of_weight_zero_costs_no_forward():
    assert BCR(weight=1.0, fake_weight=0.0).passes().critic == 1
    assert BCR().passes().critic == 2


def test_scores_are_compared_and_not_single_positions():
    """T swaps the two positions: their mean stays."""

    class Swapped(Plain):
        augmentations = {"swap": lambda x, generator: each(lambda leaf: leaf.flip(1), x)}

    class Local(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Parameter(torch.tensor(1.0, dtype=F64))

        def forward(self, x):
            return self.a * x  # [B, 2] logits

    assert value(CR(), probe(Local(), REAL, FAKE, domain=Swapped())).item() == 0.0


def test_the_generator_is_not_reached():
    generator, z = Matrix(torch.eye(2, dtype=F64)), REAL
    value(BCR(), probe(W, REAL, generator=generator, z=z, domain=Mirrored())).backward()
    assert generator.A.grad is None


def test_a_domain_without_augmentations_is_an_error_that_names_both():
    with pytest.raises(UsageError, match=r"cr needs an augmentation, and the domain 'plain' has none"):
        value(CR(), probe(W, REAL, FAKE))


def test_an_unknown_augmentation_is_an_error_with_a_suggestion():
    with pytest.raises(UsageError, match=r"no augmentation 'negat'; it has negate, double\. Did you mean 'negate'\?"):
        value(BCR(policy=["negat"]), STEP)
