"""From names and options to the things themselves."""

import pytest
import torch

from detente.engine.combinators import Annealed, Lazily, unwrap
from detente.engine.regularizer import Regularizer
from detente.errors import PluginError, UsageError
from detente.plugins import Host, host
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin
from detente.recipe.components import BASES, Part, RegularizerPart, load_component
from detente.recipe.options import check
from detente.regularizers.r1 import R1
from detente.testing.probe import Linear, probe


def a_host(**targets: str) -> Host:
    """Regularizers of a plugin, by name."""
    origin = Origin("slips", "detente-slips", "2.0")
    entries = [Entry("regularizer", name, target, None, "", {}, origin) for name, target in targets.items()]
    return Host([Plugin(origin, "ok", tuple(entries))])


@pytest.mark.parametrize("kind", BASES)
def test_a_class_of_its_kind_is_loaded(kind) -> None:
    entry = host().entries(kind)[0]
    found = load_component(host(), kind, entry.name, entry.domain)
    assert issubclass(found, BASES[kind]) and found is entry.load()


def test_a_class_of_another_kind_is_the_plugins_fault() -> None:
    with pytest.raises(PluginError, match=r"^regularizer 'loss' of detente-slips .* not a subclass of Regularizer"):
        load_component(a_host(loss="detente.engine.objectives:Hinge"), "regularizer", "loss")


def test_a_name_that_nobody_declares_is_the_users_to_correct() -> None:
    with pytest.raises(UsageError, match=r"There is no regularizer 'emaa'\. Did you mean 'ema'\?"):
        load_component(a_host(ema="detente.regularizers.ema:EMA"), "regularizer", "emaa")


def test_a_part_makes_its_component_anew_at_every_call() -> None:
    part = Part(R1, check(R1, {"gamma": 3.0}))
    first, second = part.make(), part.make()
    assert first is not second and first.gamma == second.gamma == 3.0


def test_an_entry_of_a_recipe_is_taken_apart_into_name_kind_laziness_and_options() -> None:
    part = RegularizerPart.of(R1, "mine", {"kind": "r1", "every": 4, "gamma": 2.0})
    made = part.make()
    assert isinstance(made, Lazily) and made.every == 4 and unwrap(made).gamma == 2.0
    assert unwrap(made).name == "mine"
    assert isinstance(RegularizerPart.of(R1, "r1", {}).make(), R1), "nothing is wrapped around what is neither"


class OwnEvery(Regularizer):
    """Has an option of that name itself."""

    def __init__(self, every: int = 7) -> None:
        super().__init__()
        self.every = every


def test_an_every_of_the_constructor_is_the_regularizers_own() -> None:
    part = RegularizerPart.of(OwnEvery, "own-every", {"every": 3})
    made = part.make()
    assert isinstance(made, OwnEvery) and made.every == 3 and part.own_every and part.every is None


@pytest.mark.parametrize(("over", "updates", "halfway"), [(0.5, 100, 25), (1.0, 100, 50), (0.1, 1000, 50)])
def test_a_line_over_a_share_of_the_run_ends_at_that_share_of_the_players_updates(over, updates, halfway) -> None:
    part = RegularizerPart.of(R1, "r1", {"gamma": {"from": 2.0, "to": 0.0, "over": over}})
    made = part.make(updates=updates)
    assert isinstance(made, Annealed)
    critic = Linear(torch.tensor([1.0]))

    def penalty(t: int) -> float | None:
        value = made.penalty(probe(critic, torch.zeros(2, 1), torch.zeros(2, 1), t=t))
        return None if value is None else value.item()

    assert (penalty(0), penalty(halfway), penalty(2 * halfway)) == (1.0, 0.5, None)


def test_laziness_and_lines_combine() -> None:
    part = RegularizerPart.of(R1, "r1", {"every": 2, "gamma": {"from": 2.0, "to": 0.0, "over": 1.0}})
    made = part.make(updates=10)
    assert isinstance(made, Annealed) and isinstance(made.inner, Lazily) and made.inner.every == 2


def test_what_has_no_penalty_cannot_be_lazy() -> None:
    l2 = host().load("regularizer", "l2")
    with pytest.raises(UsageError, match=r"every=2 .*l2 has no penalty"):
        RegularizerPart.of(l2, "l2", {"every": 2}).make()
