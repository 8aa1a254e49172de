"""The laws of a kind of data: of its domain, data, model and metrics together."""

import inspect
import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from detente.domains.contracts import Data, Domain, Evaluation, Metric, Model, Networks
from detente.domains.primary import BETTER
from detente.engine.forward import call
from detente.engine.sample import Sample, batch_size, leaves, rows
from detente.engine.streams import Stream
from detente.testing.laws import Broken, Skip

_FEW = 16
_OWN = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)


@dataclass(eq=False)
class Kind:
    """A domain with one data set, one model and its metrics."""

    name: str
    domain: Domain
    data: Data
    model: Model
    metrics: dict[str, Metric]

    @cached_property
    def batch(self) -> Any:
        """A few training samples with their labels."""
        return self.data.batch(torch.arange(min(_FEW, len(self.data))))

    @cached_property
    def parts(self) -> dict[str, Sample]:
        """Some of each part of the data."""
        return {"batch": self.batch.x, "held_out": self.data.held_out(), "reference": self.data.reference()}

    @cached_property
    def networks(self) -> Networks:
        """Fresh networks."""
        torch.manual_seed(7)
        return self.model.build(self.data.space)

    @cached_property
    def count(self) -> int:
        """Samples of an evaluation."""
        return min(self.domain.sample_count, batch_size(self.data.held_out()))

    @cached_property
    def labels(self) -> Tensor | None:
        """Labels for an evaluation, where the model takes them."""
        return self.data.conditions(self.count, Stream(3)) if self.model.conditional else None

    @cached_property
    def untrained(self) -> Sample:
        """What the fresh generator makes."""
        z = self.model.latents(self.count, Stream(5).generator())
        with torch.no_grad():
            return call(self.networks.generator.eval(), z, self.labels, Stream(9))

    def scores(self, samples: Sample) -> dict[str, float]:
        """All scores of samples."""
        e = Evaluation(samples, self.data, self.domain)
        return {name: value for metric in self.metrics.values() for name, value in metric(e).items()}


def data_have_the_shapes_of_their_space(k: Kind) -> None:
    """Every part of the data has the leaves that the space states, in floating point."""
    for what, x in k.parts.items():
        _fits(k, what, x)


def _fits(k: Kind, what: str, x: Sample, n: int | None = None) -> None:
    stated = [leaf.shape for leaf in k.data.space.leaves]
    found = [tuple(leaf.shape[1:]) for leaf in leaves(x)]
    if found != stated:
        raise Broken(f"{what} has leaves {found}, but the space states {stated}; correct Space((Leaf(shape),))")
    if n is not None and batch_size(x) != n:
        raise Broken(f"{what} has {batch_size(x)} samples instead of {n}")
    if len({leaf.shape[0] for leaf in leaves(x)}) > 1:
        raise Broken(f"the leaves of {what} have different numbers of samples: {[len(leaf) for leaf in leaves(x)]}")
    for leaf, stated_leaf in zip(leaves(x), k.data.space.leaves, strict=True):
        if not leaf.is_floating_point():
            raise Broken(f"{what} is {leaf.dtype} in leaf {stated_leaf.name!r}; encode it as floating point")


def data_are_finite_and_of_unit_scale(k: Kind) -> None:
    """No NaN, no infinity, and numbers of about unit scale, as networks need them."""
    for what, x in k.parts.items():
        for i, leaf in enumerate(leaves(x)):
            if not leaf.isfinite().all():
                raise Broken(f"{what} holds NaN or infinity in leaf {i}; leave such samples out and say so in `notes`")
            if leaf.float().abs().max() > 100:
                raise Broken(f"{what} reaches {leaf.abs().max().item():.3g} in leaf {i}; scale it to about -1 to 1")


def labels_fit_the_samples(k: Kind) -> None:
    """There is a label for each sample, in the range or of the shape that the space states."""
    labels, space = k.batch.labels, k.data.space
    if labels is None:
        if space.classes is not None or space.condition is not None:
            raise Broken("the space states labels, but batch() returns none")
        if k.model.conditional:
            raise Broken("the model is conditional, but the data have no labels")
        raise Skip("there are no labels")
    if len(labels) != batch_size(k.batch.x):
        raise Broken(f"there are {len(labels)} labels for {batch_size(k.batch.x)} samples")
    if space.condition is not None and tuple(labels.shape[1:]) != space.condition:
        raise Broken(f"labels are of shape {list(labels.shape[1:])}, but the space states {list(space.condition)}")
    if space.condition is None:
        every = k.data.batch(torch.arange(min(len(k.data), 2000))).labels
        if space.classes is None:
            raise Broken("there are labels, but the space states no `classes`")
        if every is not None and (every.is_floating_point() or every.min() < 0 or every.max() >= space.classes):
            raise Broken(f"labels should be whole numbers from 0 to {space.classes - 1}")


