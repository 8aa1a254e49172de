import copy

import pytest
import torch
from torch import nn

from detente.engine.chain import chain
from detente.engine.gradients import input_gradient
from detente.engine.network import Network
from detente.engine.sample import sumsq
from detente.engine.streams import Stream, enter, leave
from detente.errors import UsageError
from detente.regularizers import R1, R2, GradientNorm, GradientPenalty, MaxGP, Packing, Roth
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything
from detente.testing.probe import probe

F64 = torch.float64
A, B = (3.0, 4.0), (1.0, -2.0)


def linear(m: int = 2) -> nn.Module:
    """A linear critic of pairs of points, w = (3, 4) for the first and (1, −2) for the second of a pair."""
    critic = nn.Sequential(nn.Linear(2, 1, bias=False, dtype=F64), nn.Flatten(0))
    Packing(m=m).rewrite(critic)
    with torch.no_grad():
        critic[0].weight.copy_(torch.tensor([A]))
        critic[0].get_submodule("packing").weight.copy_(torch.tensor([B]))
    return critic


def points(n: int = 6, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, 2, dtype=F64, generator=torch.Generator().manual_seed(seed))


def test_a_linear_critic_adds_up_the_parts_of_each_pack():
    x = points()
    expected = x[::2] @ torch.tensor(A, dtype=F64) + x[1::2] @ torch.tensor(B, dtype=F64)
    assert torch.allclose(linear()(x), expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("layer", "wider", "x", "axis"),
    [
        (nn.Linear(3, 2), nn.Linear(9, 2), (6, 3), 1),
        (nn.Linear(3, 2), nn.Linear(9, 2), (6, 5, 3), 2),
        (nn.Conv1d(3, 2, 3, stride=2), nn.Conv1d(9, 2, 3, stride=2), (6, 3, 7), 1),
        (nn.Conv2d(3, 2, 4, 2, 1), nn.Conv2d(9, 2, 4, 2, 1), (6, 3, 8, 8), 1),
        (
            nn.Conv2d(3, 2, 3, padding=1, padding_mode="reflect"),
            nn.Conv2d(9, 2, 3, padding=1, padding_mode="reflect"),
            (6, 3, 6, 6),
            1,
        ),
    ],
    ids=["linear", "linear on tokens", "conv1d", "strided conv2d", "reflecting conv2d"],
)
def test_it_is_the_wider_layer_on_the_concatenated_samples(layer, wider, x, axis):
    layer, wider = copy.deepcopy(layer).double(), wider.double()
    Packing(m=3).rewrite(layer)
    wider.weight.data = torch.cat([layer.weight, layer.get_submodule("packing").weight], 1).detach()
    wider.bias.data = layer.bias.data
    samples = torch.randn(x, dtype=F64, generator=torch.Generator().manual_seed(1))
    joined = torch.cat([samples[j::3] for j in range(3)], axis)
    # sums in another order
    assert torch.allclose(layer(samples), wider(joined), rtol=1e-12, atol=1e-12)


def test_penalties_on_a_linear_critic_of_packs_have_their_closed_forms():
    step = probe(linear(), points(), points(seed=1))
    norm2 = 25 + 5  # ‖(3, 4)‖² + ‖(1, −2)‖²: one norm over all that the critic sees
    assert R1(gamma=10.0).penalty(step).item() == pytest.approx(5 * norm2, rel=1e-12)
    assert R2(gamma=10.0).penalty(step).item() == pytest.approx(5 * norm2, rel=1e-12)
    assert GradientPenalty().penalty(step).item() == pytest.approx(10 * (norm2**0.5 - 1) ** 2, rel=1e-12)
    assert MaxGP(weight=1.0).penalty(step).item() == pytest.approx(norm2, rel=1e-12)
    doubt = (-step.real_logits).sigmoid().square().mean() + step.fake_logits.sigmoid().square().mean()
    assert Roth(gamma=2.0).penalty(step).item() == pytest.approx((doubt * norm2).item(), rel=1e-12)


def test_gradient_norm_divides_by_the_slope_of_the_pack():
    critic, x = linear(), points()
    f = critic(x).detach()
    GradientNorm().rewrite(critic)
    assert torch.allclose(critic(x), f / (30**0.5 + f.abs()), rtol=1e-12)


def test_the_gradient_of_a_pack_is_that_of_the_concatenated_samples():
    net = nn.Sequential(nn.Conv2d(1, 4, 3, dtype=F64), nn.Tanh(), nn.Flatten(), nn.LazyLinear(1, dtype=F64))
    x = torch.randn(6, 1, 5, 5, dtype=F64, generator=torch.Generator().manual_seed(2)).requires_grad_()
    net(x.detach())
    Packing(m=2).rewrite(net)

    def of_pack(pair: torch.Tensor) -> torch.Tensor:
        return net(pair.unflatten(1, (2, 1)).flatten(0, 1)).squeeze(1)

    joined = x.detach().unflatten(0, (3, 2)).flatten(1, 2).requires_grad_()  # [3, 2, 5, 5]: the channels side by side
    (expected,) = torch.autograd.grad(of_pack(joined).sum(), joined)
    found = input_gradient(net(x).squeeze(1), x)
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-14) and sumsq(found).shape == (3,)


