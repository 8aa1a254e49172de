"""What an arm or a block sets of its own: `r1 with objective=wasserstein critic_steps=5`, `--vary "lr=/4,x1,x4"`.

A value is one of YAML as for `--set`, or relative to what the recipe would have without it: `x4` is four times that,
`/4` a quarter. `lr` stands for the learning rates of both players.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from detente.errors import UsageError
from detente.recipe.document import Key
from detente.recipe.overlay import ROLES

VARY = "--vary"
LR = "lr"
"""The key that stands for the learning rates of both players."""
RATES: tuple[Key, ...] = tuple((side, "optimizer", "lr") for side in ROLES)
_WITH = re.compile(r"(?:^|\s)with(?=\s|$)")
_NEXT = re.compile(r"[\s,]+(?=[A-Za-z][\w.-]*\s*=)")
_RELATIVE = re.compile(r"([x×/])\s*((?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)")


class Setting(NamedTuple):
    """One entry of the recipe, and who sets it to what, as it was typed."""

    key: Key
    text: str
    source: str


def pair(text: str, source: str) -> Setting:
    """`key=value`.

    Raises:
        UsageError: it is something else.
    """
    key, equals, value = text.partition("=")
    parts = tuple(part.strip() for part in key.split("."))
    if not equals or not all(parts):
        raise UsageError(f"{source}: {text!r} should be key=value, such as steps=500 or model.width=32.")
    # Blanks before the `=` say that those behind it are layout too.
    return Setting(parts, value.strip() if key != key.rstrip() else value, source)


def divided(text: str, source: str) -> tuple[str, list[Setting]]:
    """An arm's chain, and the settings behind its `with`; none where there is no `with`.

    Raises:
        UsageError: one of the two is missing, or a setting is malformed or given twice.
    """
    found = next(
        (m for m in _WITH.finditer(text) if text[: m.start()].count("(") == text[: m.start()].count(")")), None
    )
    if found is None:
        return text, []
    chain, rest = text[: found.start()].strip(), text[found.end() :].strip()
    if not chain:
        raise UsageError(f"{source}: {text!r} has no regularizers before 'with'; write none with {rest}.".rstrip())
    if not rest:
        raise UsageError(f"{source}: {text!r} has nothing after 'with'; add a setting such as critic_steps=5.")
    settings = [pair(part, f"{source}: {text!r}") for part in _NEXT.split(rest)]
    keys = [setting.key for setting in settings]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise UsageError(f"{source}: {text!r} sets {'.'.join(twice)} twice; remove one.")
    return chain, [Setting(key, value.strip(), source) for key, value, _ in settings]


def arms(texts: Sequence[str], source: str) -> tuple[list[str], list[Setting]]:
    """The chains of several texts, and the settings of all of them."""
    parts = [divided(text, source) for text in texts]
    return [chain for chain, _ in parts], [setting for _, own in parts for setting in own]


def factor(text: str) -> float | None:
    """4 for `x4`, a quarter for `/4`, None for what is not relative, and for a factor of 0."""
    match = _RELATIVE.fullmatch(text.strip())
    if match is None or float(match[2]) == 0:
        return None
    return 1 / float(match[2]) if match[1] == "/" else float(match[2])


def spread(settings: Iterable[Setting]) -> list[Setting]:
    """With the keys that short ones stand for.

    Raises:
        UsageError: the learning rates of both players are set to one number, which may not be meant.
    """
    found: list[Setting] = []
    for one in settings:
        if one.key != (LR,):
            found.append(one)
        elif factor(one.text) is None:
            raise UsageError(
                f"{one.source}: lr={one.text}: lr multiplies both players' learning rates; write lr=x2 or lr=/2, or "
                f"name one rate: generator.optimizer.lr={one.text}."
            )
        else:
            found += [Setting(key, one.text, one.source) for key in RATES]
    return found


def multiplied(setting: Setting, now: Any) -> Setting:
    """A relative setting as an absolute one, for the value that stands there now; text stays as it is.

    Of a schedule both ends are multiplied.

    Raises:
        UsageError: there is no number to multiply.
    """
    times = factor(setting.text)
    if times is None or isinstance(now, str):
        return setting
    if isinstance(now, Mapping) and all(_is_number(now.get(end)) for end in ("from", "to")):
        ends = {end: now[end] * times for end in ("from", "to")}
        return setting._replace(text=json.dumps({**now, **ends}))
    if isinstance(now, Mapping) or not _is_number(now):
        raise UsageError(
            f"{setting.source}: {'.'.join(setting.key)}: is {'not set' if now is None else now}, so {setting.text} has "
            "no number to multiply; give the value itself."
        )
    value = now * times
    if isinstance(now, int) and value == round(value):
        value = round(value)
    return setting._replace(text=repr(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def standing(recipe: Mapping[str, Any], key: Key) -> Any:
    """What plain data have at a key; None where they have nothing."""
    node: Any = recipe
    for part in key:
        node = node.get(part) if isinstance(node, Mapping) else None
    return node
