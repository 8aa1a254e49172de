"""What is measured of networks while they train."""

import math

import pytest
import torch
from torch import nn

from detente import plugins
from detente.engine.sample import Batch
from detente.recipe import load
from detente.training.build import build
from detente.training.monitor import LogLine, Watcher, spectral_norms


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


def game(*regs: str, **flags):
    return build(load(None, "ring", [], list(regs), {"batch": 16, **flags}, plugins.host()), plugins.host())


def test_watching_changes_no_number_and_sees_what_autograd_says():
    plain, watched = game("r1"), game("r1")
    watcher = Watcher()
    watched.game.watch = watcher
    data = plain.data
    for i in range(3):
        batch = Batch(data.batch(torch.arange(16) + i).x)
        one, other = plain.game.step(batch), watched.game.step(batch)
        assert all(torch.equal(one[name], other[name]) for name in one)
    for a, b in zip(plain.game.discriminator.parameters, watched.game.discriminator.parameters, strict=True):
        assert torch.equal(a, b)
    # Nothing adjusts gradients here, so what the optimizer saw still stands in .grad.
    for letter, player in (("D", watched.game.discriminator), ("G", watched.game.generator)):
        norm = math.sqrt(sum(float(p.grad.double().square().sum()) for p in player.parameters))
        assert watcher.values[f"{letter}/gradient"].item() == pytest.approx(norm, rel=1e-5)
    assert set(watcher.values) == {"D/gradient", "G/gradient", "D/real", "D/fake", "D/apart"}


def test_the_gradient_norm_is_that_before_clipping():
    built = game("d:clip-norm(max_norm=0.001)")
    built.game.watch = watcher = Watcher()
    built.game.step(Batch(built.data.batch(torch.arange(16)).x))
    assert watcher.values["D/gradient"] > 0.01


def test_apart_is_the_share_of_pairs_in_order():
    class Seen:
        known_scores = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 1.0, 3.0])

    built = game()
    watcher = Watcher()
    watcher(built.game.discriminator, Seen())
    # Of (1, 0), (1, 1), (1, 3), (2, 0), (2, 1), (2, 3): above, equal, below, above, above, below.
    assert watcher.values["D/apart"].item() == pytest.approx(3.5 / 6)


def test_spectral_norms_are_those_of_the_weights_as_used():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(32, 4))
    found = spectral_norms(net)
    assert found["0"] == pytest.approx(torch.linalg.matrix_norm(net[0].weight.flatten(1), 2).item(), rel=1e-5)
    assert found["2"] == pytest.approx(torch.linalg.matrix_norm(net[2].weight, 2).item(), rel=1e-5)
    normalized = spectral_norms(game("d:spectral-norm").game.discriminator.network)
    assert list(normalized.values()) == pytest.approx([1.0] * len(normalized), abs=0.05)
    with torch.no_grad():
        net[2].weight[0, 0] = math.inf
    assert math.isnan(spectral_norms(net)["2"])
    assert spectral_norms(nn.Sequential(nn.ReLU())) == {}
