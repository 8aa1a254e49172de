"""The laws of metrics, tried on all metrics of a kind of data, each by its name."""

import math
from collections.abc import Callable, Mapping

import torch

from detente.domains.contracts import Evaluation
from detente.domains.primary import BETTER
from detente.engine.sample import Sample, batch_size, each, leaves, rows
from detente.engine.streams import Stream
from detente.testing.laws import Broken
from detente.testing.suites.draws import drawing_nothing, seeded
from detente.testing.suites.kind import Kind

_FEW = 100
_STREAMS = 4


def metrics_return_what_they_state(k: Kind) -> None:
    """One number for each name in `scores`, in a direction that there is, the same each time."""
    e = _evaluation(k, _some(k))
    for name, metric in k.metrics.items():
        for score, way in metric.scores.items():
            if way not in (*BETTER, "neither"):
                raise Broken(f"{name}: the direction of {score!r} is {way!r}; write 'higher', 'lower' or 'neither'")
        found, again = metric(e), metric(e)
        if found.keys() != metric.scores.keys():
            raise Broken(
                f"{name} returns {sorted(found)}, but `scores` states {sorted(metric.scores)}; return exactly those"
            )
        for score, value in found.items():
            if not isinstance(value, int | float):
                raise Broken(f"{name}: {score} is a {type(value).__name__}; return a float")
            if value != again[score] and not (math.isnan(value) and math.isnan(again[score])):
                raise Broken(f"{name}: {score} is another at the second call; draw from e.rng")


def scores_have_one_owner(k: Kind) -> None:
    """Each metric states a score, and no two metrics state one of the same name."""
    owner: dict[str, str] = {}
    for name, metric in k.metrics.items():
        if not metric.scores:
            raise Broken(f"{name} states no score; write scores = {{'{name}': 'higher'}} or 'lower'")
        for score in metric.scores:
            if score in owner:
                raise Broken(f"{score!r} is a score of {owner[score]} and of {name}; rename one")
            owner[score] = name


def metrics_leave_the_samples_alone(k: Kind) -> None:
    """Samples, reference and features are what they were: the metrics after it see the same ones."""
    for name, metric in k.metrics.items():
        x = _some(k)
        e = Evaluation(x, k.data, k.domain)
        shared = (e.samples, k.data.reference(), k.data.held_out(), e.features, e.reference_features)
        names = ("e.samples", "e.data.reference()", "e.data.held_out()", "e.features", "e.reference_features")
        before = [each(torch.clone, one) for one in shared]
        metric(e)
        for what, now, then in zip(names, shared, before, strict=True):
            if any(not torch.equal(a, b) and not _nan(a, b) for a, b in zip(leaves(now), leaves(then), strict=True)):
                raise Broken(f"{name} changes {what} in place; clone() before you sort, clamp or scale")
        if e.samples is not x:
            raise Broken(f"{name} puts other samples into the evaluation; leave e.samples")


def metrics_draw_from_their_own_stream(k: Kind) -> None:
    """A score depends on no global generator, and moves none."""
    for name, metric in k.metrics.items():
        found = []
        for others in (1, 2):
            seeded(others)
            e = _evaluation(k, _some(k))
            with drawing_nothing(name, "draw from e.rng.at(name).generator()"):
                found.append(metric(e))
        if score := _other(*found):
            raise Broken(f"{name}: {score} depends on a global seed; draw from e.rng.at(name).generator()")


def metrics_ignore_the_order_of_samples(k: Kind) -> None:
    """Samples in another order have the same score, up to what its own draws and rounding make."""
    order = torch.randperm(min(_FEW, k.count), generator=torch.Generator().manual_seed(0))
    for name, metric in k.metrics.items():
        x = _some(k)
        first, turned = (metric(_evaluation(k, one)) for one in (x, rows(x, order)))
        for score, value in turned.items():
            if _close(first[score], value):
                continue
            # What its own draws do to the score is no fault.
            known = [metric(_evaluation(k, x, seed))[score] for seed in range(_STREAMS)]
            if not abs(value - first[score]) <= 3 * (max(known) - min(known)):
                raise Broken(
                    f"{name}: {score} is {first[score]:.6g}, and {value:.6g} of the same samples in another order; use "
                    "all of them alike"
                )


