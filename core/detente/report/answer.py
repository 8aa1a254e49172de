"""The question of a study and its answer, in sentences."""

from collections.abc import Sequence

from detente.report.page import signed
from detente.report.sentences import listed
from detente.results import statistics
from detente.results.cells import Arm
from detente.results.comparisons import Comparison
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.verdicts import Verdicts

ABOUT = (
    "Differences are of scores with the same seed where neither run broke down, that is, diverged or scored 0; "
    "breakdowns are compared apart, and a rate of them that these seeds did not show remains possible."
)
_MOST = 4  # arms whose verdicts stand in the answer; the table has all


def title(study: Study) -> str:
    """The name of the page."""
    return f"{listed([a.text for a in study.arms], 4, 'arms')} on {listed(study.domains, 4, 'domains')}"


def question(study: Study) -> str:
    """What the study asks."""
    others, against = [arm.text for arm in study.others], study.against.text
    where = listed(study.domains, 4, "domains")
    if not others:
        return f"How good is “{against}” on {where}?"
    if len(others) == 1:
        return f"Does {others[0]} improve on “{against}” on {where}?"
    which = "either" if len(others) == 2 else "any"
    return f"Does {which} of {listed(others, 6, 'regularizers', 'and')} improve on “{against}” on {where}?"


def answer(study: Study, verdicts: Verdicts) -> list[str]:
    """The verdict first, with its uncertainty, and then what the seeds cannot support."""
    if not verdicts.complete:
        return [
            f"Unfinished: {verdicts.ended} of {verdicts.runs} runs have ended. There is no verdict before all have."
        ]
    if len(study.seeds) == 1:
        return [statistics.limits(1, 1)]
    if not verdicts.comparisons:
        return [f"No verdict: “{study.against.text}” is the only arm."]
    if not verdicts.pairs:
        return [f"No verdict: no arm has a score that can be paired with one of “{study.against.text}”."]
    limits = [text] if (text := verdicts.limits) else []
    dumb = [d for d in study.domains if not any(c.differences for c in verdicts.comparisons if c.domain == d)]
    if dumb:
        limits.append(
            f"Nothing can be said about {listed(dumb, 6, 'domains')}: no pair of runs there has scaled scores."
        )
    if statistics.smallest_p(verdicts.pairs) > statistics.ALPHA:
        return [f"No verdict: {verdicts.limits}", *limits[1:]]
    arms = {arm: [c for c in verdicts.comparisons if c.arm == arm] for arm in study.arms}
    found = {arm: own for arm, own in arms.items() if any(map(_says, own))}
    if not found:
        which = "the arm does not differ" if len(study.arms) == 2 else "no arm differs"
        return [
            f"With {verdicts.pairs} {study.pair_word}s nothing is significant: {which} significantly from "
            f"“{study.against.text}”. This does not mean that there is no difference.",
            *_untested(verdicts),
            *limits,
        ]
    sentences = [_verdict(own, len(study.domains)) for own in _sorted(found)]
    sentences[0] = f"With {verdicts.pairs} {study.pair_word}s {sentences[0]}"
    more = len(sentences) - _MOST
    have = "arm has" if more == 1 else "arms have"
    rest = [f"{more} more {have} a verdict; see the table below."] if more > 0 else []
    silent = [arm.text for arm in arms if arm not in found and any(c.contrast.pairs for c in arms[arm])]
    if silent:
        rest.append(f"Undecided in all domains: {listed([f'“{name}”' for name in silent], 6, 'arms')}.")
    return [*sentences[:_MOST], *rest, ABOUT, *_untested(verdicts), *limits]


def status(outcomes: Sequence[Outcome]) -> str:
    """How many runs finished, diverged or failed."""
    counts = {status: sum(o.status == status for o in outcomes) for status in ("finished", "diverged", "failed")}
    open_ = len(outcomes) - sum(counts.values())
    text = f"{counts['finished']} of {len(outcomes)} runs finished"
    if unscored := sum(outcome.unscored for outcome in outcomes):
        text += f", {unscored} of them without a score that could be measured (left out of the comparison)"
    if counts["diverged"]:
        text += f", {counts['diverged']} diverged (counted with score 0)"
    if counts["failed"]:
        text += f", {counts['failed']} failed (left out of the means)"
    return text + (f"; {open_} not finished yet: this is the report of an unfinished study." if open_ else ".")