def parts_of_the_data_are_disjoint(k: Kind) -> None:
    """Training, held-out and reference samples are not the same ones."""
    parts = {
        "train": _hashes(k.data.batch(torch.arange(min(len(k.data), 5000))).x),
        "held_out": _hashes(k.data.held_out()),
        "reference": _hashes(k.data.reference()),
    }
    for a, b in (("train", "held_out"), ("train", "reference"), ("held_out", "reference")):
        if len(set(parts[b])) < 0.5 * len(parts[b]):
            continue  # few different samples, which all parts have
        there = set(parts[a])
        shared = sum(row in there for row in parts[b]) / len(parts[b])
        if shared > 0.5 and len(there) > 0.5 * len(parts[a]):
            raise Broken(f"{shared:.0%} of {b} are in {a} too; split the data before they are handed to PackedData")


def _hashes(x: Sample) -> list[bytes]:
    flat = torch.cat([leaf.flatten(1).float() for leaf in leaves(x)], 1).contiguous()
    return [row.tobytes() for row in flat.numpy()]


def networks_fit_the_data(k: Kind) -> None:
    """The generator makes samples of the space, and the discriminator gives each a logit."""
    _fits(k, "what the generator makes", k.untrained, k.count)
    labels = k.batch.labels if k.model.conditional else None
    with torch.no_grad():
        logits = leaves(call(k.networks.discriminator, k.batch.x, labels, Stream(9)))
    for part in logits:
        if part.shape[:1] != (batch_size(k.batch.x),) or part.shape[1:] == (1,):
            raise Broken(
                f"the discriminator returns {list(part.shape)} for {batch_size(k.batch.x)} samples; return [B]"
            )
        if not part.isfinite().all():
            raise Broken("the discriminator returns NaN or infinity for real samples")


def networks_bring_no_regularizer_of_their_own(k: Kind) -> None:
    """No batch normalization and no dropout: those are regularizers here, which can be switched off and compared."""
    for side, net in k.networks._asdict().items():
        for name, module in net.named_modules():
            frozen = any(True for _ in module.parameters()) and not any(p.requires_grad for p in module.parameters())
            if isinstance(module, _OWN) and not frozen:
                raise Broken(
                    f"{side}.{name} is {type(module).__name__}; leave it out and use --reg with batch-norm or dropout"
                )


def a_preview_shows_something(k: Kind) -> None:
    """`preview` writes a file with something in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"preview{k.domain.preview_suffix}"
        k.domain.preview(k.batch.x, path)
        if not path.is_file() or not path.stat().st_size:
            raise Broken("preview writes nothing, or not to the path that it is given")


def features_are_of_each_sample(k: Kind) -> None:
    """[n, d], finite, equal each time, and of each sample by itself."""
    first = k.domain.features(k.batch.x)
    if first.dim() != 2 or len(first) != batch_size(k.batch.x):
        raise Broken(f"features are {list(first.shape)} for {batch_size(k.batch.x)} samples; return [n, d]")
    if not first.isfinite().all():
        raise Broken("features are not finite")
    if not torch.equal(first, k.domain.features(k.batch.x)):
        raise Broken("features differ at the second call; draw nothing, and put the extractor into evaluation mode")
    if not torch.allclose(k.domain.features(rows(k.batch.x, slice(0, 3))), first[:3], rtol=1e-3, atol=1e-4):
        raise Broken("the features of a sample depend on the others of its batch")


def the_baseline_has_as_many_samples_as_asked(k: Kind) -> None:
    """`baseline` returns n samples of the space, the same for the same generator, without global draws."""
    made = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        made.append(k.domain.baseline(k.data, k.count, torch.Generator().manual_seed(0)))
    _fits(k, "the baseline", made[0], k.count)
    if any(not torch.equal(a, b) for a, b in zip(*map(leaves, made), strict=True)):
        raise Broken("the baseline changes with torch's global generator; draw from the one that it is given")


def metrics_return_what_they_state(k: Kind) -> None:
    """One number for each name in `scores`, in a direction that there is, the same each time."""
    e = Evaluation(rows(k.data.held_out(), slice(0, k.count)), k.data, k.domain)
    for name, metric in k.metrics.items():
        for score, way in metric.scores.items():
            if way not in (*BETTER, "neither"):
                raise Broken(f"{name}: the direction of {score!r} is {way!r}; write 'higher', 'lower' or 'neither'")
        found, again = metric(e), metric(e)
        if found.keys() != metric.scores.keys():
            raise Broken(f"{name} returns {sorted(found)}, but `scores` states {sorted(metric.scores)}")
        for score, value in found.items():
            if not isinstance(value, int | float):
                raise Broken(f"{name}: {score} is a {type(value).__name__}; return a float")
            if value != again[score] and not (math.isnan(value) and math.isnan(again[score])):
                raise Broken(f"{name}: {score} is another at the second call; draw from e.rng")


def the_primary_score_is_one_of_its_metrics(k: Kind) -> None:
    """`primary` names a score that one of the domain's metrics returns, with its direction."""
    stated = {score: d for metric in k.metrics.values() for score, d in metric.scores.items()}
    primary = k.domain.primary
    if primary.score not in stated:
        raise Broken(f"primary names {primary.score!r}, but the metrics return {', '.join(stated) or 'nothing'}")
    if primary.direction not in BETTER:
        raise Broken(f"primary's direction is {primary.direction!r}; write 'higher' or 'lower'")
    if stated[primary.score] != primary.direction:
        raise Broken(f"primary says {primary.direction} is better, its metric says {stated[primary.score]}")


