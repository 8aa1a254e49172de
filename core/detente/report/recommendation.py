"""What a selection says in the end: what to use and how sure that is, and how to be surer."""

from detente.errors import typed
from detente.report.page import between, p_value, signed
from detente.results.cells import NONE
from detente.results.choice import Choice
from detente.results.needed import MOST, pairs_for
from detente.results.selection import FRESH, Selection, Test
from detente.results.statistics import ALPHA

_TWICE = 2
_NAMED = 8  # candidates of a sentence


def sentence(choice: Choice, selection: Selection | None = None) -> str:
    """The recommendation with its uncertainty."""
    found, domain = selection or choice.selection, choice.domain
    if found is None:
        return "Not finished: no run has been timed yet."
    if found.test is None:
        return _open(choice, found)
    test, arm = found.test, choice.tried[found.asks[-1].arms[0]].text
    if test.mean is None or test.p is None:
        return f"No recommendation for {domain}: no fresh block has a score of both “{arm}” and “{NONE}”."
    n, p = len(test.differences), p_value(test.p)
    blocks = f"{_after(choice)}on {n} fresh block{'s' if n > 1 else ''}"
    if test.verdict == "improves":
        ahead = f"it scores {_by(test)} above “{NONE}”"
        return f"Use “{arm}” for {domain}: {blocks} {ahead}, an improvement (exact one-sided p {p})."
    if test.verdict == "best guess":
        ahead = f"it scores {_by(test)} above “{NONE}”"
        why = f"which is not shown to be more than chance (exact one-sided p {p}; an improvement needs {ALPHA:g})"
        return f"Best guess for {domain}: “{arm}”; {blocks} {ahead}, {why}.".replace("0.05)", ".05)")
    behind = f"scores {_by(test)} below it" if test.mean < 0 else "scores exactly as high"
    return (
        f"Use no regularizer for {domain}: “{arm}”, the best of {len(choice.tried)} candidates in the search, {behind} "
        f"{blocks}."
    )


def surer(choice: Choice, selection: Selection | None = None) -> tuple[str, str]:
    """How to get more certainty: a sentence that ends in a colon, and the command."""
    found = selection or choice.selection
    if found is None or found.test is None:
        return "To go on:", typed("detente", "resume", choice.folder)
    if found.test.verdict == "none" or found.test.mean is None:
        return "To search further, with twice the budget and other fresh blocks:", larger(choice)
    wanted = pairs_for(found.test.differences)
    if wanted is not None and wanted > MOST:
        return (
            f"A difference as small as this would take more than {MOST:,} blocks to show, so look for a better one "
            "with twice the budget:",
            larger(choice),
        )
    turns = -(-max(wanted or 0, FRESH[0]) // choice.turn)
    why = "which shows a difference of this size in four of five cases" if wanted else "which says whether it holds"
    return (
        f"To be surer, compare the two on {turns * choice.turn} new blocks ({2 * turns * choice.turn} runs), {why}:",
        again(choice, found, turns),
    )


def ties(choice: Choice, selection: Selection | None = None) -> str:
    """Candidates that could not be told from the one that was chosen, in a sentence; empty where there is none."""
    found = selection or choice.selection
    if found is None or not found.ties or found.chosen is None:
        return ""
    names = [f"“{choice.tried[arm].text}”" for arm in found.ties]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (
        f"Not told apart from “{choice.tried[found.chosen].text}”, because their means in the search lie within its "
        f"interval or above: {', '.join(names[:_NAMED])}{more}."
    )


def again(choice: Choice, found: Selection, turns: int) -> str:
    """The command that compares the chosen arm with `none` on seeds that no run here had."""
    arm = choice.tried[found.asks[-1].arms[0]].text
    first = choice.seed(choice.turn * -(-found.fresh // choice.turn), fresh=True)
    words = ["detente", "compare", choice.domain, "--reg", NONE, "--reg", arm]
    words += ["--steps", str(choice.content["recipes"][NONE]["steps"])] if choice.whole_steps else []
    return typed(*words, *_vary(choice), "--seeds", f"{first}..{first + turns - 1}", *choice.content.get("asked", []))


def larger(choice: Choice) -> str:
    """The command that chooses with twice the budget."""
    seconds, cells = choice.content.get("budget"), choice.cells
    size = ["--budget", f"{_TWICE * seconds / 60:g}m"] if seconds else ["--cells", str(_TWICE * (cells or 0))]
    also = [word for text in choice.content.get("also", []) for word in ("--also", text)]
    return typed("detente", "choose", choice.domain, *size, *also, *_vary(choice), *choice.content.get("asked", []))


def _vary(choice: Choice) -> list[str]:
    """The settings, as they are typed."""
    keys = choice.settings[0].values if choice.settings else ()
    texts = [f"{key}={','.join(dict.fromkeys(one.values[key] for one in choice.settings))}" for key in keys]
    return [word for text in texts for word in ("--vary", text)]


def _after(choice: Choice) -> str:
    """After how many steps scores were taken, where all runs had as many: who is ahead early need not be so later."""
    steps = choice.content["recipes"][NONE].get("steps")
    varied = any("steps" in one.values for one in choice.settings)
    of = f" of the recipe's {choice.whole_steps:,}" if choice.whole_steps else ""
    return f"after {steps:,}{of} steps " if steps and not varied else ""


def _open(choice: Choice, found: Selection) -> str:
    if found.ask is None:
        return (
            f"No recommendation for {choice.domain}: every candidate is out, because a run of it or of “{NONE}” failed."
        )
    done = sum(choice.score(cell) is not None for cell, _ in choice.runs())
    if found.ask.fresh:
        ahead = f"“{choice.tried[found.ask.arms[0]].text}” is being tested on fresh blocks"
    elif found.asks:
        ahead = f"“{choice.tried[found.alive[0]].text}” is ahead in the search"
    else:
        ahead = "the first round is under way"
    return f"Not finished: {done} of {choice.cells} runs are done; {ahead}."


def _by(test: Test) -> str:
    mean = signed(abs(test.mean or 0.0)).lstrip("+±")
    if test.interval is None:
        return mean
    around = test.interval if (test.mean or 0) > 0 else (-test.interval.high, -test.interval.low)
    return f"{mean} ({between(around)})"
