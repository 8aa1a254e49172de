"""What numbers an option may be: stated in its annotation, and checked there for recipes and for plain Python alike.

```python
def __init__(self, gamma: NonNegative = 10.0) -> None: ...
```

A component refuses anything else before its constructor runs; recipes and their JSON schema ask the same `Range`.
"""

import functools
import inspect
import logging
import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real
from typing import Annotated, Any, ClassVar, Self, TypeAlias

from detente.errors import UsageError, tell_renamed

_log = logging.getLogger(__name__)


def is_finite(value: Real | float) -> bool:
    """Whether a number is finite and small enough to be computed with: not an integer of four hundred digits."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


@dataclass(frozen=True, slots=True)
class Range:
    """A finite number between bounds, for use in `Annotated[float, …]` or `Annotated[int, …]`."""

    least: float | None = None
    """The smallest that is allowed."""
    above: float | None = None
    """Allowed is what is larger than this."""
    most: float | None = None
    """The largest that is allowed."""
    below: float | None = None
    """Allowed is what is smaller than this."""

    def __contains__(self, value: float) -> bool:
        return (
            is_finite(value)
            and (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
            and (self.below is None or value < self.below)
        )

    def __str__(self) -> str:
        """The bounds in words, to follow "a number of" or "should be"; empty where there are none."""
        low = f"{self.least:g} or more" if self.least is not None else ""
        low = f"above {self.above:g}" if self.above is not None else low
        high = f"at most {self.most:g}" if self.most is not None else ""
        high = f"below {self.below:g}" if self.below is not None else high
        if self.least is not None and self.most is not None:
            return f"between {self.least:g} and {self.most:g}"
        return " and ".join(filter(None, (low, high)))

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        """The same bounds for pydantic, which asks when somebody reads the annotation with it."""
        schema = dict(handler(source))
        bounds = {"ge": self.least, "gt": self.above, "le": self.most, "lt": self.below}
        whole = schema["type"] == "int"
        schema |= {key: int(bound) if whole else bound for key, bound in bounds.items() if bound is not None}
        return schema if whole else schema | {"allow_inf_nan": False}


Finite: TypeAlias = Annotated[float, Range()]
"""Any number but ±∞ and NaN."""
Positive: TypeAlias = Annotated[float, Range(above=0)]
"""A number above 0."""
NonNegative: TypeAlias = Annotated[float, Range(least=0)]
"""A number of 0 or more."""
Probability: TypeAlias = Annotated[float, Range(least=0, most=1)]
"""0 ≤ p ≤ 1."""
Portion: TypeAlias = Annotated[float, Range(above=0, most=1)]
"""0 < p ≤ 1."""
Fraction: TypeAlias = Annotated[float, Range(least=0, below=1)]
"""0 ≤ p < 1."""
Count: TypeAlias = Annotated[int, Range(least=1)]
"""A whole number of 1 or more."""
Whole: TypeAlias = Annotated[int, Range(least=0)]
"""A whole number of 0 or more."""


def kebab(name: str) -> str:
    """A class's name as recipes and messages write it: `WeightClip` is weight-clip."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()


@dataclass(frozen=True, slots=True)
class Declared:
    """What an annotation says about a numeric option."""

    range: Range
    whole: bool
    alone: bool
    """Whether only such a number is allowed."""
    optional: bool = False
    """Whether None is, too."""

    def problem(self, value: Any) -> str | None:
        """What the value should be instead, to follow its name; None if it is allowed."""
        if value is None and self.optional:
            return None
        if not isinstance(value, Real) or isinstance(value, bool):
            return f"should be {self}" if self.alone else None
        if self.whole and not isinstance(value, Integral):
            return f"should be {self}"
        if not is_finite(value):
            return "should be a finite number"
        return None if float(value) in self.range else f"should be {self.range}"

    def __str__(self) -> str:
        kind, words = "an integer" if self.whole else "a number", str(self.range)
        return f"{kind} {'of ' if words[:1].isdigit() else ''}{words}" if words else kind


