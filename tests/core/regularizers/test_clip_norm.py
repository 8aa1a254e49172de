import torch
from torch import nn

from detente.regularizers.clip_norm import ClipNorm
from detente.testing.probe import moment


def clipped(grads: list[list[float]], max_norm: float) -> list[list[float]]:
    net = nn.ParameterList([nn.Parameter(torch.zeros(len(g), dtype=torch.float64)) for g in grads])
    for p, g in zip(net, grads, strict=True):
        p.grad = torch.tensor(g, dtype=torch.float64)
    clip = ClipNorm(max_norm)
    clip.attach(net)
    clip.adjust_gradients(net, moment())
    return [p.grad.tolist() for p in net]


def test_the_joint_norm_of_all_parameters_becomes_the_bound():
    got = clipped([[3.0], [4.0]], 1.0)
    assert abs(got[0][0] - 0.6) < 1e-15 and abs(got[1][0] - 0.8) < 1e-15


def test_below_the_bound_nothing_changes_to_the_bit():
    assert clipped([[0.3], [0.4]], 1.0) == [[0.3], [0.4]]


def test_a_gradient_of_zero_stays_zero():
    assert clipped([[0.0, 0.0]], 1.0) == [[0.0, 0.0]]
