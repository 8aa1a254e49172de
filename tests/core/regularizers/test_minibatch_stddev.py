import copy

import pytest
import torch
from torch import nn

from detente.engine.equalized import equalize
from detente.engine.streams import Stream, enter, leave
from detente.errors import UsageError
from detente.regularizers.minibatch_stddev import MinibatchStddev
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything

F64 = torch.float64


def rewritten(layer: nn.Module, **options) -> tuple[nn.Module, nn.Module]:
    """A layer and the channel added to it, with weights that are not zero."""
    MinibatchStddev(**options).rewrite(layer)
    channel = layer.get_submodule("minibatch-stddev")
    with torch.no_grad():
        channel.weight.normal_(generator=torch.Generator().manual_seed(5))
    return layer, channel


def statistic(h: torch.Tensor, group: int) -> torch.Tensor:
    """[B], sample by sample and by its definition."""
    groups = len(h) // group
    out = []
    for b in range(len(h)):
        members = torch.stack([h[i] for i in range(len(h)) if i % groups == b % groups])
        out.append((members.var(0, correction=0) + 1e-8).sqrt().mean())
    return torch.stack(out)


def test_four_numbers_have_their_standard_deviation():
    layer, channel = rewritten(nn.Linear(1, 1, bias=False, dtype=F64))
    nn.init.zeros_(layer.weight)
    nn.init.ones_(channel.weight)
    out = layer(torch.tensor([[1.0], [3.0], [5.0], [7.0]], dtype=F64))
    assert torch.allclose(out, torch.full((4, 1), (5 + 1e-8) ** 0.5, dtype=F64), rtol=1e-15)


def test_at_the_start_the_network_computes_what_it_did_before():
    net = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))
    x = torch.randn(8, 3)
    before = net(x)
    MinibatchStddev().rewrite(net)
    assert torch.equal(net(x), before)
    net(x).sum().backward()
    channel = net[2].get_submodule("minibatch-stddev")
    assert channel.weight.grad is not None and channel.weight.grad.all()  # and it learns from the first update on


@pytest.mark.parametrize(
    ("layer", "wider", "x"),
    [
        (nn.Linear(3, 2), nn.Linear(4, 2), torch.randn(8, 3)),
        (nn.Linear(3, 2), nn.Linear(4, 2), torch.randn(8, 5, 3)),
        (nn.Conv1d(3, 2, 3, padding="same"), nn.Conv1d(4, 2, 3, padding="same"), torch.randn(8, 3, 7)),
        (nn.Conv2d(3, 2, 4, 2, 1), nn.Conv2d(4, 2, 4, 2, 1), torch.randn(8, 3, 6, 6)),
        (
            nn.Conv2d(3, 2, 3, padding=1, padding_mode="reflect"),
            nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"),
            torch.randn(8, 3, 6, 6),
        ),
    ],
    ids=["linear", "linear on tokens", "conv1d", "strided conv2d", "reflecting conv2d"],
)
def test_it_is_the_layer_with_the_statistic_concatenated_as_one_more_channel(layer, wider, x):
    layer, wider, x = copy.deepcopy(layer).double(), wider.double(), x.double()
    layer, channel = rewritten(layer)
    wider.weight.data = torch.cat([layer.weight, channel.weight], 1)
    wider.bias.data = layer.bias.data
    axis = 1 if x.dim() == 2 or isinstance(layer, nn.Conv1d | nn.Conv2d) else 2
    one = x.narrow(axis, 0, 1)
    added = statistic(x, 4).reshape(-1, *(1,) * (x.dim() - 1)).expand_as(one)
    # sums in another order
    assert torch.allclose(layer(x), wider(torch.cat([x, added], axis)), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("layer", "shape"), [(nn.Linear(3, 2), (8, 3)), (nn.Conv2d(3, 2, 3), (8, 3, 6, 6))])
