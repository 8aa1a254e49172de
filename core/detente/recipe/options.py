"""A constructor's signature defines a component's options: names, types and defaults."""

import inspect
import json
import logging
import types
import typing
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from detente.errors import did_you_mean, tell_renamed
from detente.recipe.ramps import RampOption, is_ramp, read_ramp

_log = logging.getLogger(__name__)

REQUIRED = inspect.Parameter.empty
_PLAIN = {
    float: "a number",
    int: "an integer",
    bool: "true or false",
    str: "text",
    type(None): "null",
    Path: "a path",
}


@dataclass(frozen=True, slots=True)
class Option:
    """One argument of a constructor.

    Attributes:
        name: its name.
        type: its annotation, resolved; `Any` where there is none.
        default: its default, or `REQUIRED`.
    """

    name: str
    type: Any
    default: Any = REQUIRED

    @property
    def required(self) -> bool:
        """Whether there is no default."""
        return self.default is REQUIRED

    @property
    def type_name(self) -> str:
        """The annotation as a programmer writes it."""
        return inspect.formatannotation(self.type).replace("typing.", "")


@cache
def options_of(target: Callable[..., Any]) -> tuple[Option, ...]:
    """The named arguments of a class or function, in order; `*args` and `**kwargs` are no options."""
    try:
        parameters = inspect.signature(target).parameters.values()
    except (TypeError, ValueError):  # some built-ins do not tell
        return ()
    function = target.__init__ if isinstance(target, type) else target
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception:  # a name that exists for type checkers alone: such options are not checked
        hints = {}
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(Option(p.name, hints.get(p.name, Any), p.default) for p in parameters if p.kind in named)


@dataclass
class Checked:
    """What became of the options that a recipe gives.

    Attributes:
        arguments: what to call the constructor with; an option with a schedule stands at its start.
        plain: every option with its value, as a resolved recipe writes it.
        lines: the schedules; `betas.1` is that of the second number of `betas`.
        problems: per option, what is wrong with it.
    """

    arguments: dict[str, Any] = field(default_factory=dict)
    plain: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, RampOption] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)


def check(
    target: Callable[..., Any], given: Mapping[str, Any], anneal: bool = False, reserved: tuple[str, ...] = ()
) -> Checked:
    """Compare options with a signature.

    Args:
        target: the class or function that takes them. It may say in `renamed` what its options were called until the
            last release: {old: new}.
        given: the options of a recipe.
        anneal: whether a number may have a schedule, `{from: 1, to: 0, over: 0.5}`.
        reserved: words that the caller understands besides, for suggestions.
    """
    options = {option.name: option for option in options_of(target)}
    # A function that makes components may say it too, and need not.
    typed = {new: old for old, new in getattr(target, "renamed", {}).items() if old in given and new not in given}
    given = _current(given, typed)
    out = Checked()
    for name in given:
        if name not in options:
            hint = did_you_mean(name, [*options, *reserved])
            known = ", ".join(options) or "none"
            out.problems.append((name, f"unknown option.{hint or f' Available: {known}.'}"))
    for name, option in options.items():
        if name not in given:
            if option.required:
                out.problems.append((name, f"is required: {_expected(option.type)}."))
            else:
                _fill(option, out)
        elif anneal and is_ramp(given[name]):
            _ramp(option, given[name], out)
        elif anneal and isinstance(given[name], list | tuple) and any(map(is_ramp, given[name])):
            _ramps_in(option, given[name], out)
        else:
            _value(option, given[name], out)
    # A problem stands at the name that was typed: there its source is found.
    parts = [(name.partition("."), text) for name, text in out.problems]
    out.problems = [(f"{typed.get(name, name)}{dot}{rest}", text) for (name, dot, rest), text in parts]
    return out


