"""One update on a copy of the game shows what would end a run, or has no effect, before anything is trained."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from detente.checks import Finding, findings, tried
from detente.engine.chain import chain
from detente.engine.game import Game
from detente.engine.objectives import NonSaturating
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer, named
from detente.engine.sample import Batch
from detente.engine.step import Step
from detente.errors import UsageError
from detente.regularizers import EMA, L2, R1, BatchNorm, Dropout, Lecam, SpectralNorm, WeightNorm
from detente.testing.probe import Plain

TIME, WIDTH = 4, 8


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3)


class Positions(nn.Module):
    """[B, T, C] → [B]: a layer of the caller's choice between two linear ones."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.first, self.inner, self.last = nn.Linear(2, WIDTH), inner, nn.Linear(WIDTH, 1)

    def forward(self, x):
        return self.last(self.inner(self.first(x))).mean((1, 2))


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attend = nn.MultiheadAttention(WIDTH, 2, batch_first=True)

    def forward(self, h):
        return self.attend(h, h, h, need_weights=False)[0]


class Borrowed(nn.Module):
    """Computes with a layer's weight without calling the layer."""

    def __init__(self) -> None:
        super().__init__()
        self.lent = nn.Linear(WIDTH, WIDTH)

    def forward(self, h):
        return F.linear(h, self.lent.weight)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LSTM(WIDTH, WIDTH, batch_first=True)

    def forward(self, h):
        return self.cell(h)[0]


def game(inner: nn.Module, *regularizers: Regularizer) -> Game:
    torch.manual_seed(0)
    generator = nn.Sequential(nn.Linear(3, TIME * 2), nn.Unflatten(1, (TIME, 2)))
    return Game(
        Player("generator", generator, adam, chain(EMA())),
        Player("discriminator", Positions(inner), adam, chain(*regularizers)),
        NonSaturating(),
        Plain(),
        lambda n, rng: torch.randn(n, 3, generator=rng),
    )


BATCH = [Batch(torch.randn(6, TIME, 2, generator=torch.Generator().manual_seed(1)))]


def found(inner: nn.Module, *regularizers: Regularizer) -> list[Finding]:
    one = game(inner, *regularizers)
    return findings(one, trial=tried(one, BATCH))


@pytest.mark.parametrize(
    ("inner", "layer"),
    [(Attention(), "inner.attend.out_proj"), (Borrowed(), "inner.lent")],
    ids=["attention", "borrowed weight"],
)
@pytest.mark.parametrize("make", [SpectralNorm, WeightNorm, Dropout, BatchNorm], ids=lambda make: make.__name__)
def test_a_layer_that_the_network_never_calls_is_refused_by_name(inner, layer, make):
    regularizer = make()
    (finding,) = [f for f in found(copy.deepcopy(inner), regularizer) if f.code == "layer-never-runs"]
    assert finding.level == "refuse" and finding.where == f"discriminator.regularizers.{regularizer.name}"
    assert layer in finding.what and f'where="not {layer}"' in finding.fix
    assert not [f for f in found(copy.deepcopy(inner), make(where=f"not {layer}")) if f.code == "layer-never-runs"]


@pytest.mark.parametrize(
    ("inner", "weight"),
    [
        (Attention(), "inner.attend.in_proj_weight"),
        (Recurrent(), "inner.cell.weight_ih_l0 and 1 more weights"),
        (nn.utils.parametrizations.spectral_norm(nn.Linear(WIDTH, WIDTH)), "inner.parametrizations.weight.original"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(WIDTH, WIDTH)), "inner.parametrizations.weight.original0"),
    ],
    ids=["attention", "lstm", "torch's spectral norm", "torch's weight norm"],
)
def test_weights_that_a_normalization_of_every_weight_does_not_reach_are_named(inner, weight):
    (finding,) = [f for f in found(inner, SpectralNorm()) if f.code == "uncovered-weights"]
    assert finding.level == "warn" and weight in finding.what
    assert not [f for f in found(inner, L2()) if f.code == "uncovered-weights"]
    assert not [f for f in found(inner, SpectralNorm(where="first")) if f.code == "uncovered-weights"]


def test_registered_layers_alone_are_covered():
    assert found(nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.LayerNorm(WIDTH)), SpectralNorm()) == []


class Forgets(Regularizer):
    def penalty(self, s: Step):
        _ = s.real_score.square().mean()


class Returns(Regularizer):
    def __init__(self, what: str = "batch") -> None:
        super().__init__()
        self.what = what

    def penalty(self, s: Step):
        values = s.real_score.square()
        return {"batch": values, "one": values.mean().reshape(1), "float": values.mean().item(), "none": None}[
            self.what
        ]


def test_a_penalty_without_return_is_found():
    (finding,) = found(nn.Identity(), Forgets())
    assert finding.code == "penalty-without-value" and "discriminator.regularizers.forgets" in str(finding)
    assert found(nn.Identity(), Lecam()) == []


@pytest.mark.parametrize(
    ("what", "sentence"), [("batch", r"shape \[6\]"), ("one", r"shape \[1\]"), ("float", "a float, but")]
)
def test_a_penalty_that_is_not_one_number_is_refused_by_name(what, sentence):
    with pytest.raises(UsageError, match=rf"discriminator\.regularizers\.mine: the penalty returned .*{sentence}"):
        tried(game(nn.Identity(), named("mine", Returns(what))), BATCH)


def test_attention_without_a_second_derivative_is_said_before_training():
    with pytest.raises(UsageError, match=r"discriminator\.regularizers\.r1: its first update fails .*sdpa_kernel"):
        tried(game(Attention(), R1()), BATCH)


@pytest.mark.parametrize("norm", [nn.utils.weight_norm, nn.utils.spectral_norm], ids=lambda norm: norm.__name__)
@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated:FutureWarning")
def test_a_network_that_cannot_be_copied_is_refused_before_the_first_evaluation(norm):
    one = game(norm(nn.Linear(WIDTH, WIDTH)))
    one.step(*BATCH)
    with pytest.raises(UsageError, match=r"cannot be copied.*parametrizations"):
        tried(one, BATCH)


def test_the_game_and_the_callers_random_numbers_stay_as_they_are():
    one, other = (game(nn.Sequential(), R1(), Dropout(), BatchNorm(), Lecam()) for _ in range(2))
    torch.manual_seed(5)
    tried(one, BATCH)
    drawn = torch.rand(3)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(3))
    for _ in range(3):
        one.step(*BATCH)
        other.step(*BATCH)
    for role in ("generator", "discriminator"):
        a, b = getattr(one, role).network.state_dict(), getattr(other, role).network.state_dict()
        assert all(
            torch.equal(x, y) for x, y in zip(a.values(), b.values(), strict=True) if isinstance(x, torch.Tensor)
        )


def test_a_trial_looks_at_a_player_only_for_its_penalties(monkeypatch):
    seen = []
    look = Game.look
    monkeypatch.setattr(Game, "look", lambda self, role, batch: seen.append(role) or look(self, role, batch))
    tried(game(nn.Identity(), Dropout()), BATCH)
    assert seen == []
    tried(game(nn.Identity(), R1(), L2()), BATCH)
    assert seen == ["discriminator"]
