"""The built-in optimizers: their defaults, their published updates, and options that do not fit each other."""

import inspect

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from detente.errors import PluginError, UsageError
from detente.plugins import host
from detente.recipe import load
from detente.recipe.optimizers import adam, adamw, rmsprop, sgd, try_out

ENTRY = host().entry("optimizer", "sgd", None)


def after(make, gradients=(1.0,), start: float = 2.0) -> float:
    """A weight after an update for each of the gradients."""
    weight = nn.Parameter(torch.tensor([start], dtype=torch.float64))
    optimizer = make([weight])
    for g in gradients:
        weight.grad = torch.tensor([g], dtype=torch.float64)
        optimizer.step()
    return weight.item()


@pytest.mark.parametrize(
    ("make", "kind", "defaults"),
    [
        (adam, Adam, {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": False}),
        (adamw, AdamW, {"lr": 2e-4, "betas": (0.5, 0.999), "eps": 1e-8, "weight_decay": 1e-2}),
        (sgd, SGD, {"lr": 1e-2, "momentum": 0.0, "dampening": 0.0, "weight_decay": 0.0, "nesterov": False}),
        (rmsprop, RMSprop, {"lr": 5e-5, "alpha": 0.99, "momentum": 0.0, "centered": False}),
    ],
)
def test_an_optimizer_is_torchs_with_the_defaults_of_gans(make, kind, defaults) -> None:
    made = make()([nn.Parameter(torch.zeros(1))])
    assert type(made) is kind
    assert {name: made.param_groups[0][name] for name in defaults} == defaults


def test_every_option_reaches_torch() -> None:
    """Each is set to a value that is no default, and found in the group of the optimizer that was made."""
    other = {float: 0.25, bool: True, tuple: (0.25, 0.75), type(None): False}
    for make in (adam, adamw, sgd, rmsprop):
        given = {name: other[type(p.default)] for name, p in inspect.signature(make).parameters.items()}
        if make is sgd:
            given["dampening"] = 0.0  # Nesterov's momentum has none
        group = make(**given)([nn.Parameter(torch.zeros(1))]).param_groups[0]
        assert {name: group[name] for name in given} == given


@pytest.mark.parametrize(("asked", "fused"), [(None, True), (True, True), (False, False)])
@pytest.mark.parametrize("make", [adam, adamw])
def test_adam_is_fused_where_torch_can_unless_the_recipe_says(make, asked, fused) -> None:
    assert make(fused=asked)([nn.Parameter(torch.zeros(1))]).param_groups[0]["fused"] is fused


def test_adam_is_not_fused_where_torch_cannot() -> None:
    assert not adam()([nn.Parameter(torch.zeros(1, device="meta"))]).param_groups[0]["fused"]


def test_the_first_updates_are_those_of_the_papers() -> None:
    # Both moments of Adam are g and g² after the bias correction: a first step of the learning rate, whatever g.
    assert after(adam(lr=0.1), (7.0,)) == pytest.approx(1.9, rel=1e-8)
    assert after(adamw(lr=0.1, weight_decay=0.5), (7.0,)) == pytest.approx(2 - 0.1 * 0.5 * 2 - 0.1, rel=1e-8)
    # Coupled decay goes through the moments: it changes nothing about the first step.
    assert after(adam(lr=0.1, weight_decay=0.5), (7.0,)) == pytest.approx(1.9, rel=1e-8)
    assert after(sgd(lr=0.1, weight_decay=0.5), (1.0,)) == pytest.approx(2 - 0.1 * (1 + 0.5 * 2), rel=1e-12)
    assert after(sgd(lr=0.1, momentum=0.5), (1.0, 1.0)) == pytest.approx(2 - 0.1 - 0.1 * 1.5, rel=1e-12)
    # v = (1 − α) g², so the first step is lr/√(1 − α).
    assert after(rmsprop(lr=0.01, alpha=0.75), (3.0,)) == pytest.approx(2 - 0.01 / 0.25**0.5, rel=1e-8)


def test_options_that_do_not_fit_each_other_are_refused_in_torchs_words() -> None:
    with pytest.raises(UsageError, match=r"^Nesterov momentum requires a momentum and zero dampening\.$"):
        try_out(lambda: sgd(nesterov=True), ENTRY)
    with pytest.raises(UsageError, match=r"Invalid learning rate: -1"):
        try_out(lambda: adam(lr=-1), ENTRY)
    try_out(lambda: sgd(nesterov=True, momentum=0.9), ENTRY)


def test_what_makes_no_optimizer_is_its_authors_fault() -> None:
    def broken(parameters: list[nn.Parameter]) -> Optimizer:
        raise TypeError("no")

    with pytest.raises(PluginError, match="makes something other than an optimizer of torch"):
        try_out(lambda: lambda parameters: None, ENTRY)
    with pytest.raises(PluginError, match="making it raised TypeError: no"):
        try_out(lambda: broken, ENTRY)


@pytest.mark.parametrize("name", ["sgd", "rmsprop"])
@pytest.mark.parametrize("value", ["1", "2.5", "-0.1", ".nan"])
def test_momentum_is_below_1_or_updates_would_grow_for_ever(name, value):
    sets = [f"generator.optimizer={{name: {name}}}", f"generator.optimizer.momentum={value}"]
    with pytest.raises(UsageError, match=r"generator\.optimizer\.momentum: should be"):
        load(domain="ring", sets=sets)


@pytest.mark.parametrize("value", ["-4", "1.5", ".inf"])
def test_the_dampening_of_sgd_is_a_share(value):
    sets = ["generator.optimizer={name: sgd}", f"generator.optimizer.dampening={value}"]
    with pytest.raises(UsageError, match=r"generator\.optimizer\.dampening: should be"):
        load(domain="ring", sets=sets)
