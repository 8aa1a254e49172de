"""Faults of what comes out: samples, scores, and how they are measured."""

from collections.abc import Iterator

from detente.results.doctor.course import FEW, Course, finite, late, middle, since
from detente.results.doctor.diagnosis import Seen, rule
from detente.results.outcomes import number
from detente.results.stability import COLLAPSED, WORTH

_ALIKE = 0.01  # of the spread of real data: such samples are one sample
_SPREAD = 0.5  # likewise: from so much on the samples were varied once
_HARDLY = 0.1  # of the kinds in real data: so few are a collapse, even if there were never more
_TOLD_APART = 3.0  # so many times the spread within classes, all samples' shows that classes differ
_SWING = 0.2  # of a scaled score: a fall or rise that counts


@rule("collapsed", below=0.35)
def collapsed(c: Course, threshold: float) -> Iterator[Seen]:
    """The generator makes few different samples: kinds of them are gone, or all are alike."""
    for name in () if c.few else ("modes", "uniqueness"):
        known, real = finite(c.score(name)), c.reference("real", name)
        if len(known) < 2 or not real or not known[-1][1]:
            continue
        most, now = max(value for _, value in known), known[-1][1]
        if now <= threshold * real and ((now < most and most > threshold * real) or now <= _HARDLY * real):
            start = since(known, [value <= threshold * real for _, value in known])
            what = f"Samples of {now:g} kinds are left, of {most:g} before and {real:g} in real data"
            if name == "uniqueness":
                what = "The same samples come again and again"
            yield _collapse(
                c, f"The generator has collapsed. {what}", start, f"{name}, of that of real data", now / real
            )
            return
    known = finite(c.examined("G/spread"))
    if not known:
        return
    most, now = max(value for _, value in known), known[-1][1]
    if now <= _ALIKE or (most >= _SPREAD and now <= threshold * most):
        bound = max(_ALIKE, threshold * most) if most >= _SPREAD else _ALIKE
        start = since(known, [value <= bound for _, value in known])
        what = "The generator has collapsed. Its samples are alike"
        yield _collapse(c, what, start, "spread of the samples, of that of real data", now)


def _collapse(c: Course, what: str, start: int | None, measure: str, value: float) -> Seen:
    why = "It follows whatever the discriminator overlooks, faster than that can learn, or does not use its latents."
    fix = f"Slow it down, and bound the discriminator: `{c.again(*c.rate('G', 4), '--reg', 'r1')}`."
    return Seen(what, start, measure, value, why, fix)


@rule("latents-unused", below=0.2)
def latents_unused(c: Course, threshold: float) -> Iterator[Seen]:
    """A generator that takes classes makes one sample of each: it looks at the class and not at its latents."""
    inside, all_ = finite(c.examined("G/spread in a class")), finite(c.examined("G/spread"))
    if not inside or not all_ or c.few:
        return
    now = inside[-1][1]
    if now > threshold or all_[-1][1] < max(threshold, _TOLD_APART * now):  # all are alike: not begun, or collapsed
        return
    yield Seen(
        "Samples of one class are alike",
        since(inside, [value <= threshold for _, value in inside]),
        "spread of the samples within a class, of that of real data",
        now,
        "The class alone tells the generator enough to follow the discriminator, and its latents have no effect.",
        f"Reward samples that differ, and slow the generator down: "
        f"`{c.again(*c.rate('G', 4), '--reg', 'r1+g:mode-seeking')}`.",
    )


@rule("undone", below=0.35)
def undone(c: Course, threshold: float) -> Iterator[Seen]:
    """The score fell far below its best, and stayed there."""
    scores = c.scaled
    best = max((value for _, value in scores), default=0.0)
    if best < WORTH or scores[-1][1] > threshold * best or c.few:
        return
    yield Seen(
        f"Training came undone: the scaled score was {best:.2g}",
        since(scores, [value <= threshold * best for _, value in scores]),
        "last scaled score, of the best one",
        scores[-1][1] / best,
        "A player took steps that were too large for what had been learned.",
        f"Lower both rates: `{c.again(*c.rate('G', 4), *c.rate('D', 4))}`; or stop at the best step.",
    )


