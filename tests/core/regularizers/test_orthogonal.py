import pytest
import torch
from torch import nn

from detente.regularizers.orthogonal import Orthogonal
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything
from detente.testing.probe import probe, value

F64 = torch.float64


def penalty(net: nn.Module, **options) -> torch.Tensor:
    one = Orthogonal(**options)
    one.attach(net)
    return value(one, probe(net, torch.zeros(2, 2, dtype=F64), torch.zeros(2, 2, dtype=F64)))


def linear(rows: list[list[float]]) -> nn.Linear:
    layer = nn.Linear(len(rows[0]), len(rows), dtype=F64)
    layer.weight.data = torch.tensor(rows, dtype=F64)
    return layer


def test_two_filters_cost_twice_beta_times_their_squared_inner_product():
    assert penalty(linear([[1, 0], [1, 1]]), weight=0.5).item() == 2 * 0.5 * 1


@pytest.mark.parametrize(
    "rows", [[[1, 0], [0, 5]], [[3, 4]], [[0, 0], [0, 0]]], ids=["orthogonal", "one output", "zeros"]
)
def test_orthogonal_filters_of_any_length_cost_nothing(rows):
    layer = linear(rows)
    cost = penalty(layer, weight=1.0)
    cost.backward()
    assert cost.item() == 0 and layer.weight.grad is not None and not layer.weight.grad.any()


def test_its_gradient_is_four_beta_times_the_off_diagonal_gram_matrix_times_w():
    layer = nn.Linear(4, 3, dtype=F64)
    W = layer.weight.detach()
    penalty(layer, weight=0.7).backward()
    gram = W @ W.T
    assert layer.weight.grad is not None
    # products of a few numbers in another order
    assert torch.allclose(
        layer.weight.grad, 4 * 0.7 * (gram * (1 - torch.eye(3, dtype=F64))) @ W, rtol=1e-13, atol=1e-15
    )


@pytest.mark.parametrize(("layer", "axis"), [(nn.Conv2d(2, 3, 3), 0), (nn.ConvTranspose2d(2, 3, 3), 1)])
def test_a_convolutions_filter_is_everything_that_makes_one_output(layer, axis):
    layer = layer.double()
    rows = torch.stack([layer.weight.detach().select(axis, i).flatten() for i in range(3)])
    expected = sum((rows[i] @ rows[j]).square() for i in range(3) for j in range(3) if i != j)
    assert penalty(layer, weight=1.0).item() == pytest.approx(float(expected), rel=1e-12)


def test_layers_add_up_and_where_chooses_among_them():
    net = nn.Sequential(linear([[1, 0], [1, 1]]), linear([[1, 1], [2, 1]]))
    assert penalty(net, weight=1.0).item() == 2 * 1 + 2 * 9
    assert penalty(net, weight=1.0, where="1").item() == 2 * 9


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(lambda: Orthogonal(0.1), cases(["critics"])[0], "discriminator"))
