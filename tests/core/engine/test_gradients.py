"""Scores, norms and their gradients, for logits and samples of any structure."""

import torch

from detente.engine.gradients import input_gradient, position_sumsq, safe_sqrt, score
from detente.engine.sample import leaves


def test_score_is_a_mean_over_positions_and_a_sum_over_sub_critics():
    assert score((torch.tensor([1.0, 2.0]), torch.tensor([[1.0, 3.0], [0.0, 0.0]]))).tolist() == [3.0, 2.0]


def test_the_input_gradient_of_an_ignored_leaf_is_zero():
    x = torch.ones(2, 3, requires_grad=True), torch.ones(2, 1, requires_grad=True)
    g = input_gradient(x[0].sum(1), x)
    assert leaves(g)[0].tolist() == [[1.0] * 3] * 2 and leaves(g)[1].tolist() == [[0.0]] * 2


def test_position_norms_follow_the_channel_axis():
    image = torch.arange(8.0).reshape(1, 2, 2, 2)
    assert position_sumsq(image, (1,)).tolist() == [[16.0, 26.0, 40.0, 58.0]]
    assert position_sumsq((torch.ones(1, 3, 4), torch.ones(1, 2, 5)), (-1, -1)).tolist() == [[4.0] * 3 + [5.0] * 2]


def test_the_root_of_zero_has_a_gradient_of_zero():
    x = torch.tensor([0.0, 4.0], requires_grad=True)
    safe_sqrt(x).sum().backward()
    assert x.grad.tolist() == [0.0, 0.25]
