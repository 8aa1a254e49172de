import pytest
import torch
from torch import nn
from torch.nn import functional as F

from detente.errors import UsageError
from detente.regularizers.group_norm import GroupNorm, GroupNormalization
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything

F64 = torch.float64


def normalized(layer: nn.Module, x: torch.Tensor, **options) -> torch.Tensor:
    net = nn.Sequential(layer, nn.Linear(1, 1))
    GroupNorm(**options).rewrite(net)
    return net[0](x)


def test_pairs_of_units_become_minus_one_and_one():
    layer = nn.Linear(1, 4, bias=False, dtype=F64)
    layer.weight.data = torch.tensor([[1.0], [3.0], [10.0], [30.0]], dtype=F64)
    y = normalized(layer, torch.ones(1, 1, dtype=F64), size=2, eps=1e-30)
    assert torch.allclose(y, torch.tensor([[-1.0, 1.0, -1.0, 1.0]], dtype=F64), rtol=1e-15)


@pytest.mark.parametrize(
    ("layer", "x", "axis"),
    [
        (nn.Linear(5, 6), torch.randn(4, 5), 1),
        (nn.Linear(5, 6), torch.randn(4, 7, 5), 2),
        (nn.Linear(5, 6), torch.randn(4, 3, 3, 5), 3),
        (nn.Conv1d(5, 6, 3), torch.randn(4, 5, 9), 1),
        (nn.Conv2d(5, 6, 3), torch.randn(4, 5, 6, 6), 1),
        (nn.ConvTranspose2d(4, 6, 3, groups=2), torch.randn(4, 4, 6, 6), 1),
    ],
)
def test_groups_are_of_channels_wherever_those_are(layer, x, axis):
    plain = layer(x).movedim(axis, 1)
    y = normalized(layer, x, size=3).movedim(axis, 1)
    halves = [F.layer_norm(half, half.shape[1:]) for half in plain.split(3, 1)]
    # torch's two kernels sum in different orders
    assert torch.allclose(y, torch.cat(halves, 1), atol=1e-5)


@pytest.mark.parametrize(
    ("width", "size", "groups"),
    [(64, 16, 4), (16, 16, 1), (4, 16, 1), (40, 16, 2), (42, 16, 2), (37, 16, 1), (8, 1, 8)],
)
def test_a_layer_has_as_many_equal_groups_as_its_width_allows(width, size, groups):
    net = nn.Sequential(nn.Linear(2, width), nn.Linear(width, 1))
    GroupNorm(size).rewrite(net)
    inserted = net[0].get_submodule("group-norm")
    assert isinstance(inserted, GroupNormalization) and inserted.groups == groups


def test_one_group_on_a_convolution_is_layer_norm_and_groups_of_one_are_instance_norm():
    layer, x = nn.Conv2d(2, 4, 3), torch.randn(3, 2, 6, 6)
    plain = layer(x)
    assert torch.allclose(normalized(layer, x, size=4), F.layer_norm(plain, plain.shape[1:]), atol=1e-6)
    layer = nn.Conv2d(2, 4, 3)
    plain = layer(x)
    assert torch.allclose(normalized(layer, x, size=1), F.instance_norm(plain), atol=1e-6)


def test_groups_of_a_single_number_are_refused():
    with pytest.raises(UsageError, match=r"'0'.*single number"):
        normalized(nn.Linear(5, 3), torch.randn(6, 5), size=1)
    with pytest.raises(UsageError, match="size=0"):
        GroupNorm(size=0)


def test_it_is_the_same_in_evaluation_and_for_a_single_sample():
    net = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 1))
    GroupNorm(size=2).rewrite(net)
    x = torch.randn(6, 5)
    assert torch.equal(net(x), net.eval()(x))
    # matrix products of other sizes round differently
    assert torch.allclose(net(x)[:1], net(x[:1]), atol=1e-5)


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(lambda: GroupNorm(size=8), cases(["ring"])[0], "discriminator"))
