"""Samples of any structure: sums, rows and interpolation treat all leaves jointly, sample by sample."""

import pytest
import torch

from detente.engine.sample import (
    as_input,
    batch_size,
    cat,
    detach,
    each,
    inner,
    leaves,
    lerp,
    like,
    per_sample,
    rows,
    sumsq,
    to,
)


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


def test_one_tensor_and_a_tuple_keep_their_structure():
    x, pair = torch.ones(2, 1), (torch.ones(2, 1), torch.zeros(2, 3))
    assert leaves(x) == (x,) and leaves(pair) is pair
    assert like(x, [x + 1]).tolist() == [[2.0], [2.0]] and isinstance(like(pair, pair), tuple)
    assert isinstance(each(torch.neg, x), torch.Tensor)
    assert [leaf.sum().item() for leaf in leaves(each(torch.add, pair, pair))] == [4.0, 0.0]
    assert batch_size(x) == batch_size(pair) == 2


def test_samples_of_different_structures_are_not_mixed():
    with pytest.raises(ValueError, match="zip"):
        inner((torch.ones(1, 1), torch.ones(1, 1)), torch.ones(1, 1))
    with pytest.raises(ValueError, match="zip"):
        each(torch.add, (torch.ones(1), torch.ones(1)), (torch.ones(1),))


def test_inputs_are_fresh_leaves_of_a_graph_and_detached_ones_are_in_none():
    w = torch.ones(2, 1, requires_grad=True)
    x = (w * 2, w * 3)
    for made, given in zip(leaves(as_input(x)), x, strict=True):
        assert made.is_leaf and made.requires_grad and torch.equal(made, given)
    assert not any(leaf.requires_grad for leaf in leaves(detach(x)))


def test_every_leaf_is_converted():
    x = to((torch.ones(2, 1), torch.ones(2, 2, dtype=torch.float16)), dtype=torch.float64)
    assert [leaf.dtype for leaf in leaves(x)] == [torch.float64] * 2


@pytest.mark.parametrize("shape", [(3,), (3, 2), (3, 2, 4, 1)])
def test_a_number_per_sample_multiplies_sample_by_sample(shape):
    values, leaf = torch.tensor([1.0, 2.0, 3.0]), torch.ones(shape)
    product = per_sample(values, leaf) * leaf
    assert product.shape == shape and product.reshape(3, -1)[:, 0].tolist() == [1.0, 2.0, 3.0]


def test_an_interpolation_of_lower_precision_keeps_it():
    a, b = torch.zeros(2, 2, dtype=torch.bfloat16), torch.ones(2, 2, dtype=torch.bfloat16)
    assert leaves(lerp(a, b, torch.tensor([0.0, 1.0])))[0].dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_inner_products_of_half_precision_are_summed_in_float32(dtype):
    x, y = torch.full((1, 3), 300.0, dtype=dtype), torch.full((1, 3), -400.0, dtype=dtype)
    assert inner(x, y).dtype == torch.float32 and inner(x, y).item() == pytest.approx(-360_000, rel=0.01)
    assert inner(x.double(), y.double()).dtype == torch.float64
