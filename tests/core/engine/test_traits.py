"""A trait with a value that it cannot have, or with nearly the name of one, is refused where it is stated."""

from typing import Any

import pytest

from detente import regularizers
from detente.engine.chain import chain
from detente.engine.regularizer import TRAITS, Regularizer
from detente.errors import UsageError
from detente.regularizers import R1, Dropout


def stated(**traits: Any) -> type[Regularizer]:
    return type("Stranger", (Regularizer,), traits)


@pytest.mark.parametrize(
    ("traits", "said"),
    [
        ({"players": "generator"}, 'players is \'generator\', and should be some of "discriminator", "generator"'),
        ({"players": ("critic",)}, "players is ('critic',)"),
        ({"players": ()}, "players is ()"),
        ({"players": 3}, "players is 3"),
        ({"needs": "embed"}, "needs is 'embed', and should be a tuple of abilities, as in needs = (\"embed\",)."),
        ({"fixed": "gamma"}, "fixed is 'gamma', and should be a tuple of options"),
        ({"off": ["weight"]}, "off is ['weight'], and should be the options with their values"),
        ({"slope_target": "one"}, "slope_target is 'one', and should be a number, or None."),
        ({"slope_target": True}, "slope_target is True"),
        ({"slope_target": float("nan")}, "slope_target is nan"),
        ({"where": 3}, "where is 3, and should be a glob, a list of globs, or None."),
        ({"normalizes_batch": "no"}, "normalizes_batch is 'no', and should be True or False."),
        ({"normalises_batch": True}, "no trait of a regularizer. Did you mean 'normalizes_batch'?"),
        ({"bound_critic": True}, "bound_critic is no trait of a regularizer. Did you mean 'bounds_critic'?"),
        ({"mix_samples": True}, "Did you mean 'mixes_samples'?"),
        ({"slope_targets": 1.0}, "Did you mean 'slope_target'?"),
    ],
    ids=str,
)
def test_a_wrong_trait_is_named_with_what_it_should_be(traits: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        stated(**traits)
    assert str(refused.value).startswith("Stranger: ") and said in str(refused.value)


@pytest.mark.parametrize("off", [{"gama": 0}, {"weigth": 0.0, "gamma": 0}, {"self.gamma": 0}])
def test_an_option_that_it_is_off_at_is_one_of_its_own(off: dict[str, float]) -> None:
    def __init__(self: Regularizer, gamma: float = 1.0, weight: float = 1.0) -> None: ...

    with pytest.raises(UsageError, match=r"^Stranger: off has '[\w.]+', which is no option of it\."):
        stated(__init__=__init__, off=off)
    assert stated(__init__=__init__, off={"gamma": 0, "weight": 0.0}).off


@pytest.mark.parametrize(("trait", "value"), [("where", 7), ("needs", "embed"), ("slope_target", "1")])
def test_one_that_an_instance_states_is_refused_in_a_chain(trait: str, value: Any) -> None:
    one = Dropout()
    setattr(one, trait, value)
    with pytest.raises(UsageError, match=f"^dropout: {trait} is {value!r}, and should be "):
        chain(R1(), one)


def test_what_is_right_or_none_of_our_business_is_taken() -> None:
    fine = stated(
        players=["generator"],
        needs=[],
        slope_target=1,
        where=["a*", "not b"],
        averages=True,
        drops_units=property(lambda self: True),
        patience=True,
        batch_first=True,
        _normalises_batch=True,
    )
    assert chain(fine()).links[0].drops_units
    assert {"players", "name"} < TRAITS.keys() == Regularizer.__annotations__.keys()
    assert len(regularizers.__all__) > 40  # all of which were made under these rules
