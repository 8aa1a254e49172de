"""Faults of the game itself: who wins, and what becomes of the gradients."""

from collections.abc import Iterator
from statistics import median

from detente.results.doctor.course import PLAYERS, Course, early, finite, late, middle, since
from detente.results.doctor.diagnosis import Seen, rule
from detente.results.doctor.penalties import dominated
from detente.results.stability import APART, WORTH

_MOVES = 0.02  # of a scaled score: less is no progress
_BEGINS = 0.2  # and of a single evaluation this is some
_RISE = 1000.0  # a gradient norm that grew so many times has exploded wherever it began
_FALL = 1e-3  # and one that fell to so small a part has vanished
_STIRS = 0.1  # of a score's size: a generator whose scores change by so much moves
_LEAST = 4  # log lines, from which on their halves say something


@rule("not-finite", above=1)
def not_finite(c: Course, threshold: float) -> Iterator[Seen]:
    """A term, a weight or a sample became infinite or NaN, and the run ended."""
    if c.info.get("status") != "diverged":
        return
    numbers = [(n, c.term(n)) for n in c.names("terms")] + [(n, c.watched(n)) for n in c.names("watched")]
    broken = {name: [step for step, value in points if value is None] for name, points in numbers}
    first = min((steps[0] for steps in broken.values() if steps), default=None)
    names = [name for name, steps in broken.items() if steps and steps[0] == first]
    growth = {letter: _growth(c, letter) for letter in PLAYERS}
    letter = max(growth, key=lambda key: growth[key])
    told = f"{_listed(names)} not finite" if names else "A weight or the samples are not finite"
    why = f"Before, the {PLAYERS[letter]}'s gradient grew {growth[letter]:.3g} times." if growth[letter] > 10 else ""
    if first is not None and first == (c.lines[0]["step"] if c.lines else None):
        why = "It was so from the first line of the log on: look at the data and the weights that training began with."
    precision = ("--precision", "fp32") if c.recipe.get("precision") == "bf16" else ()
    fix = f"Lower the learning rate, or clip the gradient: `{c.again(*c.rate(letter, 10), *precision)}`."
    yield Seen(told, first or c.info.get("step"), "numbers of the log that are not finite", len(names) or 1, why, fix)


@rule("gradient-exploded", above=100)
def exploded(c: Course, threshold: float) -> Iterator[Seen]:
    """The norm of a player's gradient is huge in the second half of the run, or grew a thousand times."""
    for letter, player in PLAYERS.items():
        points = c.watched(f"{letter}/gradient")
        began, now = middle(early(points)), middle(late(points))
        if len(points) < _LEAST or now is None or dominated(c, letter):
            continue
        if now < threshold and not (began and now > _RISE * began):
            continue
        known = finite(points)
        start = since(known, [value >= min(threshold, now / 2) for _, value in known])
        yield Seen(
            f"The gradient of the {player} explodes",
            start,
            f"median norm of {letter}/gradient in the second half",
            now,
            "Its steps no longer follow the loss: the learning rate is too high for it, or the weights or a "
            "coefficient began far too large.",
            f"Divide the rate, and clip: `{c.again(*c.rate(letter, 10), '--reg', f'{letter.lower()}:clip-norm')}`.",
        )


@rule("gradient-vanished", below=1e-4)
def vanished(c: Course, threshold: float) -> Iterator[Seen]:
    """The generator, or both, get next to no gradient in the second half of the run."""
    points = c.watched("G/gradient")
    began, now = middle(early(points)), middle(late(points))
    if len(points) < _LEAST or now is None or c.good:
        return
    if now > threshold and not (began and now < _FALL * began):
        return
    known = finite(points)
    start = since(known, [value <= max(threshold, 2 * now) for _, value in known])
    apart = middle(late(c.watched("D/apart")))
    lost = apart is not None and apart >= APART
    why = "The discriminator is sure of everything, so its slope at the samples is flat."
    if not lost:
        why = "The discriminator hardly depends on the samples."
    loss = ((c.recipe.get("objective") or {}).get("name")) == "saturating"
    change = ("--objective", "non-saturating") if loss else ("--reg", "r1")
    yield Seen(
        "The gradient of the generator vanishes",
        start,
        "median norm of G/gradient in the second half",
        now,
        why,
        f"Bound the discriminator, or change the loss: `{c.again(*change)}`.",
    )