@rule("warm-up-undone", below=COLLAPSED)
def warm_up_undone(c: Course, threshold: float) -> Iterator[Seen]:
    """The generator arrived good from its warm-up, and the game has made it worse."""
    begun = number(c.info.get("begun"))
    if c.info.get("start") != "baseline" or not begun or not c.scaled:
        return
    share = c.scaled[-1][1] / begun
    if share > threshold:
        return
    yield Seen(
        f"The game undoes the warm-up: the scaled score was {begun:.2g} after it",
        since(c.scaled, [value <= threshold * begun for _, value in c.scaled]),
        "last scaled score, of that after the warm-up",
        share,
        "After a warm-up the game can only refine, with small steps; these were too large.",
        f"Lower both rates: `{c.again(*c.rate('G', 10), *c.rate('D', 10))}`.",
    )


@rule("oscillates", above=2)
def oscillates(c: Course, threshold: float) -> Iterator[Seen]:
    """The score rises and falls again and again: the players chase each other in circles."""
    falls, start = _swings(c.scaled)
    if falls < threshold or c.few:
        return
    yield Seen(
        "The players chase each other: the score rises and falls again and again",
        start,
        f"falls of the scaled score by {_SWING:g} or more that were made up for",
        falls,
        "Without damping their steps turn around the solution instead of going there.",
        f"Damp the discriminator, or average the generator: `{c.again('--reg', 'r1+g:ema')}`.",
    )


@rule("critic-memorizes", above=0.7)
def memorizes(c: Course, threshold: float) -> Iterator[Seen]:
    """The discriminator knows its training samples by heart: it prefers them to real samples that it has not seen."""
    points = c.examined("D/memory")
    now = middle(late(points))
    # With 16 held-out samples the share differs from draw to draw by .07, the root of 1 / (12 · 16). Good runs on
    # digits come to .63; where 24 samples train, it is .98.
    if now is None or now < threshold or c.few:
        return
    known = finite(points)
    yield Seen(
        "The discriminator has memorized its data",
        since(known, [value >= threshold for _, value in known]),
        "share of pairs in which it prefers a training sample to a held-out one",
        now,
        "There are too few samples for so strong a discriminator, and so it pulls the generator to single ones.",
        f"Use more data, or augment what it sees: `{c.again('--reg', 'ada')}`.",
    )


@rule("evaluation-small", below=FEW)
def evaluation_small(c: Course, threshold: float) -> Iterator[Seen]:
    """An evaluation has so few samples that its scores are chance."""
    n = c.info.get("samples")
    if not n or n >= threshold:
        return
    asked = c.recipe.get("samples")
    limited = isinstance(asked, int) and asked > n  # by the real samples that are held out
    yield Seen(
        f"Scores of {n} samples are mostly chance",
        None,
        "samples per evaluation",
        n,
        "Distances and counts of so few samples differ more from draw to draw than runs do.",
        "Bring more data: no more real samples are held out to compare with."
        if limited
        else f"Evaluate on more: `{c.again('--set', 'samples=1000')}`.",
    )


def _swings(scores: list[tuple[int, float]]) -> tuple[int, int | None]:
    """How often a score fell by a swing and rose by one again, and the step of the first fall."""
    count, start = 0, None
    peak = trough = scores[0][1] if scores else 0.0
    falling = False
    for step, value in scores:
        if falling:
            trough = min(trough, value)
            if value >= trough + _SWING:
                count, falling, peak = count + 1, False, value
        else:
            peak = max(peak, value)
            if value <= peak - _SWING:
                falling, trough = True, value
                start = step if start is None else start
    return count, start