def _current(given: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """The options under the names that they have now, in their order; a warning for each that was `typed` otherwise."""
    for new, old in typed.items():
        tell_renamed(_log, "option", old, new)
    now = {old: new for new, old in typed.items()}
    return {now.get(name, name): value for name, value in given.items()}


def _fill(option: Option, out: Checked) -> None:
    plain = _default(option)
    if plain is not REQUIRED:  # a default that YAML cannot express is left to the constructor
        out.plain[option.name] = plain


def _default(option: Option) -> Any:
    """The default as plain data; REQUIRED where there is none or it has no such form."""
    if option.required:
        return REQUIRED
    try:
        with warnings.catch_warnings():
            # An annotation that does not cover the default (`x: str = None`) is a plugin's slip, not the user's.
            warnings.simplefilter("ignore")
            return _adapter(option.type).dump_python(option.default, mode="json")
    except Exception:
        return REQUIRED


def _value(option: Option, value: Any, out: Checked) -> None:
    default = _default(option)
    if type(value) is type(default) and value == default:
        out.arguments[option.name], out.plain[option.name] = option.default, value
        return
    try:
        out.arguments[option.name], out.plain[option.name] = read(option.type, value)
    except ValueError as error:
        out.problems.append((option.name, str(error)))


def _ramp(option: Option, value: Mapping[str, Any], out: Checked) -> None:
    ramp, problems = read_ramp(option.type, value, read)
    out.problems += [(f"{option.name}.{part}" if part else option.name, text) for part, text in problems]
    if ramp is not None:
        out.arguments[option.name], out.lines[option.name], out.plain[option.name] = ramp.start, ramp, ramp.plain()


def _ramps_in(option: Option, values: Sequence[Any], out: Checked) -> None:
    """Schedules among the numbers of a list, such as the second of `betas`."""
    types = typing.get_args(option.type)
    found: dict[int, RampOption] = {}
    for i, value in enumerate(values):
        if is_ramp(value):
            ramp, problems = read_ramp(types[i] if i < len(types) else float, value, read)
            out.problems += [(f"{option.name}.{i}" + (f".{part}" if part else ""), text) for part, text in problems]
            found |= {} if ramp is None else {i: ramp}
    if len(found) == sum(map(is_ramp, values)):
        _value(option, [found[i].start if i in found else value for i, value in enumerate(values)], out)
        if option.name in out.plain:
            out.lines |= {f"{option.name}.{i}": ramp for i, ramp in found.items()}
            plain = out.plain[option.name]
            out.plain[option.name] = [found[i].plain() if i in found else value for i, value in enumerate(plain)]


def read(annotation: Any, value: Any) -> tuple[Any, Any]:
    """A plain value as the annotation has it, and the same as plain data again.

    Raises:
        ValueError: it does not fit; says what would.
    """
    from pydantic import ValidationError  # `detente plugins` lists options without it

    adapter = _adapter(annotation)
    try:
        if any("\ud800" <= c <= "\udfff" for c in json.dumps(value, default=str, ensure_ascii=False)):
            # The name of a file need not be UTF-8, which pydantic's JSON knows nothing of. It is no number either.
            return adapter.validate_python(value), value
        # JSON has the types of a recipe, so strict reading takes a list for a tuple but never text for a number.
        found = adapter.validate_json(json.dumps(value, default=str), strict=True)
    except ValidationError as error:
        raise ValueError(sentence(annotation, value, error.errors(include_url=False))) from None
    return found, adapter.dump_python(found, mode="json")


def sentence(annotation: Any, value: Any, errors: list[Any]) -> str:
    """What was expected and what came, from pydantic's findings about one value."""
    first = errors[0]
    if len(errors) > 1 or first["type"].endswith(("_type", "_parsing")) or first["type"] in ("missing", "too_long"):
        return f"should be {_expected(annotation)}, but is {shorten(value)}."
    came = f"has {shorten(first['input'])} in it" if first["loc"] else f"is {shorten(value)}"
    hint = ""
    if first["type"] == "literal_error" and isinstance(value, str):
        hint = did_you_mean(value, [str(a) for a in typing.get_args(annotation)])
    return f"{lower(first['msg'])}, but {came}.{hint}"


def lower(message: str) -> str:
    """A message of pydantic's as the rest of a sentence that began with a key."""
    message = message.removeprefix("Value error, ").removeprefix("Input ")
    return message[:1].lower() + message[1:]


def shorten(value: Any) -> str:
    """A value for a sentence."""
    text = {None: "null", True: "true", False: "false"}.get(value) if value is None or isinstance(value, bool) else None
    text = text or repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _expected(annotation: Any) -> str:
    """A type in words."""
    origin, of = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if origin is typing.Annotated:
        return _expected(of[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(map(_expected, of))
    if origin is typing.Literal:
        return " or ".join(map(repr, of))
    if origin is tuple and ... not in of:
        return f"[{', '.join(map(_expected, of))}]"
    if origin in (list, tuple):
        return f"a list, each {_expected(of[0])}"
    return inspect.formatannotation(annotation).replace("typing.", "")


@cache
def _adapter(annotation: Any) -> Any:
    from pydantic import ConfigDict, TypeAdapter
    from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

    try:
        return TypeAdapter(annotation)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        try:
            return TypeAdapter(annotation, config=ConfigDict(arbitrary_types_allowed=True))
        except Exception:  # what pydantic knows nothing about is the constructor's to check
            return TypeAdapter(Any)
