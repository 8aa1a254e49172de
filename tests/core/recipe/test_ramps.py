"""Any number of an optimizer or a regularizer may have a schedule, and the recipe says it back as it was given."""

from typing import Any

import pytest

from detente import recipe
from detente.engine.schedule import Ramp
from detente.errors import UsageError
from detente.recipe.options import check
from detente.training.build import build

RING: dict[str, Any] = {"domain": "ring", "steps": 40, "critic_steps": 2}


def with_optimizer(**options: Any) -> dict[str, Any]:
    return RING | {"discriminator": {"optimizer": {"name": "adam", **options}}}


def test_a_learning_rate_with_a_schedule_is_counted_in_the_players_own_updates() -> None:
    given = {"from": 2e-3, "to": 2e-4, "over": 0.5, "shape": "cosine"}
    resolved = recipe.resolve(with_optimizer(lr=given))
    assert resolved.schedules("discriminator") == {"lr": Ramp(2e-3, 2e-4, 40, "cosine")}  # half of 2 · 40 updates
    assert resolved.recipe.discriminator.optimizer.options["lr"] == given
    again = recipe.resolve(resolved.recipe.plain())
    assert again.recipe == resolved.recipe and again.schedules("discriminator") == resolved.schedules("discriminator")


def test_one_of_the_betas_may_have_a_schedule() -> None:
    betas = [0.0, {"from": 0.9, "to": 0.99, "over": 10}]
    resolved = recipe.resolve(with_optimizer(betas=betas))
    assert resolved.schedules("discriminator") == {"betas.1": Ramp(0.9, 0.99, 10)}
    assert resolved.recipe.discriminator.optimizer.options["betas"] == betas
    player = build(resolved.recipe).game.discriminator
    assert player.optimizer.param_groups[0]["betas"] == (0.0, 0.9)


@pytest.mark.parametrize(
    "set_",
    [
        "generator.optimizer.lr={from: 2e-3, to: 2e-4, shape: cosine}",
        "generator.optimizer.lr={from: 0.002, to: 0.0002, over: 1.0, shape: cosine}",
    ],
)
def test_the_command_line_says_it_alike(set_: str) -> None:
    loaded = recipe.load(domain="ring", sets=[set_])
    assert loaded.generator.optimizer.options["lr"] == {"from": 2e-3, "to": 2e-4, "over": 1.0, "shape": "cosine"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"lr": {"from": 1e-3, "to": -1e-3}}, "optimizer.lr.to: "),
        ({"lr": {"from": 1e-3, "to": 0, "shape": "exponential"}}, "optimizer.lr.shape: an exponential ramp cannot go"),
        ({"lr": {"from": 1e-3, "to": 0, "shape": "sine"}}, "should be linear, cosine, exponential, but is 'sine'"),
        ({"betas": [0.5, {"from": 0.9, "to": 1.0}]}, "optimizer.betas.1.to: "),
        ({"betas": [0.5, {"to": 0.9}]}, "optimizer.betas.1.from: is required"),
        ({"amsgrad": {"from": 0.0, "to": 1.0}}, "optimizer.amsgrad"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused_at_its_key(options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        recipe.resolve(with_optimizer(**options))
    assert said in str(refused.value)


def test_where_no_schedule_is_allowed_it_is_a_value_of_the_wrong_type() -> None:
    def component(width: float = 1.0) -> None: ...

    checked = check(component, {"width": {"from": 1.0, "to": 2.0}})
    assert [name for name, _ in checked.problems] == ["width"] and not checked.lines
