"""A time as a number of runs: turned into it once, by a run that was timed, so that no result depends on the load."""

import re
from collections.abc import Callable, Mapping, Sequence
from math import ceil
from typing import Any

from detente.domains.primary import Primary
from detente.errors import DetenteError, UsageError, visible_name
from detente.experiments.forecast import START
from detente.experiments.look import Look, looked
from detente.experiments.planning import seedless
from detente.plugins import Host
from detente.recipe.resolved import Resolved
from detente.results.cells import NONE
from detente.results.scores import Scaled
from detente.results.selection import fewest

DEARER = 1.3
"""What a run of a candidate takes on average, compared with one of `none`: penalties of gradients twice, most no more.
"""
MOST_CELLS = 5_000
FIRST_ANSWER = 60
"""Runs with which most of what can be gained is found: see docs/how-to/choose-with-a-budget.md."""
SHORTEST = 0.1
"""Runs are not made shorter than this share of the recipe's steps."""
_UNITS = {"h": 3600, "m": 60, "min": 60, "s": 1}
_TIME = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:h|min|m|s)\s*)+")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|min|m|s)")


def seconds_of(text: str) -> float:
    """The seconds of `30m`, `90s` or `1h30m`.

    Raises:
        UsageError: it is no such time.
    """
    if not _TIME.fullmatch(text.strip()):
        raise UsageError(
            f"--budget {visible_name(text)}: give a time such as 30m, 90s or 1h30m, or a number of runs with --cells."
        )
    found = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not found:
        raise UsageError(f"--budget {text}: is no time; give one such as 30m.")
    return found


def check_cells(cells: int, turn: int) -> None:
    """Whether so many runs can choose anything, in turns of so many settings.

    Raises:
        UsageError: they cannot, or are too many.
    """
    least, at = fewest(turn), f" at {turn} settings" if turn > 1 else ""
    if cells < least:
        raise UsageError(
            f"--cells {cells}: choosing takes {least} runs at least{at}: a first look, and the test on fresh blocks. "
            f"Use --cells {least} or more; 60 give a first answer, 120 a good one."
        )
    if cells > MOST_CELLS:
        raise UsageError(f"--cells {cells}: a selection has {MOST_CELLS:,} runs at most; use fewer.")


def cells_of(budget: float, seconds: float, at_once: int, turn: int) -> int:
    """How many runs a time buys.

    Args:
        budget: the time, in seconds.
        seconds: what a run of `none` takes.
        at_once: how many are trained at a time.
        turn: so many settings are gone through in turn.

    Raises:
        UsageError: too few to choose.
    """
    each = seconds * DEARER / at_once
    found, least = int(budget / each), fewest(turn)
    if found < least:
        raise UsageError(
            f"--budget: {_words(budget)} buy about {found} runs of {_words(seconds)}, {at_once} at a time, and "
            f"choosing takes {least}. Use --budget {int(least * each / 60) + 1}m or more, fewer --steps or more --jobs."
        )
    return min(found, MOST_CELLS)


def steps_within(budget: float, whole: int, seconds: Callable[[int], float], at_once: int) -> int:
    """How many steps runs may have for a time to buy a first answer: `whole` at most, `SHORTEST` of that at least.

    Args:
        budget: the time, in seconds.
        whole: the recipe's steps.
        seconds: what a run of `none` with so many steps takes.
        at_once: how many are trained at a time.
    """
    each = budget * at_once / (FIRST_ANSWER * DEARER)
    least = ceil(SHORTEST * whole)
    shortest, longest = seconds(least), seconds(whole)
    if longest <= each or least == whole:
        return whole
    found = least + (whole - least) * (each - shortest) / (longest - shortest)
    return max(least, int(float(f"{max(found, least):.1e}")))


def steps_given(
    flags: Mapping[str, Any] | None, sets: Sequence[str], recipe: Any, settings: Sequence[Mapping[str, str]]
) -> bool:
    """Whether a call says how many steps runs have, in a flag, a setting or a recipe of its own."""
    varied = any("steps" in values for values in settings)
    said = any(text.partition("=")[0].strip() == "steps" for text in sets)
    return recipe is not None or varied or said or (flags or {}).get("steps") is not None


def fitted(base: Resolved, primary: Primary, host: Host, budget: float, at_once: int) -> tuple[int, str]:
    """How many steps runs have within a time, and why they are not the recipe's; "" where they are.

    Args:
        base: the recipe of `none`.
        primary: what runs are compared by.
        host: the plugins.
        budget: the time, in seconds.
        at_once: how many are trained at a time.
    """
    recipe, plain = base.recipe, {**seedless(base), "seed": 0}
    found = looked(Look(recipe.domain, NONE, plain, resolved=base, measure=Scaled(primary)), host)
    if isinstance(found, DetenteError) or (pace := found.pace) is None:
        return recipe.steps, ""  # which is said where all candidates are looked at

    def seconds(steps: int) -> float:
        return START + pace.seconds(recipe.model_copy(update={"steps": steps}))

    steps = steps_within(budget, recipe.steps, seconds, at_once)
    return steps, _shortened(budget, recipe.steps, steps, seconds, at_once) if steps < recipe.steps else ""


def _shortened(budget: float, whole: int, steps: int, seconds: Callable[[int], float], at_once: int) -> str:
    """Why runs have fewer steps than the recipe's, in two sentences."""
    few, many = (int(budget * at_once / (seconds(n) * DEARER)) for n in (whole, steps))
    minutes = ceil(FIRST_ANSWER * DEARER * seconds(whole) / at_once / 60)
    return (
        f"Runs have {steps:,} of the recipe's {whole:,} steps: {_words(budget)} buy about {few} of that length and "
        f"{many} of this, and {FIRST_ANSWER} give a first answer. Who is ahead early need not be so later; for whole "
        f"runs: --steps {whole} --budget {minutes}m."
    )


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
