import pytest
import torch
from torch import nn

from detente.engine.streams import Stream, enter, leave
from detente.errors import UsageError
from detente.regularizers.batch_norm import BatchNorm, BatchNormalization


def normalized(layer: nn.Module, x: torch.Tensor, records: bool = False) -> torch.Tensor:
    net = nn.Sequential(layer, nn.Linear(1, 1))
    BatchNorm().rewrite(net)
    enter(Stream(0), torch.device("cpu"), records)
    try:
        return net[0](x)
    finally:
        leave()


@pytest.mark.parametrize(
    ("layer", "x", "axis"),
    [
        (nn.Linear(5, 3), torch.randn(64, 5), 1),
        (nn.Linear(5, 3), torch.randn(16, 7, 5), 2),
        (nn.Linear(5, 3), torch.randn(8, 4, 4, 5), 3),
        (nn.Conv2d(2, 3, 3), torch.randn(8, 2, 6, 6), 1),
        (nn.ConvTranspose2d(2, 3, 3), torch.randn(8, 2, 6, 6), 1),
        (nn.ConvTranspose2d(4, 6, 3, groups=2), torch.randn(8, 4, 6, 6), 1),
        (nn.Conv1d(4, 6, 3, groups=2), torch.randn(8, 4, 9), 1),
    ],
)
def test_every_channel_has_mean_zero_and_variance_one_over_batch_and_positions(layer, x, axis):
    y = normalized(layer, x).movedim(axis, 0).flatten(1)
    # float32 over a few hundred values; the variance lacks ε/(Var + ε)
    assert y.mean(1).abs().max() < 1e-5 and (y.var(1, correction=0) - 1).abs().max() < 1e-2


def test_it_is_torchs_own_batch_norm():
    layer, x = nn.Conv2d(2, 3, 3), torch.randn(8, 2, 6, 6)
    assert torch.equal(normalized(layer, x), nn.BatchNorm2d(3)(layer._conv_forward(x, layer.weight, layer.bias)))


def test_running_statistics_change_in_recorded_forwards_only_and_are_what_evaluation_uses():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    BatchNorm(momentum=0.5).rewrite(net)
    norm = net[0].get_submodule("batch-norm")
    assert isinstance(norm, BatchNormalization)
    x = torch.randn(10, 2)
    enter(Stream(0), torch.device("cpu"), records=False)
    net(x)
    leave()
    assert norm.running_mean.tolist() == [0, 0, 0]
    enter(Stream(0), torch.device("cpu"), records=True)
    net(x)
    leave()
    h = x @ net[0].weight.T + net[0].bias
    assert torch.allclose(norm.running_mean, h.mean(0) / 2, atol=1e-6)
    net.eval()
    assert torch.allclose(net[0](x), (h - norm.running_mean) / (norm.running_var + 1e-5).sqrt(), atol=1e-5)


def test_in_somebody_elses_loop_running_statistics_move_as_torchs_do():
    net, theirs = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)), nn.BatchNorm1d(3, momentum=0.2)
    BatchNorm(momentum=0.2).rewrite(net)
    for k in range(3):
        x = torch.randn(7, 2) + k
        net(x)
        theirs(x @ net[0].weight.T + net[0].bias)
    norm = net[0].get_submodule("batch-norm")
    assert torch.allclose(norm.running_mean, theirs.running_mean, atol=1e-6)
    assert torch.allclose(norm.running_var, theirs.running_var, atol=1e-6)


@pytest.mark.parametrize(
    ("layer", "shape"), [(nn.Linear(2, 3), (1, 2)), (nn.Conv1d(2, 3, 4), (1, 2, 4)), (nn.Conv2d(2, 3, 4), (1, 2, 4, 4))]
)
def test_a_single_number_per_channel_is_refused_with_the_layers_name(layer, shape):
    net = nn.Sequential(layer, nn.Linear(3, 1))
    BatchNorm().rewrite(net)
    with pytest.raises(UsageError, match="batch-norm: in the layer '0' a channel has a single number"):
        net[0](torch.randn(shape))
