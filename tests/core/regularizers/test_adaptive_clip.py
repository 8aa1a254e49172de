import pytest
import torch
from torch import nn

from detente.errors import UsageError
from detente.regularizers.adaptive_clip import AdaptiveClip
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything
from detente.testing.probe import moment

F64 = torch.float64


def clipped(net: nn.Module, **options) -> None:
    clip = AdaptiveClip(**options)
    clip.attach(net)
    with torch.no_grad():
        clip.adjust_gradients(net, moment())


def layer(weight: list, grad: list) -> nn.Linear:
    out = nn.Linear(len(weight[0]), len(weight), bias=False, dtype=F64)
    out.weight.data, out.weight.grad = torch.tensor(weight, dtype=F64), torch.tensor(grad, dtype=F64)
    return out


def gradient(net: nn.Linear) -> list:
    assert net.weight.grad is not None
    return net.weight.grad.tolist()


def test_a_unit_is_scaled_to_a_share_of_its_own_norm():
    net = layer([[3, 4], [3, 4], [0, 1]], [[6, 8], [0.3, 0.4], [0, -5]])
    clipped(net, ratio=0.1, where="*")
    # limits ‖W_i‖·0.1 = 0.5, 0.5, 0.1; the second is on its limit
    assert gradient(net) == [pytest.approx([0.3, 0.4]), pytest.approx([0.3, 0.4]), pytest.approx([0, -0.1])]


def test_below_the_limit_a_gradient_stays_as_it_is_to_the_bit():
    net = layer([[3, 4]], [[0.123, -0.234]])
    clipped(net, ratio=0.1, where="*")
    assert gradient(net) == [[0.123, -0.234]]


def test_weights_of_zero_are_taken_as_eps_and_gradients_of_zero_stay_zero():
    net = layer([[0, 0], [0, 0]], [[3, 4], [0, 0]])
    clipped(net, ratio=0.1, eps=0.01, where="*")
    assert gradient(net) == [pytest.approx([0.6e-3, 0.8e-3]), [0, 0]]


@pytest.mark.parametrize(
    ("module", "axis"), [(nn.Linear(6, 4), 0), (nn.Conv2d(3, 5, 3), 0), (nn.ConvTranspose2d(3, 5, 3), 1)]
)
def test_it_is_the_papers_formula_unit_by_unit(module, axis):
    module = module.double()
    generator = torch.Generator().manual_seed(0)
    for p in module.parameters():
        p.grad = torch.randn(p.shape, generator=generator, dtype=F64) * torch.rand((), generator=generator) * 0.02
    module.weight.grad.select(axis, 0).mul_(1e-3)  # one that is below its limit
    expected = module.weight.grad.clone()
    for i in range(module.weight.shape[axis]):
        W, G = module.weight.detach().select(axis, i), expected.select(axis, i)
        limit = max(W.norm().item(), 1e-3)
        if G.norm() / limit > 0.01:
            G.mul_(0.01 * limit / G.norm())
    bias = module.bias.grad * min(1, 0.01 * module.bias.detach().norm() / module.bias.grad.norm())
    clipped(module, where="*")
    assert torch.allclose(module.weight.grad, expected, rtol=1e-12)
    assert torch.allclose(module.bias.grad, bias, rtol=1e-12)  # a bias is one unit


def test_output_layers_are_left_alone_unless_they_are_named():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    for where, touched in ((None, [True, True, False, False]), ("1.*", [False, False, True, True])):
        for p in net.parameters():
            p.grad = torch.full_like(p, 100.0)
        clipped(net, where=where)
        assert [bool((p.grad != 100).all()) for p in net.parameters()] == touched


def test_a_parameter_without_a_gradient_stays_without_one():
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    clipped(net)
    assert all(p.grad is None for p in net.parameters())
    net[0].weight.grad = torch.full((3, 2), 100.0)
    clipped(net)
    assert net[0].weight.grad.max() < 1 and net[0].bias.grad is None


def test_a_network_of_output_layers_alone_is_refused():
    with pytest.raises(UsageError, match="only output layers"):
        clipped(nn.Linear(2, 1))


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(AdaptiveClip, cases(["critics"])[0], "discriminator"))
