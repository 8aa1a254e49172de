"""The syntax of `--reg`: `d:spectral-norm+r1(gamma=1, every=4)+g:ema`."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from detente import plugins
from detente.errors import DetenteError, UsageError
from detente.plugins import Host
from detente.recipe.document import Key
from detente.recipe.values import annotation_of, value_of

SOURCE = "--reg"
_PREFIX = {
    "g": ("generator",),
    "d": ("discriminator",),
    "generator": ("generator",),
    "discriminator": ("discriminator",),
    "both": ("generator", "discriminator"),
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_CLOSE = {"(": ")", "[": "]", "{": "}"}
MOST_LINKS = 100
"""Regularizers of a chain."""


@dataclass(frozen=True)
class ParsedLink:
    """One regularizer of a chain as it was typed; `sides` is empty where no prefix says them."""

    kind: str
    sides: tuple[str, ...]
    options: dict[str, Any]
    name: str | None = None


@dataclass(frozen=True)
class Chains:
    """The two chains of a text, as a recipe writes them: instance name → options."""

    generator: dict[str, dict[str, Any]] = field(default_factory=dict)
    discriminator: dict[str, dict[str, Any]] = field(default_factory=dict)


def parse_arm(text: str | Sequence[str], host: Host | None = None) -> Chains:
    """Read one chain, or several that make one together.

    A regularizer without a prefix is put on the default player of its class. A second r1 on the same player is called
    `r1-2`; the option `name` gives another name.

    Raises:
        UsageError: the text is malformed, at a position that is named, or a regularizer is unknown.
        PluginError: a regularizer cannot be loaded.
    """
    host = host or plugins.host()
    texts = [text] if isinstance(text, str) else text
    arm: dict[str, dict[str, dict[str, Any]]] = {"generator": {}, "discriminator": {}}
    annotation = partial(annotation_of, "regularizer", host=host)
    for link in [link for part in texts for link in _Reader(part, annotation).links()]:
        kind = current(link.kind, host)
        sides = link.sides or _default_sides(kind, host)
        for side in sides:
            chain = arm[side]
            name = link.name or _free(kind, chain)
            if name in chain:
                raise UsageError(f"{SOURCE}: two regularizers of the {side} are called {name!r}; rename one of them.")
            chain[name] = dict(link.options) if name == kind else {"kind": kind, **link.options}
    return Chains(**arm)


def parse_links(text: str) -> list[ParsedLink]:
    """The links of a chain; none for `none`. Looks nothing up, so values are what they are in YAML.

    Raises:
        UsageError: the text is malformed; names the position.
    """
    return _Reader(text, lambda kind, name: Any).links()


def current(kind: str, host: Host) -> str:
    """The name that a regularizer has now, for one that it may have had before; an unknown one as it is."""
    try:
        return host.entry("regularizer", kind).name
    except DetenteError:  # the same comes up, with its place, when the regularizer is looked up
        return kind


def addressed(key: Key, chains: Mapping[str, Collection[str]], host: Host, source: str) -> Key | None:
    """The full key of one that begins with the name of a regularizer; None where no chain has one of that name.

    Args:
        key: as it was typed.
        chains: the names in each player's chain.
        host: knows what a name was before.
        source: where it was typed, for errors.

    Raises:
        UsageError: both players have one.
    """
    if not any(key[0] in chain for chain in chains.values()):
        key = (current(key[0], host), *key[1:])
    found = [(side, "regularizers", *key) for side, chain in chains.items() if key[0] in chain]
    if len(found) > 1:
        full = " or ".join(".".join(each) for each in found)
        raise UsageError(
            f"{source}: {'.'.join(key)}: both players have a regularizer called {key[0]!r}. Use the full key {full}."
        )
    return found[0] if found else None


def _free(kind: str, chain: dict[str, Any]) -> str:
    names = (kind if n == 1 else f"{kind}-{n}" for n in range(1, len(chain) + 2))
    return next(name for name in names if name not in chain)


def _default_sides(kind: str, host: Host) -> tuple[str, ...]:
    try:
        target = host.load("regularizer", kind)
    except DetenteError as error:
        raise type(error)(f"{SOURCE}: {error}") from error
    players = getattr(target, "players", ())  # a function that makes regularizers has none
    return _PREFIX.get(players[0] if players else "discriminator", ("discriminator",))


class _Reader:
    """Reads a text from left to right; `at` is the index of the next character.

    Args:
        text: the chain.
        annotation: of an option, for a regularizer's name and its own.
    """

    def __init__(self, text: str, annotation: Callable[[str, str], Any]) -> None:
        self.text, self.at, self.annotation = text, 0, annotation

    def links(self) -> list[ParsedLink]:
        if self.text.strip() == "none":
            return []
        found = [self._link()]
        while self._take("+"):
            found.append(self._link())
            if len(found) > MOST_LINKS:
                raise UsageError(f"{SOURCE}: {self.text!r} has more than {MOST_LINKS} regularizers; use fewer.")
        if self.at < len(self.text):
            raise self._unexpected("'+' or the end" if self.text[self.at - 1] == ")" else "'+', '(' or the end")
        if any(link.kind == "none" for link in found):
            raise UsageError(f"{SOURCE}: {self.text!r}: 'none' is the empty chain and cannot be combined.")
        return found

    def _link(self) -> ParsedLink:
        name = self._name("the name of a regularizer")
        sides: tuple[str, ...] = ()
        if self._take(":"):
            if name not in _PREFIX:
                raise self._error(f"has {name!r} before ':', where only g, d or both can stand,", self.at - 1)
            sides, name = _PREFIX[name], self._name("the name of a regularizer")
        start = self.at
        options = self._options(name) if self._take("(") else {}
        instance = options.pop("name", None)
        if instance is not None and not (isinstance(instance, str) and _NAME.fullmatch(instance)):
            raise self._error(f"gives {name} the name {instance!r}, which is not letters, digits, - and _,", start)
        return ParsedLink(name, sides, options, instance)

    def _options(self, kind: str) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if self._take(")"):
            return options
        while True:
            self._blank()
            start = self.at
            option = self._name("the name of an option")
            if option in options:
                raise self._error(f"gives {option!r} twice,", start)
            if not self._take("="):
                raise self._unexpected(f"'=' after {option!r}", missing="'='")
            start = self.at
            text = self.text[start : self._end_of_value()].strip()
            if not text:
                raise self._error(f"has no value for {option!r}", start)
            where = f"{SOURCE}: {self.text!r}: the value of {option!r} at character {start + 1}"
            options[option] = value_of(text, self.annotation(kind, option), where)
            if self._take(")"):
                return options
            if not self._take(","):
                raise self._unexpected("',' or ')'", missing="')'")

    def _end_of_value(self) -> int:
        """Move to the ',' or ')' that ends a value, over brackets and quotes inside it."""
        open_: list[str] = []
        while self.at < len(self.text):
            c = self.text[self.at]
            if c in "\"'":
                self._quoted(c)
                continue
            if c in _CLOSE:
                open_.append(_CLOSE[c])
            elif open_ and c == open_[-1]:
                open_.pop()
            elif c in ")]}" and (open_ or c != ")"):
                raise self._unexpected(f"{open_[-1]!r}" if open_ else "',' or ')'")
            elif c in ",)" and not open_:
                break
            self.at += 1
        if open_:
            raise self._error(f"is missing {open_[-1]!r}", len(self.text) - 1)
        return self.at

    def _quoted(self, quote: str) -> None:
        start = self.at
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != quote:
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        if self.at >= len(self.text):
            raise self._error(f"does not close the {quote} that opens", start)
        self.at += 1

    def _name(self, what: str) -> str:
        self._blank()
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise self._unexpected(what)
        self.at = match.end()
        return match.group()

    def _take(self, character: str) -> bool:
        self._blank()
        if self.text.startswith(character, self.at):
            self.at += 1
            return True
        return False

    def _blank(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _unexpected(self, wanted: str, missing: str | None = None) -> UsageError:
        if self.at >= len(self.text):
            return self._error(f"is missing {missing or wanted}", len(self.text) - 1)
        return self._error(f"has {self.text[self.at]!r} instead of {wanted}", self.at)

    def _error(self, what: str, index: int) -> UsageError:
        """Characters are counted from 1, as people do."""
        return UsageError(f"{SOURCE}: {self.text!r} {what} at character {max(index, 0) + 1}")
