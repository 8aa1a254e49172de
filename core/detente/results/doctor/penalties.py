"""Faults of regularizers: they do everything, or nothing."""

from collections.abc import Iterator

from detente.results.doctor.course import PLAYERS, Course, Points, finite, late, middle, since
from detente.results.doctor.diagnosis import Seen, rule

COEFFICIENTS = ("gamma", "weight", "lambda_", "coefficient")
"""The options that say how strong a penalty is, as the built-in ones call them."""


DOMINATES = 0.95


def dominated(c: Course, letter: str) -> bool:
    """Whether a regularizer makes nearly all of a player's gradient."""
    shares = (middle(late(points)) for own, _, points in _shares(c) if own == letter)
    return any(share is not None and share >= DOMINATES for share in shares)


@rule("penalty-dominates", above=DOMINATES)
def dominates(c: Course, threshold: float) -> Iterator[Seen]:
    """A regularizer makes nearly all of a player's gradient, so that hardly anything is left of the game."""
    for letter, name, points in _shares(c):
        now = middle(late(points))
        if now is None or now < threshold:
            continue
        known = finite(points)
        yield Seen(
            f"{name} dominates the {PLAYERS[letter]}: hardly anything of its gradient is the game's",
            since(known, [value >= threshold for _, value in known]),
            f"median share of {name} in the gradient in the second half",
            now,
            "Its coefficient is too large for these networks and data.",
            f"Lower it: `{c.again(*_scaled(c, letter, name, 0.01))}`.",
        )


@rule("penalty-dead", below=1e-6)
def dead(c: Course, threshold: float) -> Iterator[Seen]:
    """A penalty is there, and its part of the gradient is nothing."""
    for letter, name, points in _shares(c):
        known = finite(points)
        if not known or f"{letter}/{name}" not in c.names("terms"):
            continue
        most = max(value for _, value in known)
        if most > threshold:
            continue
        yield Seen(
            f"{name} has no effect on the {PLAYERS[letter]}",
            None,
            f"largest share of {name} in the gradient",
            most,
            "Its coefficient is so small that the run is that without it.",
            f"Raise it, or leave it out: `{c.again(*_usual(c, letter, name))}`.",
        )


@rule("clipped-away", below=1e-3)
def clipped_away(c: Course, threshold: float) -> Iterator[Seen]:
    """A regularizer leaves next to nothing of a player's gradient."""
    for letter, player in PLAYERS.items():
        for name in c.regularizers(letter):
            points = c.examined(f"{letter}/{name} left")
            now = middle(late(points))
            if now is None or now > threshold:
                continue
            known = finite(points)
            yield Seen(
                f"{name} cuts the gradient of the {player} down to next to nothing",
                since(known, [value <= threshold for _, value in known]),
                f"median of what {name} leaves of the norm",
                now,
                "Its bound is far below the usual norm of the gradient, which is then a sign without a size.",
                f"Leave it out, or raise the bound to that norm: `{c.again(*_usual(c, letter, name))}`.",
            )


def _shares(c: Course) -> Iterator[tuple[str, str, Points]]:
    for letter in PLAYERS:
        for name in c.regularizers(letter):
            yield letter, name, c.examined(f"{letter}/{name} share")


def _scaled(c: Course, letter: str, name: str, by: float) -> tuple[str, ...]:
    """The change of the recipe that multiplies a coefficient."""
    options = c.regularizers(letter).get(name) or {}
    key = next((k for k in COEFFICIENTS if isinstance(options.get(k), int | float)), None)
    if key is None:
        return ()
    return "--set", f"{PLAYERS[letter]}.regularizers.{name}.{key}={options[key] * by:.3g}"


def _usual(c: Course, letter: str, name: str) -> tuple[str, ...]:
    """The regularizer with its default options, the others of both players left out."""
    return "--reg", f"{letter.lower()}:{(c.regularizers(letter).get(name) or {}).get('kind', name)}"
