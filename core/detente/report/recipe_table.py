"""What was trained, once: the recipe of the reference arm, and by what the others differ from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detente.recipe.document import dump
from detente.recipe.keys import flat
from detente.results.cells import Arm
from detente.results.study import Study

_ABSENT = object()


@dataclass(frozen=True)
class Recipes:
    """The recipes of a domain.

    Attributes:
        arm: whose recipe stands in full.
        text: that recipe.
        differences: of each other arm, one line per entry that differs: `key: value`, or `no key`.
    """

    domain: str
    arm: Arm
    text: str
    differences: Sequence[tuple[Arm, Sequence[str]]]


def recipes_of(study: Study, domain: str) -> Recipes | None:
    """Those of a domain; None where the study's file has none of them."""
    found = study.recipes(domain)
    if not found:
        return None
    arm = study.against if study.against in found else next(iter(found))
    whole = found[arm]
    others = [(other, differing(whole, recipe)) for other, recipe in found.items() if other != arm]
    return Recipes(domain, arm, dump(whole), others)


def differing(base: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The entries of a recipe that another one lacks or has otherwise, as lines of dotted keys."""
    a, b = flat(base), flat(other)
    lines: list[str] = []
    for key in dict.fromkeys([*b, *a]):
        here, there = b.get(key, _ABSENT), a.get(key, _ABSENT)
        if here is _ABSENT:
            if not any(k.startswith(f"{key}.") for k in b):  # `regularizers: {}` beside some is no difference
                lines.append(f"no {key}")
        elif here is not there and here != there:
            lines.append(f"{key}: {_value(here)}")
    return lines


def _value(value: Any) -> str:
    """A value as YAML has it on a line."""
    text = dump({"_": value}).strip()
    return text.removeprefix("{_:").removesuffix("}").strip() if text.startswith("{_:") else text[2:].strip()
