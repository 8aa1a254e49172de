"""Samples of any structure: sums, rows and interpolation treat all leaves jointly, sample by sample."""

import torch

from detente.engine.sample import cat, inner, leaves, lerp, rows, sumsq


def test_sumsq_is_joint_over_all_leaves_and_dimensions():
    assert sumsq((torch.full((2, 2, 2), 2.0), torch.tensor([[3.0], [0.0]]))).tolist() == [25.0, 16.0]
    assert sumsq(torch.tensor([3.0, 4.0])).tolist() == [9.0, 16.0]  # [B] alone: every sample is one number


def test_half_precision_is_squared_in_float32():
    assert sumsq(torch.full((1, 3, 256, 256), 2.0, dtype=torch.float16)).item() == 4 * 3 * 256**2


def test_lerp_has_one_weight_per_sample():
    a, b = (torch.zeros(2, 3), torch.zeros(2, 2, 2)), (torch.ones(2, 3), torch.ones(2, 2, 2))
    for leaf in leaves(lerp(a, b, torch.tensor([0.25, 0.75]))):
        assert leaf.flatten(1).unique(dim=1).tolist() == [[0.25], [0.75]]


def test_rows_cat_and_inner_follow_the_structure():
    x = (torch.arange(4.0)[:, None], torch.arange(8.0).reshape(4, 2))
    assert torch.equal(leaves(cat([rows(x, slice(0, 1)), rows(x, slice(1, 4))]))[1], x[1])
    assert inner(x, x).tolist() == sumsq(x).tolist()
