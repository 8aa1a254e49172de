"""Whether a run's scores can be measured and scaled at all: found out before anything trains.

What was not measured is NaN, never 0, and nothing is concluded from it. So a comparison of such runs would only take
time, and is refused; a single run may go without, and says so.
"""

import math
from typing import Any

from detente.domains.metrics import Frechet, FrechetExtrapolated, KernelDistance
from detente.domains.primary import Primary
from detente.engine.sample import batch_size
from detente.errors import DetenteError, PluginError, UsageError
from detente.training import evaluation
from detente.training.build import Built

NO_MORE = "there are no more real samples to compare with, and repeated ones would be no ceiling"


def samples_of(built: Built) -> int:
    """How many samples each of its evaluations has."""
    return evaluation.sample_count(built.domain, built.data, built.recipe.samples)


def ends(built: Built, score: str) -> tuple[float, float]:
    """Floor and ceiling of a score, from an untrained generator and from real data; NaN where one cannot be had."""
    metrics = [metric for metric in built.metrics if score in metric.scores]
    args = built.domain, metrics, built.data, built.model, samples_of(built), built.recipe.seed
    floor, ceiling = (evaluation.reference_row(row, *args).get(score, math.nan) for row in ("untrained", "real"))
    return floor, ceiling


def shortage(built: Built) -> str:
    """That evaluations have fewer samples than the recipe says, in a sentence; empty where they have not."""
    wanted, n = built.recipe.samples or built.domain.sample_count, samples_of(built)
    if n == wanted:
        return ""
    return f"Evaluations of {built.recipe.domain} use {n} samples, not {wanted}: {NO_MORE}."


FEW = 10
"""Samples for each feature, below which a warning says what a Fréchet distance of so few is worth."""


_BIASED = (
    ", and samples that are too much alike are favoured; the metric frechet-extrapolated is without that bias:"
    " --set 'metrics=[frechet, frechet-extrapolated]' --metric frechet-extrapolated."
)


def counts(built: Built) -> dict[str, Any]:
    """How many samples a run's data have for what, and how many features distances see."""
    data = built.data
    held_out, reference = batch_size(data.held_out()), batch_size(data.reference())
    found = {"name": built.recipe.data.name, "train": len(data), "held_out": held_out, "reference": reference}
    return found | ({"features": _features(built)} if reference else {})


def few(built: Built, primary: Primary) -> str:
    """That the samples are few for the features which the primary score compares, in a sentence; else empty."""
    n, compared = samples_of(built), batch_size(built.data.reference())
    carrying = [metric for metric in built.metrics if primary.score in metric.scores]
    by_features = any(isinstance(metric, Frechet | FrechetExtrapolated | KernelDistance) for metric in carrying)
    if not by_features or not compared or min(n, compared) >= FEW * (d := _features(built)):
        return ""
    return (
        f"{primary.score} compares {n} samples with {compared} real ones in {d} features, fewer than ten times as many"
        f" ({FEW * d:,}): small differences are chance{_BIASED if primary.score == 'frechet' else '.'}"
    )


def _features(built: Built) -> int:
    return built.domain.reference_features(built.data).shape[1]


def unscaled(built: Built, primary: Primary, floor: float, ceiling: float) -> str:
    """Why a score cannot be scaled from floor to ceiling, with the key of the recipe that it is due to.

    Empty where it can.
    """
    name, n, data = primary.score, samples_of(built), built.recipe.data.name
    threshold = f"A search can use a threshold of it, --metric '{name}{'<' if primary.direction == 'lower' else '>'}X'."
    if not batch_size(built.data.real(1)):
        return (
            f"data: {data} is too small for a held-out split, so {name} has no ceiling to be scaled to. Use more data."
        )
    if not math.isfinite(ceiling):
        count = "a single real sample" if n == 1 else f"{n} real samples"
        return f"samples: {name} cannot be measured on {count} of {data}. Increase samples, or use other data."
    if not math.isfinite(floor):
        return (
            f"metrics: {name} cannot be measured on an untrained generator's samples, so there is no floor to scale it "
            f"from. {threshold}"
        )
    if not primary.spans(floor, ceiling):
        return (
            f"metrics: real data have {name} {ceiling:.4g}, which is no better than the {floor:.4g} of an untrained "
            f"generator ({primary.direction} is better), so there is nothing to scale. {threshold}"
        )
    return ""


def check_run(built: Built) -> None:
    """Refuse to train what could not be measured for a reason that stands in the recipe.

    Raises:
        UsageError: the recipe's metrics leave out the primary score, or it has too few samples for it.
        PluginError: no metric of the domain measures its primary score.
    """
    _check_metrics(built, built.domain.primary.score)
    wanted = built.recipe.samples
    if wanted is None or wanted >= built.domain.sample_count or not batch_size(built.data.real(1)):
        return
    floor, ceiling = ends(built, built.domain.primary.score)
    if not math.isfinite(ceiling):
        raise UsageError(unscaled(built, built.domain.primary, floor, ceiling))


def check_compared(built: Built, primary: Primary, *, scaled: bool = True) -> None:
    """Refuse runs of which nothing could be concluded.

    Args:
        built: a recipe that stands for all of them.
        primary: the score that they are compared by.
        scaled: whether it is to be scaled from floor to ceiling.

    Raises:
        UsageError: it would be measured in none of them, or could not be scaled.
        PluginError: no metric of the domain measures its primary score.
    """
    _check_metrics(built, primary.score)
    floor, ceiling = ends(built, primary.score)
    if scaled:
        why = unscaled(built, primary, floor, ceiling)
    else:
        why = "" if math.isfinite(floor) or math.isfinite(ceiling) else unscaled(built, primary, floor, ceiling)
    if why:
        raise UsageError(why)


def _check_metrics(built: Built, score: str) -> None:
    if any(score in metric.scores for metric in built.metrics):
        return
    recipe = built.recipe
    listed = ", ".join(recipe.metrics or ()) or "none"
    kind: type[DetenteError] = UsageError
    advice = "Add the metric that does, or leave metrics out."
    if list(recipe.metrics or ()) == list(built.domain.metrics):
        kind, advice = PluginError, "Report it to the authors of the plugin."
    raise kind(
        f"metrics: {listed}: none of them measures {score}, by which runs of {recipe.domain} are compared. {advice}"
    )
