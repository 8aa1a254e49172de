import torch
from torch import nn

from detente.regularizers.l2 import L2
from detente.testing.probe import moment


def net() -> nn.Module:
    out = nn.Sequential(nn.Linear(2, 1), nn.LayerNorm(1))
    out[0].weight.data = torch.tensor([[3.0, 4.0]])
    return out


def test_it_adds_twice_lambda_w():
    layer = net()
    l2 = L2(weight=0.5)
    l2.attach(layer)
    layer[0].weight.grad = torch.tensor([[1.0, 1.0]])
    l2.adjust_gradients(layer, moment())
    assert layer[0].weight.grad.tolist() == [[4.0, 5.0]]


def test_a_parameter_without_gradient_gets_one():
    layer = net()
    l2 = L2(weight=0.5)
    l2.attach(layer)
    l2.adjust_gradients(layer, moment())
    assert layer[0].weight.grad.tolist() == [[3.0, 4.0]]


def test_biases_and_normalization_gains_are_left_alone_unless_they_are_named():
    layer = net()
    l2 = L2(weight=0.5)
    l2.attach(layer)
    l2.adjust_gradients(layer, moment())
    assert layer[0].bias.grad is None and layer[1].weight.grad is None
    named = L2(weight=0.5, where="1.weight")
    named.attach(layer)
    named.adjust_gradients(layer, moment())
    assert layer[1].weight.grad.tolist() == [1.0]


def test_it_reports_lambda_times_the_sum_of_squares():
    layer = net()
    l2 = L2(weight=0.5)
    l2.attach(layer)
    assert l2.report(layer)["value"].item() == 12.5


def test_its_step_is_sgd_weight_decay_of_twice_lambda():
    ours, theirs = nn.Linear(3, 2), nn.Linear(3, 2)
    theirs.load_state_dict(ours.state_dict())
    l2 = L2(weight=0.25, where="*")
    l2.attach(ours)
    a, b = torch.optim.SGD(ours.parameters(), lr=0.1), torch.optim.SGD(theirs.parameters(), lr=0.1, weight_decay=0.5)
    for _ in range(10):
        for model, optimizer in ((ours, a), (theirs, b)):
            optimizer.zero_grad()
            model(torch.ones(4, 3)).square().mean().backward()
            if model is ours:
                l2.adjust_gradients(ours, moment())
            optimizer.step()
    # the same sums in another order: a few ulps of float32
    assert torch.allclose(ours.weight, theirs.weight, rtol=1e-6, atol=1e-7)