def the_primary_score_orders_what_is_known(k: Kind) -> None:
    """Real data score better than the baseline, and the baseline better than the untrained generator."""
    primary = k.domain.primary
    if primary.direction not in BETTER:
        raise Skip("the direction of primary is unknown")
    samples = {
        "real data": k.data.real(k.count),
        "the baseline": k.domain.baseline(k.data, k.count, torch.Generator().manual_seed(0)),
        "the untrained generator": k.untrained,
    }
    scores = {name: k.scores(x).get(primary.score, math.nan) for name, x in samples.items()}
    told = ", ".join(f"{name} {value:.4g}" for name, value in scores.items())
    names, better = list(scores), BETTER[primary.direction].than
    for good, bad in ((0, 1), (1, 2)):
        if k.model.starts_good and bad == 2:
            continue  # its warm-up makes the baseline
        if not better(scores[names[good]], scores[names[bad]]):
            raise Broken(f"{primary.score} does not put {names[good]} before {names[bad]}: {told}")


def augmentations_are_differentiable_and_draw_from_what_they_get(k: Kind) -> None:
    """Each keeps the shape, lets gradients through, and draws from the given generator alone."""
    if not k.domain.augmentations:
        raise Skip("it has no augmentations")
    for name, augment in k.domain.augmentations.items():
        x = tuple(leaf.detach().clone().requires_grad_() for leaf in leaves(k.batch.x))
        given: Sample = x[0] if isinstance(k.batch.x, Tensor) else x
        before = torch.default_generator.get_state()
        out = augment(given, torch.Generator().manual_seed(0))
        if not torch.equal(before, torch.default_generator.get_state()):
            raise Broken(f"the augmentation {name!r} draws from torch's global generator; use the one that it gets")
        if [leaf.shape for leaf in leaves(out)] != [leaf.shape for leaf in x]:
            raise Broken(f"the augmentation {name!r} changes the shape of a sample")
        if not any(leaf.requires_grad for leaf in leaves(out)):
            raise Broken(f"no gradient passes the augmentation {name!r}")


def data_say_where_they_come_from(k: Kind) -> None:
    """`description`, `licence`, `source` and `identity` are there; the identity is the same for the same options."""
    for field in ("description", "licence", "source"):
        if not getattr(k.data, field).strip():
            raise Broken(f"{type(k.data).__name__}.{field} is empty; `detente data` shows it")
    if not k.data.identity:
        raise Broken("identity is empty; return a hash of the content and of every option that changes it")
    made = type(k.data)
    optional = all(p.default is not p.empty for p in inspect.signature(made).parameters.values())
    if optional and made().identity != made().identity:
        raise Broken("identity is another for the same data; hash the content, nothing that changes by itself")


LAWS: tuple[Callable[[Kind], None], ...] = (
    data_have_the_shapes_of_their_space,
    data_are_finite_and_of_unit_scale,
    labels_fit_the_samples,
    parts_of_the_data_are_disjoint,
    data_say_where_they_come_from,
    networks_fit_the_data,
    networks_bring_no_regularizer_of_their_own,
    a_preview_shows_something,
    features_are_of_each_sample,
    the_baseline_has_as_many_samples_as_asked,
    metrics_return_what_they_state,
    the_primary_score_is_one_of_its_metrics,
    the_primary_score_orders_what_is_known,
    augmentations_are_differentiable_and_draw_from_what_they_get,
)
MUST = tuple(law.__name__ for law in LAWS if law not in (labels_fit_the_samples, LAWS[-1]))
"""The laws that every kind of data must have been tried on."""
