"""Scores, norms and their gradients, for logits and samples of any structure."""

import torch
from torch import nn

from detente.engine.gradients import (
    gradient_sumsq,
    graph_leaves,
    input_gradient,
    mix,
    parameter_gradients,
    position_sumsq,
    safe_sqrt,
    score,
)
from detente.engine.sample import leaves, sumsq


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


def test_an_input_that_no_logit_depends_on_has_gradient_zero():
    x = torch.ones(2, 3, requires_grad=True)
    assert torch.equal(leaves(input_gradient(torch.ones(2), x))[0], torch.zeros(2, 3))


def test_the_input_gradient_can_be_differentiated_again():
    """D(x) = Σ x³ has ∇D = 3x², and ‖∇D‖² = Σ 9x⁴ has the gradient 36x³."""
    x = torch.tensor([[1.0, 2.0], [-1.0, 3.0]], requires_grad=True)
    g = leaves(input_gradient(x.pow(3).sum(1), x))[0]
    assert torch.equal(g, 3 * x.square())
    (again,) = torch.autograd.grad(sumsq(g).sum(), x)
    torch.testing.assert_close(again, 36 * x.pow(3))


def test_mixtures_lie_between_real_and_fake_at_one_share_for_all_leaves_of_a_sample():
    real = torch.zeros(50, 2), torch.zeros(50, 3, 1)
    fake = torch.ones(50, 2), torch.full((50, 3, 1), 2.0)
    first, second = leaves(mix(real, fake, torch.Generator().manual_seed(0)))
    share = first[:, 0]
    assert ((share >= 0) & (share < 1)).all() and len(share.unique()) == 50
    torch.testing.assert_close(first, share[:, None].expand(50, 2))
    torch.testing.assert_close(second, 2 * share[:, None, None].expand(50, 3, 1))
    again = leaves(mix(real, fake, torch.Generator().manual_seed(0)))[0]
    assert torch.equal(again, first) and first.is_leaf and first.requires_grad


def test_missing_gradients_become_zeros_in_place():
    one, other = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))
    one.grad = torch.full((2,), 5.0)
    assert [g.tolist() for g in parameter_gradients([one, other])] == [[5.0, 5.0], [0.0, 0.0, 0.0]]
    assert other.grad.tolist() == [0.0, 0.0, 0.0]


def test_the_squared_gradient_of_a_loss_is_over_all_trainable_parameters():
    """With loss = (w·x + b)² at w = (1, 2), b = 3, x = (1, 1): ∂ = 2·6·(1, 1, 1), so 3·144; its slope in b is 24·3."""
    net = nn.Linear(2, 1)
    with torch.no_grad():
        net.weight.copy_(torch.tensor([[1.0, 2.0]]))
        net.bias.fill_(3.0)
    found = gradient_sumsq(net(torch.ones(1, 2)).square().sum(), net)
    assert found.item() == 432.0
    assert torch.autograd.grad(found, net.bias)[0].item() == 72 * 2
    net.weight.requires_grad_(False)
    assert gradient_sumsq(net(torch.ones(1, 2)).square().sum(), net).item() == 144.0


def test_the_leaves_of_a_graph_are_what_its_value_depends_on():
    a, b, c = (torch.ones(2, requires_grad=True) for _ in range(3))
    value = (a * 2 + b.exp()).sum() + c.detach().sum()
    assert {id(x) for x in graph_leaves(value)} == {id(a), id(b)}
    assert list(graph_leaves(value.detach())) == []
