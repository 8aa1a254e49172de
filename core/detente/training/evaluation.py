"""Evaluation: samples, their scores, and the three reference rows of every score."""

import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from detente.domains.cache import cache_folder, code_of, reason_of
from detente.domains.contracts import Data, Domain, Evaluation, Metric, Model, Networks
from detente.engine.forward import call
from detente.engine.sample import Sample, batch_size, cat, leaves, rows, to
from detente.engine.streams import Stream
from detente.errors import PluginError, UsageError
from detente.files import read_text, write_atomically
from detente.training.warmup import described, fresh, weights_hash

ROWS = ("real", "baseline", "untrained")
"""Held-out real data (the ceiling), a model without an adversary, a generator before training (the floor)."""

Scores = dict[str, float]

_ROWS_FORMAT = 2
"""Of reference rows in the cache. Those of format 1 may hold real data that are repeated."""

_log = logging.getLogger(__name__)


def generate(
    network: nn.Module,
    model: Model,
    n: int,
    rng: Stream,
    labels: Tensor | None = None,
    *,
    batch: int = 256,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> Sample:
    """`n` samples on the CPU, made in bounded memory and without a graph.

    Latents are drawn on the CPU by streams of `rng` alone, so the same samples come out whatever training drew before,
    and the first latents do not depend on `n`. The network is used as it is: pass a deployed one.

    Args:
        network: the generator.
        model: draws the latents.
        n: how many samples.
        rng: where latents and the network's own noise come from.
        labels: the condition of each sample, [n, ...], where the model takes one.
        batch: samples per forward pass.
        dtype, device: of the latents; those of the network's first parameter by default.

    Raises:
        UsageError: `n` or `batch` is not positive, or there is not one label per sample.
    """
    if n < 1 or batch < 1:
        raise UsageError(f"n={n}, batch={batch}: there must be at least one sample, and one per batch.")
    if labels is not None and len(labels) != n:
        raise UsageError(f"{n} samples were requested, but {len(labels)} labels given; give one for each sample.")
    first = next(network.parameters(), torch.empty(0))
    device, dtype = torch.device(device or first.device), dtype or first.dtype
    parts: list[Sample] = []
    with torch.no_grad():
        for chunk, start in enumerate(range(0, n, batch)):
            size = min(batch, n - start)
            z = model.latents(batch, rng.at("latents", chunk).generator())
            z = to(rows(z, slice(0, size)), device, dtype)
            given = None if labels is None else labels[start : start + size].to(device)
            parts.append(to(call(network, z, given, rng.at("noise", chunk)), "cpu"))
    return cat(parts)


def conditions(data: Data, model: Model, n: int, rng: Stream) -> Tensor | None:
    """Labels [n, ...] for a model that takes them, as the data hand them out; None for one that does not."""
    if not model.conditional:
        return None
    given = data.conditions(n, rng.at("labels"))
    if given is None:
        raise UsageError(f"{type(model).__name__} takes labels, but {type(data).__name__} has none; use other data.")
    return given


def sample_count(domain: Domain, data: Data, wanted: int | None = None) -> int:
    """Samples per evaluation: as many as wanted, or the domain's number, but no more than there are real ones.

    Generator, floor and ceiling are scored at one number, and repeated real data would not be a ceiling. Without real
    data there is no ceiling, and the number is free; but conditions that are data, such as a vocoder's, come from the
    training samples then, and none of them comes twice.
    """
    count = wanted or domain.sample_count
    if real := batch_size(data.real(count)):
        return min(count, real)
    return count if data.space.condition is None else min(count, len(data))


def by_class(domain: Domain, data: Data, n: int, labels: Tensor | None) -> Tensor:
    """Which of `n` samples a preview shows, in its order: a row of each class, or the first ones.

    Args:
        labels: the class of each sample, [n]; with None, conditions of another kind, or classes that are too many or
            of which there are too few samples, the first ones are shown.
    """
    count, across, classes = min(n, domain.preview_count), domain.preview_row, data.space.classes
    if labels is None or classes is None or classes * across > 2 * count:
        return torch.arange(count)
    found = [(labels == c).nonzero()[:across, 0] for c in range(classes)]
    return torch.cat(found) if all(len(one) == across for one in found) else torch.arange(count)


def score(
    domain: Domain, metrics: Sequence[Metric], samples: Sample, data: Data, rng: Stream, labels: Tensor | None = None
) -> Scores:
    """Every metric's numbers for `samples`, by name.

    Samples with a number that is not finite, as a diverged generator makes them, score NaN throughout; no metric and no
    feature extractor sees them.

    Raises:
        PluginError: a metric returns other names than it states, or two state the same.
    """
    evaluation = Evaluation(samples, data, domain, rng, labels)
    finite = is_finite(samples)
    scores: Scores = {}
    for metric in metrics:
        name = type(metric).__name__
        twice = sorted(scores.keys() & metric.scores.keys())
        if twice:
            raise PluginError(
                f"{name} returns the score {twice[0]!r}, which another metric also returns; remove one of the two."
            )
        found = metric(evaluation) if finite else dict.fromkeys(metric.scores, math.nan)
        if found.keys() != metric.scores.keys():
            raise PluginError(
                f"{name} declares the scores {sorted(metric.scores)} but returned {sorted(found)}; "
                "report it to its authors."
            )
        scores.update({key: float(value) for key, value in found.items()})
    return scores


def is_finite(samples: Sample) -> bool:
    """Whether all their numbers are finite; a diverged generator's are not."""
    # A sum is not finite if a number is not, and takes a twentieth of the time; one of finite numbers can overflow.
    return all(bool(leaf.sum().isfinite()) or bool(leaf.isfinite().all()) for leaf in leaves(samples))


def reference_rows(
    domain: Domain,
    metrics: Sequence[Metric],
    data: Data,
    model: Model,
    n: int,
    seed: int = 0,
    *,
    warmed: Callable[[], Networks] | None = None,
    versions: str = "",
    batch: int = 256,
    cache: Path | None = None,
) -> dict[str, Scores]:
    """The scores of real data, of the domain's baseline and of an untrained generator, `n` samples each.

    Real data are `Data.real`; where there are fewer than `n`, and be it none, their row is NaN: what is repeated is no
    ceiling. The rows are computed once and kept in a file whose name is a hash of all that they depend on, down to the
    weights that the model starts with; a damaged file is computed again.

    Args:
        warmed: makes the networks as the warm-up leaves them; where that alone is a generator (`Model.starts_good`),
            its samples are the baseline. The model's schedule is set to the end of a run: a temperature, say, is that
            of the generators which the baseline is compared with.
        versions: the distributions that domain, data, model and metrics come from, with their versions.
        batch: samples per forward pass.
        cache: folder of the files; `cache_folder()` by default.
    """
    depends_on = {
        "format": _ROWS_FORMAT,
        "data": data.identity,
        "domain": [domain.name, domain.sample_count, domain.measured_identity],
        "model": described(model),
        "weights": weights_hash(fresh(model, data.space, seed).generator),
        "metrics": [described(metric) for metric in metrics],
        "versions": versions,
        "code": code_of(__name__),
        "torch": torch.__version__,
        "n": n,
        "seed": seed,
        "batch": batch,
    }
    key = json.dumps(depends_on, sort_keys=True)
    path = (cache or cache_folder()) / "reference" / f"{blake2b(key.encode(), digest_size=16).hexdigest()}.json"
    kept = _read(path, key, {name for metric in metrics for name in metric.scores})
    if kept is not None:
        return kept

    found = {row: reference_row(row, domain, metrics, data, model, n, seed, warmed=warmed, batch=batch) for row in ROWS}
    _write(path, {"depends_on": key, "rows": found})
    return found


def reference_row(
    row: str,
    domain: Domain,
    metrics: Sequence[Metric],
    data: Data,
    model: Model,
    n: int,
    seed: int = 0,
    *,
    warmed: Callable[[], Networks] | None = None,
    batch: int = 256,
) -> Scores:
    """One of `ROWS`, computed anew; the arguments are those of `reference_rows`."""
    root = Stream(seed).at("reference")
    rng = root.at(row)
    samples: Sample | None = None
    labels: Tensor | None = None
    if row == "real":
        real = data.real(n)
        samples, labels = (real if batch_size(real) == n else None), data.real_labels(n) if model.conditional else None
    elif row == "untrained":
        network, labels = fresh(model, data.space, seed).generator, conditions(data, model, n, rng)
        samples = generate(network.requires_grad_(False).eval(), model, n, rng, labels, batch=batch)
    elif model.starts_good and warmed is not None:
        networks, labels = warmed(), conditions(data, model, n, rng)
        model.schedule(networks, 1.0)
        samples = generate(networks.generator.eval(), model, n, rng, labels, batch=batch)
    else:
        samples = domain.baseline(data, n, rng.generator())
    if samples is None:
        return {name: math.nan for metric in metrics for name in metric.scores}
    return score(domain, metrics, samples, data, root.at("scores"), labels)


def _read(path: Path, depends_on: str, names: set[str]) -> dict[str, Scores] | None:
    """The rows in a file, or None where there is none that holds exactly these rows and scores."""
    try:
        found = json.loads(read_text(path))
        kept = {row: {key: float(value) for key, value in found["rows"][row].items()} for row in ROWS}
        complete = found["depends_on"] == depends_on and all(scores.keys() == names for scores in kept.values())
    except (UsageError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return kept if complete else None


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write whole or not at all; a folder that cannot be written to costs time, not the run."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(content))
    except (OSError, UsageError) as error:
        _log.warning("cannot cache reference scores: %s; set DETENTE_CACHE to a writable folder", reason_of(error))
