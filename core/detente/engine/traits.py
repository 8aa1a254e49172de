"""The traits of a regularizer, checked where they are stated: one that is misspelt would claim nothing, in silence."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from detente.errors import UsageError, did_you_mean

PLAYERS = ("discriminator", "generator", "both")


def _words(value: Any) -> bool:
    return isinstance(value, tuple | list) and all(isinstance(word, str) for word in value)


def _globs(value: Any) -> bool:
    return value is None or isinstance(value, str) or _words(value)


def _number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value))


_KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "players": (
        lambda value: _words(value) and bool(value) and set(value) <= set(PLAYERS),
        'some of "discriminator", "generator" and "both", as in players = ("generator",)',
    ),
    "needs": (_words, 'a tuple of abilities, as in needs = ("embed",)'),
    "fixed": (_words, 'a tuple of options, as in fixed = ("momentum",)'),
    "off": (
        lambda value: value is None or isinstance(value, Mapping),
        'the options with their values, as {"gamma": 0}',
    ),
    "where": (_globs, "a glob, a list of globs, or None"),
    "slope_target": (_number, "a number, or None"),
    "name": (lambda value: isinstance(value, str), "text"),
}
_FLAG = (lambda value: isinstance(value, int), "True or False")


def check_traits(owner: str, stated: Mapping[str, Any], traits: Mapping[str, Any]) -> None:
    """Compare the traits that a class or an instance states with what they can be.

    Args:
        owner: what states them, for the error.
        stated: its attributes; what computes a trait, such as a property, is not looked at.
        traits: every trait with its type.

    Raises:
        UsageError: one has a value that it cannot have, or an attribute has nearly the name of one.
    """
    for name, value in stated.items():
        if name.startswith("_") or hasattr(value, "__get__"):
            continue
        if name in traits:
            fits, kind = _KINDS.get(name, _FLAG)
            if not fits(value):
                raise UsageError(f"{owner}: {name} is {value!r}, and should be {kind}.")
        elif "_" in name and (isinstance(value, bool) or name.startswith("slope")):
            flags = [trait for trait in traits if "_" in trait]
            if meant := did_you_mean(name, flags, 0.85):
                raise UsageError(f"{owner}: {name} is no trait of a regularizer.{meant}")


def options_in(init: Callable[..., None]) -> Sequence[str] | None:
    """The options that a constructor takes; None where it takes any."""
    parameters = inspect.signature(init).parameters
    return None if any(p.kind is p.VAR_KEYWORD for p in parameters.values()) else list(parameters)[1:]


def check_off(owner: str, off: Mapping[str, Any] | None, options: Sequence[str] | None) -> None:
    """Compare the options that switch a regularizer off with those that it has.

    Raises:
        UsageError: there is no such option, so it would never be off.
    """
    for name in off or {}:
        if options is not None and name not in options:
            raise UsageError(f"{owner}: off has {name!r}, which is no option of it.{did_you_mean(name, options)}")
