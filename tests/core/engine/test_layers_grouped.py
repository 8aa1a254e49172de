"""Grouped transposed convolutions have the filters that they say, and embeddings are layers."""

import pytest
import torch
from torch import nn

from detente.engine.layers import layers, rows
from detente.regularizers import AdaptiveClip, Orthogonal, WeightNorm
from detente.testing.probe import Linear, moment, probe, value

F64 = torch.float64


@pytest.mark.parametrize(("inputs", "outputs", "groups"), [(6, 4, 2), (6, 9, 3), (4, 8, 4), (5, 3, 1)])
def test_a_grouped_transposed_convolution_has_the_rows_of_its_groups(inputs, outputs, groups):
    """Row o is what makes output o: found by asking which weights output o depends on."""
    layer = nn.ConvTranspose2d(inputs, outputs, 2, groups=groups, bias=False, dtype=F64)
    found = rows(layer.weight, 1, groups)
    assert found.shape == (outputs, inputs // groups, 2, 2)
    x = torch.ones(1, inputs, 1, 1, dtype=F64)
    for o in range(outputs):
        grad = torch.autograd.grad(layer(x)[0, o].sum(), layer.weight)[0]
        assert torch.allclose(layer(x)[0, o].sum(), found[o].sum())
        assert int((rows(grad, 1, groups) != 0).flatten(1).any(1).sum()) == 1


@pytest.mark.parametrize(("inputs", "outputs", "groups"), [(6, 6, 2), (6, 9, 3), (4, 4, 4)])
def test_weight_norm_has_a_length_per_output_of_a_grouped_transposed_convolution(inputs, outputs, groups):
    layer = nn.ConvTranspose1d(inputs, outputs, 3, groups=groups, bias=False, dtype=F64)
    x = torch.randn(2, inputs, 5, dtype=F64)
    before = layer(x)
    WeightNorm().rewrite(layer)
    g = layer.get_submodule("weight-norm").g
    assert g.numel() == outputs and torch.allclose(layer(x), before, rtol=1e-12)
    with torch.no_grad():
        g.view(-1)[1] *= 3
    after = layer(x)
    assert torch.allclose(after[:, 1], 3 * before[:, 1], rtol=1e-12)
    assert torch.allclose(after[:, 2:], before[:, 2:], rtol=1e-12)


@pytest.mark.parametrize(("inputs", "outputs", "groups"), [(6, 6, 2), (6, 9, 3), (4, 8, 4)])
def test_orthogonal_compares_the_filters_of_all_groups(inputs, outputs, groups):
    layer = nn.ConvTranspose1d(inputs, outputs, 3, groups=groups, bias=False, dtype=F64)
    regularizer = Orthogonal(weight=1.0)
    regularizer.attach(layer)
    step = probe(Linear(torch.ones(2, dtype=F64)), torch.zeros(2, 2, dtype=F64), torch.zeros(2, 2, dtype=F64))
    W = torch.cat([part.transpose(0, 1).flatten(1) for part in layer.weight.detach().chunk(groups)])
    gram = W @ W.T
    expected = (gram.square().sum() - gram.diagonal().square().sum()).item()
    assert value(regularizer, step).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("inputs", "outputs", "groups"), [(6, 6, 2), (6, 9, 3), (4, 8, 4)])
def test_adaptive_clip_takes_each_filter_of_each_group_as_a_unit(inputs, outputs, groups):
    layer = nn.ConvTranspose1d(inputs, outputs, 3, groups=groups, bias=False, dtype=F64)
    grad = torch.randn_like(layer.weight)
    layer.weight.grad = grad.clone()
    clip = AdaptiveClip(ratio=0.1, where="*")
    clip.attach(layer)
    clip.adjust_gradients(layer, moment())
    W, G, clipped = (rows(x.detach(), 1, groups).flatten(1) for x in (layer.weight, grad, layer.weight.grad))
    factor = (0.1 * W.norm(dim=1) / G.norm(dim=1)).clamp(max=1)
    assert torch.allclose(clipped, G * factor[:, None], rtol=1e-12) and (factor < 1).all()


def test_an_embedding_is_a_layer_whose_weight_counts_and_behind_which_nothing_is_inserted():
    net = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 1))
    first = layers(net)[0]
    assert (first.name, first.outputs, first.channel_axis) == ("0", 4, None)
    assert Orthogonal().attach(net) is None