def test_in_a_layer_with_an_equalized_rate_the_new_weights_are_scaled_as_its_own_are(layer, shape):
    layer, x = copy.deepcopy(layer).double(), torch.randn(*shape, dtype=F64)
    equalize(layer, gain=0.25)
    layer, channel = rewritten(layer)
    before = layer(x)
    step = 0.01 * torch.ones_like(channel.weight)  # Adam's steps are as long whatever the scale of a gradient is
    channel.weight.data += step
    by_channel = layer(x) - before
    unit = torch.ones_like(x[:, :1]) * statistic(x, 4).reshape(-1, *(1,) * (x.dim() - 1))
    scale = 0.25 * layer.weight[0].numel() ** -0.5
    expected = unit @ (scale * step).T if x.dim() == 2 else torch.conv2d(unit, scale * step)
    assert torch.allclose(by_channel, expected, rtol=1e-9, atol=1e-12)  # a difference of sums


@pytest.mark.parametrize(("batch", "group"), [(8, 4), (4, 4), (12, 4), (6, 6), (7, 7), (9, 9), (10, 5), (3, 3), (2, 2)])
def test_a_group_is_four_or_the_next_number_that_divides_the_batch(batch, group):
    layer, channel = rewritten(nn.Linear(3, 1, bias=False, dtype=F64))
    nn.init.zeros_(layer.weight)
    nn.init.ones_(channel.weight)
    x = torch.randn(batch, 3, dtype=F64)
    assert torch.allclose(layer(x)[:, 0], statistic(x, group), rtol=1e-12)


def test_equal_samples_and_single_ones_have_a_tiny_statistic_and_finite_gradients():
    for x in (torch.ones(4, 3, dtype=F64, requires_grad=True), torch.ones(1, 3, dtype=F64, requires_grad=True)):
        layer, channel = rewritten(nn.Linear(3, 1, bias=False, dtype=F64))
        nn.init.zeros_(layer.weight)
        nn.init.ones_(channel.weight)
        out = layer(x)
        (grad,) = torch.autograd.grad(out.sum(), x, create_graph=True)
        grad.square().sum().backward()
        assert torch.allclose(out, torch.full_like(out, 1e-4), rtol=1e-12) and x.grad is not None
        assert grad.isfinite().all() and x.grad.isfinite().all()


def test_in_evaluation_it_is_the_running_mean_of_the_recorded_forwards():
    layer, channel = rewritten(nn.Linear(3, 1, bias=False, dtype=F64), momentum=0.5)
    x = torch.randn(8, 3, dtype=F64)
    enter(Stream(0), torch.device("cpu"), records=False)
    layer(x)
    leave()
    assert channel.running.item() == 0
    enter(Stream(0), torch.device("cpu"), records=True)
    try:
        layer(x)
    finally:
        leave()
    assert channel.running.item() == pytest.approx(statistic(x, 4).mean().item() / 2, rel=1e-12)
    layer.eval()
    expected = x @ layer.weight.T + channel.running * channel.weight
    assert torch.allclose(layer(x), expected, rtol=1e-12) and torch.allclose(layer(x[:1]), expected[:1], rtol=1e-12)


def test_by_default_it_is_in_front_of_each_output_layer_and_where_puts_it_elsewhere():
    critics = cases(["critics"])[0]

    def places(**options) -> set[str]:
        net = critics.model.build(critics.data.space).discriminator
        MinibatchStddev(**options).rewrite(net)
        return {n.rpartition(".")[0] for n, _ in net.named_modules() if n.endswith("minibatch-stddev")}

    assert places() == {"whole.out", "local.out", "periodic.out"}
    assert places(where="*conv") == {"local.conv", "periodic.conv"}


def test_a_layer_that_cannot_take_another_channel_is_refused_by_name():
    for layer in (nn.Conv2d(4, 4, 3, groups=2), nn.ConvTranspose2d(4, 4, 3), nn.GRUCell(2, 2)):
        with pytest.raises(UsageError, match=r"'0'.*no channel can be added"):
            MinibatchStddev(where="0").rewrite(nn.Sequential(layer, nn.Linear(1, 1)))
    with pytest.raises(UsageError, match="group=1"):
        MinibatchStddev(group=1)


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(MinibatchStddev, cases(["critics"])[0], "discriminator"))
