"""Spectral norm of dilated, strided, grouped and transposed convolutions, against torch's and by hand for groups."""

import pytest
import torch
from torch import nn

from detente.regularizers import SpectralNorm
from detente.testing.probe import moment

F64 = torch.float64
OPTIONS = [
    {"kernel_size": 3, "dilation": 2},
    {"kernel_size": 2, "stride": 2, "groups": 2},
    {"kernel_size": 3, "padding": 1, "groups": 4},
    {"kernel_size": 1, "bias": False},
]


def normalized(layer: nn.Module) -> nn.Module:
    net = nn.Sequential(layer)
    regularizer = SpectralNorm(iterations=300)
    regularizer.rewrite(net)
    regularizer.attach(net)
    regularizer.double()
    regularizer.adjust_weights(net, moment())
    return net


def sigma(layer) -> float:
    """Of the filters that each output is made by: a group's outputs read its own inputs alone."""
    weight = layer.weight.detach()
    if layer.transposed:
        weight = torch.cat([part.transpose(0, 1) for part in weight.chunk(layer.groups)])
    return torch.linalg.svdvals(weight.flatten(1))[0].item()


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(
    "kind", [nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d]
)
def test_the_output_is_that_of_the_weight_over_its_norm(kind, options):
    torch.manual_seed(3)
    layer = kind(4, 8, **options, dtype=F64)
    x = torch.randn(2, 4, *[6] * (layer.weight.dim() - 2), dtype=F64)
    bias = 0 if layer.bias is None else layer.bias.detach().view(1, -1, *[1] * (layer.weight.dim() - 2))
    expected = (layer(x) - bias) / sigma(layer) + bias
    assert torch.allclose(normalized(layer)(x), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.ConvTranspose1d, nn.ConvTranspose2d])
@pytest.mark.parametrize("options", [o for o in OPTIONS if "groups" not in o], ids=str)
def test_without_groups_it_is_torchs_spectral_norm(kind, options):
    torch.manual_seed(4)
    layer, theirs = (kind(3, 5, **options, dtype=F64) for _ in range(2))
    theirs.load_state_dict(layer.state_dict())
    nn.utils.parametrizations.spectral_norm(theirs, n_power_iterations=300)
    theirs(torch.randn(1, 3, *[6] * (layer.weight.dim() - 2), dtype=F64))
    theirs.eval()
    x = torch.randn(2, 3, *[6] * (layer.weight.dim() - 2), dtype=F64)
    assert torch.allclose(normalized(layer)(x), theirs(x), rtol=1e-8, atol=1e-10)
