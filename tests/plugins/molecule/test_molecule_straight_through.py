"""Types that are handed on straight-through are one-hot to the bit."""

import pytest
import torch

from detente_molecule.networks.molgan import LikeliestType, straight_through
from seeded import seeded


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_rows_are_exactly_one_hot_with_the_gradient_of_the_soft_ones(dtype: torch.dtype, scale: float):
    logits = (scale * torch.randn(2000, 7, generator=seeded())).to(dtype).requires_grad_()
    soft = logits.softmax(-1)
    hard = straight_through(soft)
    assert torch.equal(hard, torch.nn.functional.one_hot(soft.argmax(-1), 7).to(dtype))
    pull = torch.randn(2000, 7, generator=seeded(1)).to(dtype)
    (a,) = torch.autograd.grad((hard * pull).sum(), logits, retain_graph=True)
    (b,) = torch.autograd.grad((soft * pull).sum(), logits)
    assert torch.equal(a, b)


def test_the_likeliest_types_are_exactly_one_hot():
    assert LikeliestType()(torch.randn(1000, 5, generator=seeded())).unique().tolist() == [0.0, 1.0]
