"""In a loop of somebody else's, running statistics move as those of torch's own batch norm do, whatever the layer."""

import pytest
import torch
from torch import nn

from detente.regularizers import BatchNorm

F64 = torch.float64
CASES = {
    "conv2d": (nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), (5, 3, 6, 6)),
    "strided conv1d": (nn.Conv1d(3, 4, 2, stride=2), nn.BatchNorm1d(4), (5, 3, 8)),
    "grouped transposed conv3d": (nn.ConvTranspose3d(4, 6, 2, groups=2), nn.BatchNorm3d(6), (3, 4, 2, 3, 2)),
    "linear": (nn.Linear(3, 4), nn.BatchNorm1d(4), (7, 3)),
    "bilinear": (nn.Bilinear(3, 3, 4), nn.BatchNorm1d(4), (7, 3)),
}


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("momentum", [0.1, 0.9, 1.0])
@pytest.mark.parametrize("name", CASES)
def test_three_forwards_leave_torchs_statistics_and_output(name, momentum, dtype):
    layer, theirs, shape = CASES[name]
    torch.manual_seed(1)
    net = nn.Sequential(type(layer)(**_arguments(layer)), nn.Linear(1, 1)).to(dtype)
    first = net[0]
    first.load_state_dict(layer.state_dict())
    theirs = type(theirs)(theirs.num_features, momentum=momentum).to(dtype)
    bare = type(layer)(**_arguments(layer)).to(dtype)
    bare.load_state_dict(layer.state_dict())
    BatchNorm(momentum=momentum).rewrite(net)
    draws = torch.Generator().manual_seed(2)
    for k in range(3):
        x = torch.randn(shape, generator=draws, dtype=dtype) * (k + 1) + k
        inputs = (x, x) if name == "bilinear" else (x,)
        with torch.set_grad_enabled(k != 1):
            assert torch.allclose(first(*inputs), theirs(bare(*inputs)), atol=1e-5)
    norm = first.get_submodule("batch-norm")
    assert norm.running_mean.dtype == dtype
    torch.testing.assert_close(norm.running_mean, theirs.running_mean)
    torch.testing.assert_close(norm.running_var, theirs.running_var)
    net.eval()
    theirs.eval()
    x = torch.randn(shape, generator=draws, dtype=dtype)
    inputs = (x, x) if name == "bilinear" else (x,)
    assert torch.allclose(first(*inputs), theirs(bare(*inputs)), atol=1e-5)
    torch.testing.assert_close(norm.running_mean, theirs.running_mean)


def _arguments(layer: nn.Module) -> dict:
    if isinstance(layer, nn.Linear):
        return {"in_features": 3, "out_features": 4}
    if isinstance(layer, nn.Bilinear):
        return {"in1_features": 3, "in2_features": 3, "out_features": 4}
    names = ("in_channels", "out_channels", "kernel_size", "stride", "groups")
    return {name: getattr(layer, name) for name in names}
