"""An error in a regularizer's method names the regularizer, and any other is left as it is."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from detente.checks import blamed, blamed_in, findings, tried
from detente.engine.regularizer import Passes, Regularizer
from detente.errors import UsageError
from detente.regularizers import R1, Dropout, SpectralNorm
from detente.testing.check import cases

(RING,) = cases(["ring"])


def broken(method: str, error: Exception) -> Regularizer:
    def fails(self: Regularizer, *given: Any, **more: Any) -> None:
        raise error

    fails.__code__ = fails.__code__.replace(co_name=method)
    return type("Broken", (Regularizer,), {method: fails})()


ERRORS = [
    ZeroDivisionError("of 0"),
    AttributeError("no such"),
    KeyError("x"),
    RuntimeError("shapes"),
    OSError(28, "full"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("method", ["rewrite", "attach", "adjust_gradients", "adjust_weights", "settle", "penalty"])
def test_whatever_a_strangers_method_raises_it_is_named_before_training(method: str, error: Exception) -> None:
    def build(one: Regularizer) -> None:
        with blamed("discriminator", [one]):
            game = RING.game("discriminator", one, R1())
        with blamed_in(game.discriminator, game.generator):
            findings(game, trial=tried(game, [RING.batch(0)]))

    with pytest.raises(UsageError) as said:
        build(broken(method, error))
    assert str(said.value).startswith(("discriminator.regularizers.broken: ", "discriminator: broken, r1 cannot be "))
    assert type(error).__name__ in str(said.value)


def test_an_error_inside_a_wrapped_one_is_that_of_its_link_and_of_the_innermost() -> None:
    inner, outer = broken("report", ValueError("deep")), SpectralNorm()
    outer.add_module("mine", inner)
    with (
        pytest.raises(
            UsageError, match=r"^generator\.regularizers\.spectral-norm: its report fails \(ValueError: deep"
        ),
        blamed("generator", [R1(), outer]),
    ):
        inner.report(nn.Linear(1, 1))


@pytest.mark.parametrize(
    "raised", [UsageError("ours"), torch.OutOfMemoryError("no room"), MemoryError(), KeyError("else")]
)
def test_our_own_errors_missing_memory_and_what_no_regularizer_raised_pass(raised: Exception) -> None:
    with pytest.raises(type(raised)) as found, blamed("discriminator", [R1()]):
        raise raised
    assert found.value is raised


@pytest.mark.parametrize("found", [2, None, {"gradient": 1}])
def test_passes_that_are_none_are_named(found: Any) -> None:
    one: Callable[[], Regularizer] = type("Odd", (Regularizer,), {"passes": lambda self, turn="discriminator": found})
    with pytest.raises(UsageError, match=r"^odd: its passes returned .*should return Passes"):
        findings(RING.game("discriminator", one(), Dropout()))
    fine = type("Fine", (Regularizer,), {"passes": lambda self, turn="discriminator": Passes(gradient=1)})
    findings(RING.game("discriminator", fine(), Dropout()))


@pytest.mark.parametrize("found", [None, ("penalty",), frozenset({"penalties"}), 3])
def test_points_that_are_none_are_named(found: Any) -> None:
    one: Callable[[], Regularizer] = type("Odd", (Regularizer,), {"defines": lambda self: found})
    with pytest.raises(UsageError, match=r"^odd: its defines returned .*should return a frozenset .*penalty"):
        RING.game("discriminator", one(), Dropout())
