"""The question of a study and its answer, in sentences."""

from collections.abc import Sequence

from detente.results import statistics
from detente.results.cells import Arm
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.verdicts import Comparison, Verdicts

_MOST = 4  # arms whose verdicts stand in the answer; the table has all


def title(study: Study) -> str:
    """The name of the page."""
    return f"{listed([a.text for a in study.arms], 4, 'arms')} on {listed(study.domains, 4, 'domains')}"


def question(study: Study) -> str:
    """What the study asks."""
    others = [arm.text for arm in study.arms if arm != study.none]
    where = listed(study.domains, 4, "domains")
    if study.none is None or not others:
        verb = "is" if len(study.arms) == 1 else "are"
        return f"How good {verb} {listed([f'“{a.text}”' for a in study.arms], 6, 'arms')} on {where}?"
    if len(others) == 1:
        return f"Does {others[0]} improve on “none” on {where}?"
    which = "either" if len(others) == 2 else "any"
    return f"Does {which} of {listed(others, 6, 'regularizers', 'and')} improve on “none” on {where}?"


def answer(study: Study, verdicts: Verdicts) -> list[str]:
    """The verdict first, with its uncertainty, and then what the seeds cannot support."""
    if len(study.seeds) == 1:
        return [statistics.limits(1, 1)]
    if not verdicts.comparisons:
        return ["No verdict: there is no pair of an arm and “none” to compare."]
    if not verdicts.pairs:
        return ["No verdict yet: no arm has a run that can be paired with one of “none”."]
    limits = [text] if (text := verdicts.limits) else []
    if statistics.smallest_p(verdicts.pairs) > statistics.ALPHA:
        return [f"No verdict: {verdicts.limits}"]
    arms = {arm: [c for c in verdicts.comparisons if c.arm == arm] for arm in study.arms}
    found = {arm: own for arm, own in arms.items() if any(c.claimed for c in own)}
    if not found:
        which = "the arm does not differ" if len(study.arms) == 2 else "no arm differs"
        return [
            f"With {verdicts.pairs} seeds nothing is significant: {which} significantly from “none”. "
            "This does not mean that there is no difference.",
            *limits,
        ]
    sentences = [_verdict(own, len(study.domains)) for own in _sorted(found)]
    sentences[0] = f"With {verdicts.pairs} seeds {sentences[0]}"
    more = len(sentences) - _MOST
    rest = [f"{more} more arms have a verdict; see the table below."] if more > 0 else []
    silent = [arm.text for arm in study.arms if arm != study.none and arm not in found]
    if silent:
        rest.append(f"Undecided in all domains: {listed([f'“{name}”' for name in silent], 6, 'arms')}.")
    return [*sentences[:_MOST], *rest, *limits]


def status(outcomes: Sequence[Outcome]) -> str:
    """How many runs finished, diverged or failed."""
    counts = {status: sum(o.status == status for o in outcomes) for status in ("finished", "diverged", "failed")}
    open_ = len(outcomes) - sum(counts.values())
    text = f"{counts['finished']} of {len(outcomes)} runs finished"
    if counts["diverged"]:
        text += f", {counts['diverged']} diverged (counted with score 0)"
    if counts["failed"]:
        text += f", {counts['failed']} failed (left out of the means)"
    return text + (f"; {open_} not finished yet: this is the report of an unfinished study." if open_ else ".")


def listed(names: Sequence[str], most: int, what: str, last: str = "and") -> str:
    """Names in a sentence, or how many where they are too many."""
    if len(names) > most:
        return f"{len(names)} {what}"
    return f" {last} ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _sorted(found: dict[Arm, list[Comparison]]) -> list[list[Comparison]]:
    """Those that help in most domains first."""
    return sorted(found.values(), key=lambda own: -sum(c.claimed * (1 + abs(c.mean or 0)) for c in own))


def _verdict(own: Sequence[Comparison], domains: int) -> str:
    better, worse = [c for c in own if c.claimed > 0], [c for c in own if c.claimed < 0]
    open_ = [c.domain for c in own if not c.claimed]
    parts: list[str] = []
    if better:
        parts.append(f"improves on “none” {_where(better, domains)}")
    if worse:
        parts.append(f"is worse than “none” {_where(worse, domains)}")
    undecided = f"; {listed(open_, 6, 'domains')} {'is' if len(open_) == 1 else 'are'} undecided" if open_ else ""
    return f"“{own[0].arm.text}” {', and '.join(parts)}{undecided}."


def _where(claimed: Sequence[Comparison], domains: int) -> str:
    several = f"in {len(claimed)} of {domains} domains, " if domains > 1 else ""
    return several + ", ".join(f"on {c.domain} by {abs(c.mean or 0):.2f} (.95 interval {_between(c)})" for c in claimed)


def _between(c: Comparison) -> str:
    assert c.interval is not None, "a claim has an interval"
    low, high = sorted(abs(v) for v in c.interval)
    return f"{low:.2f} to {high:.2f}"