def test_the_others_weights_are_drawn_as_the_first_ones_and_outputs_keep_their_variance():
    torch.manual_seed(3)
    layer = nn.Linear(400, 50, dtype=F64)
    before, length = layer(torch.randn(4000, 400, dtype=F64)).var().item(), layer.weight.norm(dim=1)
    Packing(m=4).rewrite(layer)
    others = layer.get_submodule("packing").weight.unflatten(1, (3, 400))
    assert torch.allclose(others.norm(dim=2), length[:, None] / 2, rtol=1e-12)
    assert torch.allclose(layer.weight.norm(dim=1), length / 2, rtol=1e-12)
    alike = torch.corrcoef(torch.stack([others[:, 0].flatten(), layer.weight.flatten()]))[0, 1]
    assert abs(alike.item()) < 0.03  # four deviations for 20,000 entries
    after = layer(torch.randn(16000, 400, dtype=F64)).var().item()
    assert after == pytest.approx(before, rel=0.05)  # of 200,000 numbers


def test_in_evaluation_the_others_are_their_running_mean():
    layer = nn.Linear(3, 2, dtype=F64)
    Packing(m=2).rewrite(layer)
    others = layer.get_submodule("packing")
    x = torch.randn(8, 3, dtype=F64)
    enter(Stream(0), torch.device("cpu"), records=True)
    try:
        layer(x)
    finally:
        leave()
    expected = (x[1::2] @ others.weight.T).mean(0) * 0.1
    assert torch.allclose(others.running, expected, rtol=1e-12)
    layer.eval()
    assert torch.allclose(layer(x[:3]), x[:3] @ layer.weight.T + layer.bias + expected, rtol=1e-12)
    conv = nn.Conv2d(1, 2, 3).eval()
    before = conv(torch.ones(1, 1, 5, 5))
    Packing().rewrite(conv)
    conv.get_submodule("packing").running.copy_(torch.tensor([1.0, 2.0]))
    assert conv.bias is not None
    bias = conv.bias[:, None, None]
    shifted = (before[0] - bias) / 2**0.5 + bias + torch.tensor([1.0, 2.0])[:, None, None]
    assert torch.allclose(conv(torch.ones(1, 1, 5, 5))[0], shifted, atol=1e-6)


def test_the_layers_that_take_the_sample_are_widened_in_every_subcritic():
    def places(name: str, **options) -> set[str]:
        case = cases([name])[0]
        net = case.model.build(case.data.space).discriminator
        Packing(**options).rewrite(net)
        return {n.rpartition(".")[0] for n, _ in net.named_modules() if n.endswith("packing")}

    assert places("ring") == {"fc1"} and places("pair") == {"row", "vector"}
    assert places("critics") == {"whole.fc", "local.conv", "periodic.conv"}
    assert places("tokens", where="fc") == {"fc"}


def test_every_subcritic_gives_a_logit_for_each_pack():
    case = cases(["critics"])[0]
    game = case.game("discriminator", Packing(m=3))
    step = game.look("discriminator", case.batch())
    assert [part.shape for part in step.real_logits] == [(2,), (2, 16), (2, 4, 4)]
    assert step.fake_score.shape == (2,)


def test_what_cannot_be_packed_is_refused_by_name():
    for layer in (nn.Conv2d(4, 4, 3, groups=2), nn.ConvTranspose2d(4, 4, 3), nn.GRUCell(2, 2)):
        with pytest.raises(UsageError, match=r"'0'.*cannot be widened"):
            Packing(where="0").rewrite(nn.Sequential(layer, nn.Linear(1, 1)))
    with pytest.raises(UsageError, match="batch of 5 makes no packs of 2"):
        linear()(points(5))

    class OneVector(Network):
        input_layers = ()

    with pytest.raises(UsageError, match="no layer of OneVector can take several samples"):
        Packing().rewrite(OneVector())
    case = cases(["pair"])[0]
    with pytest.raises(UsageError, match="samples meet PairCritic in row and vector, together; leave where out"):
        Packing(where="row").rewrite(case.model.build(case.data.space).discriminator)


def test_a_critic_that_takes_labels_is_refused():
    class Labelled(nn.Linear):
        def forward(self, x, labels=None):
            return super().forward(x)

    critic = Labelled(2, 1)
    Packing().rewrite(critic)
    assert critic(torch.zeros(4, 2)).shape == (2, 1)
    with pytest.raises(UsageError, match="takes labels, and a pack has several"):
        critic(torch.zeros(4, 2), torch.zeros(4, dtype=torch.long))


def test_a_way_around_the_widened_layer_is_refused():
    class Around(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(2, 1), nn.Linear(2, 1)

        def forward(self, x):
            return self.second(x) + self.first(x)

    critic = Around()
    Packing(m=2, where="first").rewrite(critic)
    with pytest.raises(UsageError, match="gives 2 logits for 1 packs of 2"):
        critic(torch.zeros(2, 2))


def test_packs_of_one_leave_the_network_alone():
    net = nn.Linear(2, 1)
    before = copy.deepcopy(net.state_dict())
    Packing(m=1).rewrite(net)
    assert net.state_dict().keys() == before.keys() and torch.equal(net.weight, before["weight"])
    with pytest.raises(UsageError, match="m=0"):
        Packing(m=0)


def test_the_others_weights_are_trained_with_the_rest():
    case = cases(["ring"])[0]
    game = case.game("discriminator", chain(Packing(), R1()))
    others = game.discriminator.network.fc1.get_submodule("packing").weight
    before = others.detach().clone()
    game.step(case.batch())
    assert not torch.equal(others, before)


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(Packing, cases(["critics"])[0], "discriminator"))
