"""Every numeric option of every built-in component states its range, and Python and recipes refuse the same values."""

import inspect
import json
import math
import typing
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from pydantic import TypeAdapter

from detente.engine.options import Component, Count, Declared, NonNegative, Positive, Range, declared_options
from detente.errors import UsageError
from detente.plugins import host
from detente.recipe.options import check

COMPONENTS = {
    entry.target: entry.load()
    for kind in ("regularizer", "objective", "metric", "model", "data", "domain")
    for entry in host().entries(kind)
    if entry.target.startswith("detente.")
}
OPTIONS = [(cls, name, stated) for cls in COMPONENTS.values() for name, stated in declared_options(cls).items()]


def outside(stated: Declared) -> list[float]:
    r, step = stated.range, 1 if stated.whole else 1e-3
    bad = [] if stated.whole else [math.inf, -math.inf, math.nan]
    bad += [r.least - step] if r.least is not None else []
    bad += [r.most + step] if r.most is not None else []
    return bad + [edge for edge in (r.above, r.below) if edge is not None]


def numeric(hint) -> bool:
    parts = typing.get_args(hint)
    return hint in (int, float) or any(numeric(p) for p in parts if typing.get_origin(hint) is not typing.Literal)


@pytest.mark.parametrize("cls", COMPONENTS.values(), ids=lambda cls: cls.__name__)
def test_every_numeric_option_states_its_range(cls):
    hints = typing.get_type_hints(cls.__init__, include_extras=True)
    for name in inspect.signature(cls).parameters:
        said = name in declared_options(cls) or not numeric(hints.get(name))
        assert said, (
            f"{cls.__name__}: the option {name} is a number without a range; annotate it, as `{name}: Positive`"
        )


@pytest.mark.parametrize(("cls", "name", "stated"), OPTIONS, ids=lambda x: getattr(x, "__name__", str(x)))
def test_a_value_outside_its_range_is_refused_by_constructor_and_recipe(cls, name, stated):
    assert outside(stated)
    for value in outside(stated):
        with pytest.raises(UsageError, match=rf"{name}=\S+ should be"):
            cls(**{name: value})
        (problem,) = check(cls, {name: value}).problems
        assert problem[0] == name and problem[1].startswith("should be"), problem


class Strange(Component):
    def __init__(self, rate: Positive, size: Count = 2, *, reach: NonNegative | None = None, free: float = 0.0) -> None:
        self.given = rate, size, reach, free


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"rate": 0}, "strange: rate=0 should be above 0."),
        ({"rate": math.nan}, "strange: rate=nan should be a finite number."),
        ({"rate": np.float32("nan")}, "strange: rate=np.float32(nan) should be a finite number."),
        ({"rate": Fraction(-1, 2)}, "strange: rate=Fraction(-1, 2) should be above 0."),
        ({"rate": Decimal(1)}, "strange: rate=Decimal('1') should be a number above 0."),
        ({"rate": "x"}, "strange: rate='x' should be a number above 0."),
        ({"rate": True}, "strange: rate=True should be a number above 0."),
        ({"rate": 1, "size": 0}, "strange: size=0 should be 1 or more."),
        ({"rate": 1, "size": 1.5}, "strange: size=1.5 should be an integer of 1 or more."),
        ({"rate": 1, "reach": -1.0}, "strange: reach=-1.0 should be 0 or more."),
    ],
    ids=str,
)
def test_a_strangers_component_is_checked_by_its_annotations(given, sentence):
    with pytest.raises(UsageError) as error:
        Strange(**given)
    assert str(error.value) == sentence


@pytest.mark.parametrize("value", [10**400, -(10**400), 7 * 10**308])
def test_an_integer_that_no_number_can_hold_is_not_finite(value):
    for option in ("rate", "reach"):
        with pytest.raises(UsageError, match=f"^strange: {option}=-?[0-9]+ should be a finite number"):
            Strange(**{"rate": 1, option: value})


def test_an_option_that_is_one_of_a_few_words_is_checked_too():
    with pytest.raises(UsageError, match=r"gradient-penalty: points='mixx' should be 'mix' or 'real' or 'fake'\."):
        host().load("regularizer", "gradient-penalty")(points="mixx")


def test_what_states_no_range_is_left_to_the_constructor():
    assert Strange(1, 3, reach=None, free=-math.inf).given == (1, 3, None, -math.inf)
    with pytest.raises(TypeError, match="unexpected keyword"):
        Strange(1, speed=2)
    with pytest.raises(TypeError, match="takes no arguments"):
        type("Bare", (Component,), {})(1)


def test_the_json_schema_says_the_bounds():
    hint = typing.Annotated[float, Range(above=0, most=1)]
    assert TypeAdapter(hint).json_schema() == {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
    assert TypeAdapter(Count).json_schema() == {"type": "integer", "minimum": 1}
    assert TypeAdapter(hint).validate_json(json.dumps(1), strict=True) == 1.0
