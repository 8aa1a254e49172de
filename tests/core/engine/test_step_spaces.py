"""Where a penalty differentiates is one entry of one table, and what it needs of the critic is declared."""

from typing import get_args

import pytest
import torch

from detente import recipe
from detente.engine.sample import leaves
from detente.engine.step import SPACES, PenaltySpace
from detente.errors import UsageError
from detente.regularizers import R1, R2, GradientNorm, GradientPenalty, MaxGP, Roth, ZeroCentredGP
from detente.testing.probe import Linear, probe, value
from detente.toys.tokens import TokenCritic
from detente.training.build import build

F64 = torch.float64
WITH_SPACE = (R1, R2, GradientPenalty, MaxGP, Roth, ZeroCentredGP, GradientNorm)


def test_each_word_has_an_entry() -> None:
    assert get_args(PenaltySpace) == tuple(SPACES)


@pytest.mark.parametrize("cls", WITH_SPACE)
def test_a_regularizer_declares_what_its_space_needs(cls: type) -> None:
    assert "embed" not in cls().needs and "embed" in cls(space="embedding").needs
    assert "embed" not in cls.needs, "the class is as it was"
    with pytest.raises(UsageError, match="space='middle' should be 'input' or 'embedding'"):
        cls(space="middle")


def test_roth_asks_for_a_logistic_loss_and_an_embedding() -> None:
    assert Roth(space="embedding").needs == ("softplus", "embed")


@pytest.mark.parametrize("kind", ["r1", "gradient-norm", "gradient-penalty", "max-gp"])
def test_a_critic_without_it_is_refused_when_the_recipe_is_built(kind: str) -> None:
    chosen = recipe.load(domain="ring", regs=[f"d:{kind}(space=embedding)"], sets=["device=cpu"])
    with pytest.raises(UsageError, match=f"{kind} needs the ability 'embed', which Perceptron does not have"):
        build(chosen)


def test_channels_come_last_in_an_embedding_and_without_a_known_space() -> None:
    x = torch.rand(3, 6, 5, dtype=F64)
    step = probe(TokenCritic(width=8, embedding=4).double(), x, x)
    assert step.channel_axes("input") == step.channel_axes("embedding") == (-1,)
    assert leaves(step.real_at("embedding"))[0].shape == (3, 6, 4)
    assert step.real_at("input") is step.real


@pytest.mark.parametrize("turn", ["discriminator", "generator"])
def test_the_loss_of_a_step_is_that_of_whose_turn_it_is(turn: str) -> None:
    x = torch.tensor([[1.0, 2.0], [0.5, -1.0]], dtype=F64)
    step = probe(Linear(torch.tensor([3.0, 4.0], dtype=F64)), x, -x, turn=turn)  # type: ignore[arg-type]
    logits = x @ torch.tensor([3.0, 4.0], dtype=F64)
    softplus = torch.nn.functional.softplus
    by_hand = {
        "discriminator": (softplus(-logits) + softplus(-logits)).mean(),
        "generator": softplus(logits).mean(),
    }
    assert step.loss.item() == pytest.approx(by_hand[turn].item(), rel=1e-12)


@pytest.mark.parametrize(("points", "passes"), [("mix", 1), ("real", 0), ("fake", 0)])
@pytest.mark.parametrize("scope", ["sample", "position"])
def test_points_and_scopes_say_what_they_cost_and_see(points: str, passes: int, scope: str) -> None:
    penalty = GradientPenalty(points=points, scope=scope)  # type: ignore[arg-type]
    assert penalty.passes().critic == passes
    assert penalty.by_position == (scope == "position")
    critic = Linear(torch.tensor([3.0, 4.0], dtype=F64))
    x = torch.ones(2, 2, dtype=F64)
    assert value(penalty, probe(critic, x, -x)).item() == pytest.approx(160, rel=1e-12)
