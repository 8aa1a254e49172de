"""What an evaluation finds out about both players, without a trace in their game."""

import math

import pytest
import torch
from torch import nn

from command_line import assert_same
from detente import plugins
from detente.engine.streams import Stream
from detente.recipe import load
from detente.training.build import Built, build
from detente.training.examination import MOST, PIECE, examine, memory, spread, spread_in_classes

RNG = Stream(0).at("examined")


def built(*regs: str, domain: str = "ring", **flags) -> Built:
    return build(load(None, domain, [], list(regs), {"batch": 16, **flags}, plugins.host()), plugins.host())


def after(b: Built, steps: int = 3) -> Built:
    for i in range(steps):
        b.game.step(b.prepare(b.data.batch(torch.arange(16) + i)))
    return b


@pytest.mark.parametrize("chain", ["r1+d:dropout+g:ema", "d:batch-norm+lecam", "spectral-norm+clip-norm", "ada"])
def test_examining_changes_neither_the_game_nor_the_random_numbers_of_the_caller(chain: str) -> None:
    one, other = after(built(chain)), after(built(chain))
    torch.manual_seed(5)
    before = torch.get_rng_state()
    examine(one, one.data.real(50), RNG)
    assert torch.equal(torch.get_rng_state(), before)
    assert_same(after(one).game.state_dict(), after(other).game.state_dict())


@pytest.mark.parametrize("entries", [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE])
def test_the_spread_of_pieces_is_that_of_the_whole_to_the_bit(entries: int) -> None:
    x = torch.rand(7, entries, generator=torch.Generator().manual_seed(0))
    assert spread(x) == x.double().var(dim=0).mean().sqrt().item()


def test_data_without_any_spread_have_none_to_compare_with() -> None:
    assert "G/spread" not in examine(built(domain="dirac"), torch.ones(9, 1), RNG)


def test_equal_games_are_found_equal() -> None:
    found = [examine(after(built("r1")), torch.ones(9, 2), RNG) for _ in range(2)]
    assert found[0] == found[1] and found[0].keys() == {"G/spread", "D/memory", "D/r1 share"}


def test_spread_is_the_root_of_the_mean_variance_of_all_entries() -> None:
    x = torch.tensor([[0.0, 1.0], [2.0, 1.0]])  # variances 2 and 0
    assert spread(x) == 1.0
    assert spread((x, x[:, :1])) == pytest.approx(math.sqrt(4 / 3))
    b = built()
    assert examine(b, b.data.real(200), RNG)["G/spread"] == 1.0
    assert examine(b, torch.ones(200, 2), RNG)["G/spread"] == 0.0


def test_spread_in_classes_is_that_around_the_mean_of_each_class() -> None:
    # Class 3: 0 and 2 around 1; class 7: 5 around itself; class 9: 1, 1 and 4 around 2. Squares: 2 and 6, of 6 − 3.
    x, labels = torch.tensor([0.0, 1.0, 5.0, 2.0, 1.0, 4.0])[:, None], torch.tensor([3, 9, 7, 3, 9, 9])
    assert spread_in_classes(x, labels) == pytest.approx(math.sqrt(8 / 3))
    assert spread_in_classes((x, 2 * x), labels) == pytest.approx(math.sqrt((8 / 3 + 32 / 3) / 2))
    assert spread_in_classes(x, torch.zeros(6, dtype=torch.long)) == pytest.approx(spread(x))
    assert math.isnan(spread_in_classes(x, torch.arange(6)))


@pytest.mark.parametrize("entries", [PIECE, PIECE + 1])
def test_the_spread_in_classes_of_pieces_is_that_of_the_whole(entries: int) -> None:
    x, labels = torch.rand(9, entries, generator=torch.Generator().manual_seed(0)), torch.arange(9) % 2
    parts = [(part - part.mean(0)).square().sum(0) for part in (x[labels == c].double() for c in (0, 1))]
    assert spread_in_classes(x, labels) == pytest.approx(((parts[0] + parts[1]) / 7).mean().sqrt().item(), rel=1e-12)


def test_the_spread_in_a_class_is_measured_where_the_model_takes_classes() -> None:
    b, host = built(), plugins.host()
    assert "G/spread in a class" not in examine(b, b.data.real(50), RNG)
    recipe = load(None, "image", ["model.conditional=true", "model.width=4"], [], {"batch": 16}, host)
    b = build(recipe, host)
    real, labels = b.data.real(300), b.data.real_labels(300)
    assert examine(b, real, RNG, labels)["G/spread in a class"] == 1.0
    one_of_each = real[torch.stack([(labels == c).nonzero()[0, 0] for c in range(10)])][labels]
    found = examine(b, one_of_each, RNG, labels)
    assert found["G/spread in a class"] == 0.0 and found["G/spread"] > 0.3


@pytest.mark.parametrize(("gamma", "share"), [(1e-12, 0.0), (1e12, 1.0)])
def test_the_share_of_a_penalty_goes_from_nothing_to_all(gamma: float, share: float) -> None:
    found = examine(built(f"r1(gamma={gamma})"), torch.ones(4, 2), RNG)
    assert found["D/r1 share"] == pytest.approx(share, abs=1e-6)


def test_the_share_on_dirac_is_that_of_the_closed_form() -> None:
    # ψ = θ = 1 and γ = 3: the penalty's derivative is γψ = 3, that of log(1 + e^{ψθ}) + log 2 is σ(1).
    found = examine(built("r1(gamma=3)", domain="dirac"), torch.ones(4, 1), RNG)
    assert found["D/r1 share"] == pytest.approx(3 / (3 + 1 / (1 + math.exp(-1))), rel=1e-5)


def test_what_clipping_leaves_of_the_norm() -> None:
    # σ(1) as above; nothing else is in the gradient.
    found = examine(built("d:clip-norm(max_norm=0.1)", domain="dirac"), torch.ones(4, 1), RNG)
    assert found["D/clip-norm left"] == pytest.approx(0.1 * (1 + math.exp(-1)), rel=1e-5)
    assert "D/clip-norm left" not in examine(built("d:clip-norm(max_norm=9)", domain="dirac"), torch.ones(4, 1), RNG)


class Knows(nn.Module):
    """A critic that knows some points by heart."""

    def __init__(self, known: torch.Tensor) -> None:
        super().__init__()
        self.known = known

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x[:, None] == self.known[None]).all(-1).any(1).float()


def test_memory_is_a_half_without_and_one_with_every_training_sample_known() -> None:
    b = built()
    every = torch.arange(len(b.data))
    assert memory(b, Knows(torch.full((1, 2), 99.0)), b.data.real(MOST), RNG) == 0.5
    assert memory(b, Knows(b.data.batch(every).x), b.data.real(MOST), RNG) == 1.0


def test_a_network_that_cannot_be_examined_costs_the_measurements_alone(caplog, monkeypatch) -> None:
    b = built()

    def fails(game) -> None:
        raise ValueError("of a plugin")

    monkeypatch.setattr("detente.training.examination.copied", fails)
    assert examine(b, b.data.real(20), RNG).keys() == {"G/spread"}
    assert "of a plugin" in caplog.text