@rule("critic-saturated", above=0.9)
def saturated(c: Course, threshold: float) -> Iterator[Seen]:
    """The discriminator tells nearly all pairs apart, and the score no longer rises."""
    points = c.watched("D/apart")
    tail = late(points)
    if len(points) < _LEAST or not tail or c.good or _rises(c):
        return
    share = sum(value >= APART for _, value in tail) / len(tail)
    if share < threshold:
        return
    known = finite(points)
    yield Seen(
        "The discriminator wins: it tells real and generated samples apart, and the generator no longer improves",
        since(known, [value >= APART for _, value in known]),
        f"share of log lines of the second half with D/apart at {APART:g} or more",
        share,
        "Its loss is next to nothing, and what it tells the generator is of no use.",
        f"Slow it down, or bound its slope: `{c.again(*c.rate('D', 4), '--reg', 'r1')}`.",
    )


@rule("critic-overwhelmed", below=0.25)
def overwhelmed(c: Course, threshold: float) -> Iterator[Seen]:
    """The discriminator prefers generated samples to real ones, while the samples are poor."""
    points = c.watched("D/apart")
    now = middle(late(points))
    if len(points) < _LEAST or now is None or now > threshold or c.good:
        return
    known = finite(points)
    yield Seen(
        "The discriminator is overwhelmed: it takes generated samples for real ones, and they are not good",
        since(known, [value <= max(threshold, 0.5) for _, value in known]),
        "median of D/apart in the second half",
        now,
        "It learns too slowly to follow the generator, or something holds it down.",
        f"Let it learn faster than the generator: `{c.again(*c.rate('D', 0.1), *c.rate('G', 4))}`.",
    )


@rule("stands-still", below=1e-3)
def stands_still(c: Course, threshold: float) -> Iterator[Seen]:
    """From one evaluation to the next the scores hardly change: the generator does not move."""
    moved = _moved(c)
    now = median([change for change in moved if change] or [0.0])  # one that is mostly noise moves all the same
    if not moved or now > threshold or c.good or c.few:
        return
    yield Seen(
        "The generator stands still",
        None,
        "median relative change of those scores that change over all evaluations",
        now,
        "Its learning rate is too small, or no gradient reaches it.",
        f"Raise the rate: `{c.again(*c.rate('G', 0.01))}`.",
    )


@rule("no-progress", below=WORTH)
def no_progress(c: Course, threshold: float) -> Iterator[Seen]:
    """The generator moves, and its samples are no better than before training."""
    scores = [value for _, value in c.scaled]
    moved = _moved(c)
    if len(scores) < 3 or max(scores) > threshold or _rises(c) or c.few or not moved or max(moved) < _STIRS:
        return
    yield Seen(
        "Training gets nowhere: the generator moves, and its samples are no better than before",
        None,
        "best scaled score of all evaluations",
        max(scores),
        "Its steps are too large to follow the discriminator, or what that tells it is of no use.",
        f"Lower both rates, and train longer: `{c.again(*c.rate('G', 10), *c.rate('D', 10))}`.",
    )


def _moved(c: Course) -> list[float]:
    """By how much of its size each score changed over all evaluations."""
    moved: list[float] = []
    for name in c.names("scores"):
        values = [value for _, value in finite(c.score(name))]
        if len(values) >= 3 and (size := max(map(abs, values))) > 0:
            moved.append((max(values) - min(values)) / size)
    return moved


def _growth(c: Course, letter: str) -> float:
    values = [value for _, value in finite(c.watched(f"{letter}/gradient"))]
    return values[-1] / values[0] if len(values) > 1 and values[0] else 1.0


def _rises(c: Course) -> bool:
    """Whether the best scaled score is of the second half of the evaluations, and above that of the first one."""
    scores = [value for _, value in c.scaled]
    half = len(scores) // 2
    if not half:
        return bool(scores) and scores[0] > _BEGINS
    return max(scores[half:]) > max(scores[:half]) + _MOVES


def _listed(names: list[str]) -> str:
    return f"{names[0]} is" if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} are"
