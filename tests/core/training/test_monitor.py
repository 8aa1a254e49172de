"""What is measured of networks while they train."""

import math

import pytest
import torch
from torch import nn

from detente.training.monitor import LogLine, spectral_norms


def test_spectral_norms_are_the_largest_singular_values_by_layer() -> None:
    net = nn.Sequential(nn.Linear(3, 2, bias=False), nn.ReLU(), nn.Linear(2, 4, bias=False))
    first, last = net[0].weight, net[2].weight
    assert isinstance(first, nn.Parameter) and isinstance(last, nn.Parameter)
    with torch.no_grad():
        first.copy_(torch.tensor([[3.0, 0.0, 0.0], [0.0, 5.0, 0.0]]))
    assert spectral_norms(net) == {
        "0": pytest.approx(5.0),
        "2": pytest.approx(torch.linalg.matrix_norm(last.double(), 2).item()),
    }


def test_a_kernel_is_reshaped_to_outputs_by_the_rest() -> None:
    conv = nn.Conv2d(3, 4, 3)
    matrix = conv.weight.detach().double().flatten(1)
    expected = torch.linalg.matrix_norm(matrix, 2).item()
    assert list(spectral_norms(nn.Sequential(conv)).values()) == [pytest.approx(expected)]


def test_a_weight_that_is_not_finite_has_no_spectral_norm_and_a_network_without_layers_none() -> None:
    net = nn.Sequential(nn.Linear(2, 2))
    with torch.no_grad():
        net[0].weight.fill_(torch.inf)
    assert math.isnan(spectral_norms(net)["0"])
    assert spectral_norms(nn.Sequential(nn.ReLU())) == {}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_line_names_the_first_term_that_is_not_finite(value: float) -> None:
    assert LogLine(3, {"D/adversarial": 1.0, "D/r1": value, "G/adversarial": math.nan}, {}, {}).bad == "D/r1"
    assert LogLine(3, {"D/adversarial": 1.0}, {"D/gradient": math.inf}, {}).bad is None