def metrics_keep_nothing_between_evaluations(k: Kind) -> None:
    """A score of samples is the same after others were scored."""
    for name, metric in k.metrics.items():
        first = metric(_evaluation(k, _some(k)))
        metric(_evaluation(k, _copied(k.untrained)))
        if score := _other(first, metric(_evaluation(k, _some(k)))):
            raise Broken(f"{name}: {score} is another after other samples were scored; keep nothing in self")


def metrics_survive_poor_samples(k: Kind) -> None:
    """Samples that are all the same, and a single one, get a number or NaN, and no error."""
    x = _some(k)
    poor = {
        "samples that are all the same": each(lambda leaf: leaf[:1].expand_as(leaf).clone(), x),
        "one sample": rows(x, slice(0, 1)),
    }
    for name, metric in k.metrics.items():
        for what, samples in poor.items():
            try:
                found = metric(_evaluation(k, samples))
            except Exception as error:
                raise Broken(
                    f"{name} raises {type(error).__name__} for {what} ({error}); return NaN for what cannot be computed"
                ).with_traceback(error.__traceback__) from error
            if found.keys() != metric.scores.keys():
                raise Broken(
                    f"{name} returns {sorted(found)} for {what}, but `scores` states {sorted(metric.scores)}"
                    "; return NaN where there is nothing to measure"
                )


def metrics_see_the_samples(k: Kind) -> None:
    """Something in a metric is another for real, simple, untrained and collapsed samples."""
    real = _some(k)
    seen: list[Sample] = [
        real,
        k.domain.baseline(k.data, batch_size(real), torch.Generator().manual_seed(0)),
        _copied(k.untrained),
        each(lambda leaf: leaf[:1].expand_as(leaf).clone(), real),
    ]
    for name, metric in k.metrics.items():
        found = [metric(_evaluation(k, x)) for x in seen]
        if all(math.isnan(value) for values in found for value in values.values()):
            continue  # it measures nothing on these data, and says so
        if all(_other(found[0], one) is None for one in found[1:]):
            raise Broken(f"{name} is the same for real, baseline, untrained and collapsed samples; score e.samples")


def _some(k: Kind) -> Sample:
    return _copied(k.data.held_out(), min(_FEW, k.count))


def _copied(x: Sample, n: int = _FEW) -> Sample:
    """The first samples in memory of their own: a metric that sorts them in place must not sort the data."""
    return each(torch.clone, rows(x, slice(0, n)))


def _evaluation(k: Kind, x: Sample, seed: int = 0) -> Evaluation:
    return Evaluation(x, k.data, k.domain, Stream(seed).at("evaluation"))


def _close(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or abs(a - b) <= 1e-4 * max(1.0, abs(a))


def _nan(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and torch.equal(a.nan_to_num(), b.nan_to_num())


def _other(a: Mapping[str, float], b: Mapping[str, float]) -> str | None:
    """The name of a score that differs."""
    return next((s for s in a if a[s] != b.get(s) and not (math.isnan(a[s]) and math.isnan(b.get(s, 0.0)))), None)


# What leaves data sorted or clamped leaves them so once: the law of that comes before all others that call metrics.
LAWS: tuple[Callable[[Kind], None], ...] = (
    metrics_leave_the_samples_alone,
    metrics_return_what_they_state,
    scores_have_one_owner,
    metrics_draw_from_their_own_stream,
    metrics_ignore_the_order_of_samples,
    metrics_keep_nothing_between_evaluations,
    metrics_survive_poor_samples,
    metrics_see_the_samples,
)
MUST = tuple(law.__name__ for law in LAWS)
