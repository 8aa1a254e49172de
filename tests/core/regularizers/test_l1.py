import torch
from torch import nn

from detente.regularizers.l1 import L1
from detente.testing.probe import moment


def test_it_adds_lambda_times_the_sign_and_nothing_at_zero():
    layer = nn.Linear(3, 1, bias=False)
    layer.weight.data = torch.tensor([[3.0, -4.0, 0.0]])
    l1 = L1(weight=0.5)
    l1.attach(layer)
    l1.adjust_gradients(layer, moment())
    assert layer.weight.grad.tolist() == [[0.5, -0.5, 0.0]]
    assert l1.report(layer)["value"].item() == 3.5


def test_under_plain_descent_a_free_weight_shrinks_by_a_constant():
    layer = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    layer.weight.data.fill_(1.0)
    l1 = L1(weight=0.125)
    l1.attach(layer)
    sgd = torch.optim.SGD(layer.parameters(), lr=0.5)
    for _ in range(4):
        sgd.zero_grad()
        l1.adjust_gradients(layer, moment())
        sgd.step()
    assert layer.weight.item() == 1 - 4 * 0.5 * 0.125