@dataclass(frozen=True, slots=True)
class Choices:
    """What an annotation says about an option that is one of a few words."""

    words: tuple[Any, ...]

    def problem(self, value: Any) -> str | None:
        """What the value should be instead, to follow its name; None if it is allowed."""
        return None if value in self.words else f"should be {' or '.join(map(repr, self.words))}"


def declared(annotation: Any) -> Declared | None:
    """The range that an annotation states, by itself or in a union (`Positive | None`); None if it states none."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kinds = typing.get_args(annotation)
        others = [kind for kind in kinds if declared(kind) is None]
        found = [d for d in map(declared, kinds) if d is not None]
        alone, optional = others == [types.NoneType], types.NoneType in others
        return Declared(found[0].range, found[0].whole, alone, optional) if found else None
    if typing.get_origin(annotation) is Annotated:
        kind, *notes = typing.get_args(annotation)
        found = [note for note in notes if isinstance(note, Range)]
        return Declared(found[0], kind is int, alone=True) if found else None
    return None


@cache
def declared_options(cls: type) -> Mapping[str, Declared]:
    """The numeric options of a class's constructor that state a range."""
    found = {name: declared(hint) for name, hint in _hints(cls).items()}
    return {name: d for name, d in found.items() if d is not None}


@cache
def _checked(cls: type) -> Mapping[str, Declared | Choices]:
    words = {n: Choices(typing.get_args(h)) for n, h in _hints(cls).items() if typing.get_origin(h) is typing.Literal}
    return {**declared_options(cls), **words}


def _hints(cls: type) -> Mapping[str, Any]:
    try:
        hints = typing.get_type_hints(cls.__init__, include_extras=True)
    except Exception:  # a name that exists for type checkers alone: such options are not checked
        return {}
    return {name: hint for name, hint in hints.items() if name != "return"}


def check_options(cls: type, args: Sequence[Any], options: Mapping[str, Any]) -> None:
    """Compare the arguments of a constructor with the ranges and words that it states.

    Raises:
        UsageError: naming the first that is outside its range, its value and what it should be.
    """
    stated = _checked(cls)
    try:
        given = inspect.signature(cls.__init__).bind_partial(None, *args, **options).arguments if stated else {}
    except TypeError:
        return  # the constructor itself will say which argument it does not know
    for name, value in given.items():
        if name in stated and (problem := stated[name].problem(value)):
            raise UsageError(f"{kebab(cls.__name__)}: {name}={value!r} {problem}.")


class Component:
    """Base of what recipes name: a constructor's arguments are in the ranges that its annotations state.

    Raises:
        UsageError: at construction, naming the option, its value and what it should be.
    """

    __slots__ = ()

    renamed: ClassVar[Mapping[str, str]] = {}
    """What its options were called until the last release, which still works: {old: new}."""

    def __new__(cls, *args: Any, **options: Any) -> Self:
        if args or options:
            if cls.__init__ is object.__init__:
                raise TypeError(f"{cls.__name__}() takes no arguments")
            check_options(cls, args, _current(cls, options))
        return super().__new__(cls)

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        if "__init__" in vars(cls) and cls.renamed:
            cls.__init__ = _by_old_names(cls, cls.__init__)


def _current(cls: type[Component], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options under the names that they have now."""
    now = {old: new for old, new in cls.renamed.items() if new not in options}
    return {now.get(name, name): value for name, value in options.items()}


def _by_old_names(cls: type[Component], init: Callable[..., None]) -> Callable[..., None]:
    """A constructor that takes renamed options by their old names too."""

    @functools.wraps(init)
    def taking(self: Component, *args: Any, **options: Any) -> None:
        current = _current(cls, options)
        for old in options.keys() - current.keys():
            tell_renamed(_log, "option", old, cls.renamed[old])
        init(self, *args, **current)

    return taking