def _sorted(found: dict[Arm, list[Comparison]]) -> list[list[Comparison]]:
    """Those that help in most domains first."""
    return sorted(found.values(), key=lambda own: -sum(c.claimed * (1 + abs(c.mean or 0)) for c in own))


def _says(c: Comparison) -> bool:
    """Whether there is anything to claim."""
    return bool(c.contrast.better or c.contrast.steadier or c.claimed)


def _untested(verdicts: Verdicts) -> list[str]:
    """Arms without a pair, which nothing is said of."""
    names = [f"“{c.arm.text}” on {c.domain}" for c in verdicts.comparisons if not c.contrast.pairs]
    return [f"Not tested, for want of scores: {listed(names, 6, 'comparisons')}."] if names else []


def _verdict(own: Sequence[Comparison], domains: int) -> str:
    """An arm in a sentence: domains in which it is better, is worse, and breaks down more or less often."""
    parts: list[str] = []
    for sign, words in ((1, "improves on"), (-1, "is worse than")):
        if claimed := [c for c in own if c.claimed == sign]:
            parts.append(f"{words} “{claimed[0].against.text}” {_where(claimed, domains)}")
    parts += [_apart(c) for c in own if _says(c) and not c.claimed]
    open_ = [c.domain for c in own if not _says(c) and c.contrast.pairs]
    undecided = f"; {listed(open_, 6, 'domains')} {'is' if len(open_) == 1 else 'are'} undecided" if open_ else ""
    return f"“{own[0].arm.text}” {', and '.join(parts)}{undecided}."


def _where(claimed: Sequence[Comparison], domains: int) -> str:
    several = f"in {len(claimed)} of {domains} domains, " if domains > 1 else ""
    return several + ", ".join(f"on {c.domain} {_by(c)}" for c in claimed)


def _by(c: Comparison) -> str:
    """How large a claimed difference is, and the breakdowns that belong to it."""
    found = c.contrast
    own, other = found.broken
    parts = [f"{_between(c)}{_sound(c)}"] if found.better else []
    if found.steadier or not found.better:
        parts.append(f"broke down in {own} of {found.pairs} runs, “{c.against.text}” in {other}")
    if not found.better and not found.steadier:
        parts.append(f"{'above' if c.claimed > 0 else 'below'} with {max(found.ahead)} of {found.pairs}")
    if not found.better and c.mean is not None:
        parts.append(f"{signed(c.mean)} elsewhere, {_between(c)}")
    return (f"by {abs(c.mean or 0):.2f} " if found.better else "") + f"({'; '.join(parts)})"


def _apart(c: Comparison) -> str:
    """A claim about one part alone, or about both where they contradict each other."""
    own, other = c.contrast.broken
    parts: list[str] = []
    if c.contrast.better:
        more = "higher" if c.contrast.better > 0 else "lower"
        parts.append(f"scores {more} by {abs(c.mean or 0):.2f} where neither breaks down ({_between(c)}{_sound(c)})")
    if c.contrast.steadier:
        less = "less" if c.contrast.steadier > 0 else "more"
        parts.append(f"breaks down {less} often (in {own} of {c.contrast.pairs} runs, “{c.against.text}” in {other})")
    return f"on {c.domain} {' but '.join(parts)}"


def _sound(c: Comparison) -> str:
    """Of how many pairs a difference is, where breakdowns took some."""
    sound, pairs = len(c.contrast.sound), c.contrast.pairs
    return f", {sound} of {pairs} pairs" if sound < pairs else ""


def _between(c: Comparison) -> str:
    if c.interval is None:
        few = len(c.contrast.sound) < 2
        return "one seed, no interval" if few else "the same with every seed, no interval"
    low, high = c.interval
    if not c.contrast.better:
        return f".95 interval {signed(low)} to {signed(high)}"
    low, high = sorted((abs(low), abs(high)))
    return f".95 interval {low:.2f} to {high:.2f}"
