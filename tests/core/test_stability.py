"""What is measured while players play, and what is read from it."""

import math

import pytest
import torch
from torch import nn

from detente import plugins
from detente.engine.sample import Batch
from detente.recipe import load
from detente.results.stability import collapse, read, spikes
from detente.training.build import build
from detente.training.monitor import Watcher, spectral_norms


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


@pytest.mark.parametrize(
    ("scores", "step"),
    [
        ((0.2, 0.8, 0.7, 0.3, 0.2), 40),
        ((0.2, 0.8, 0.3, 0.7), None),  # it recovered
        ((0.8, 0.4), None),  # half is not below half
        ((0.0, 0.04, 0.0), None),  # nothing was there to lose
        ((0.1, 0.6, 0.9), None),
        ((), None),
    ],
)
def test_a_run_has_collapsed_where_it_stays_below_half_of_its_best(scores, step):
    assert collapse([(10 * (i + 1), value) for i, value in enumerate(scores)]) == step


def test_a_spike_stands_out_from_the_lines_before_it():
    assert spikes([1, 1, 1, 1, 1, 11, 1, 9]) == 1
    assert spikes([1, 100]) == 0  # too few before it
    assert spikes([1, None]) == 1  # not finite
    assert spikes([1] * 5 + [11] * 30) == 5  # until the new level is the median


def test_reading_a_run_from_its_lines():
    lines = [{"step": s, "watched": {"D/gradient": 1.0, "D/apart": 1.0 if s > 2 else 0.5}} for s in (1, 2, 3, 4)]
    lines += [{"step": s, "scores": {"modes": m}, "scaled": v, "spectral": {"a": 2.0, "b": 3.0}}
              for s, m, v in ((2, 8.0, 0.8), (4, 1.0, 0.2))]  # fmt: skip
    found = read(lines, 0.2, 0.8, None)
    assert (found.kept, found.collapsed, found.spikes, found.saturated) == (pytest.approx(0.25), 4, 0, 0.5)
    assert found.modes == ((2, 8.0), (4, 1.0))
    assert found.slope == ((2, 6.0), (4, 6.0))
    assert read([], 0.0, 0.0, 7).collapsed == 7
    assert read([], None, None, None).spikes is None
