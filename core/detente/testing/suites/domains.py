"""The laws of a domain: its preview, features, baseline, augmentations and primary score."""

import math
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from detente.domains.primary import BETTER
from detente.engine.sample import Sample, batch_size, leaves, rows
from detente.testing.laws import Broken, Skip
from detente.testing.suites.data import fits
from detente.testing.suites.kind import Kind


def a_preview_shows_something(k: Kind) -> None:
    """`preview` writes a file with something in it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"preview{k.domain.preview_suffix}"
        k.domain.preview(k.batch.x, path)
        if not path.is_file() or not path.stat().st_size:
            raise Broken("preview writes nothing, or not to the path that it is given; write to exactly `path`")


def features_are_of_each_sample(k: Kind) -> None:
    """[n, d], finite, equal each time, and of each sample by itself."""
    first = k.domain.features(k.batch.x)
    if first.dim() != 2 or len(first) != batch_size(k.batch.x):
        raise Broken(f"features are {list(first.shape)} for {batch_size(k.batch.x)} samples; return [n, d]")
    if not first.isfinite().all():
        raise Broken("features are not finite; scale the samples, and divide by nothing that may be 0")
    if not torch.equal(first, k.domain.features(k.batch.x)):
        raise Broken("features differ at the second call; draw nothing, and put the extractor into evaluation mode")
    if not torch.allclose(k.domain.features(rows(k.batch.x, slice(0, 3))), first[:3], rtol=1e-3, atol=1e-4):
        raise Broken(
            "the features of a sample depend on the others of its batch; normalize by fixed numbers, not by the batch's"
        )


def the_baseline_has_as_many_samples_as_asked(k: Kind) -> None:
    """`baseline` returns n samples of the space, the same for the same generator, without global draws."""
    made = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        made.append(k.domain.baseline(k.data, k.count, torch.Generator().manual_seed(0)))
    fits(k, "the baseline", made[0], k.count)
    if any(not torch.equal(a, b) for a, b in zip(*map(leaves, made), strict=True)):
        raise Broken("the baseline changes with torch's global generator; draw from the one that it is given")


def the_primary_score_is_one_of_its_metrics(k: Kind) -> None:
    """`primary` names a score that one of the domain's metrics returns, with its direction."""
    stated = {score: d for metric in k.metrics.values() for score, d in metric.scores.items()}
    primary = k.domain.primary
    if primary.score not in stated:
        raise Broken(
            f"primary names {primary.score!r}, but the metrics return {', '.join(stated) or 'nothing'}"
            "; name one of them"
        )
    if primary.direction not in BETTER:
        raise Broken(f"primary's direction is {primary.direction!r}; write 'higher' or 'lower'")
    if stated[primary.score] != primary.direction:
        raise Broken(
            f"primary says {primary.direction} is better, its metric says {stated[primary.score]}"
            "; write the same in both places"
        )


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
            raise Broken(
                f"{primary.score} does not put {names[good]} before {names[bad]}: {told}"
                "; choose a score that does, or turn its direction"
            )


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
            raise Broken(f"the augmentation {name!r} changes the shape of a sample; pad what it cuts off")
        if not any(leaf.requires_grad for leaf in leaves(out)):
            raise Broken(
                f"no gradient passes the augmentation {name!r}; detach and round nothing, so that G learns through it"
            )


LAWS: tuple[Callable[[Kind], None], ...] = (
    a_preview_shows_something,
    features_are_of_each_sample,
    the_baseline_has_as_many_samples_as_asked,
    the_primary_score_is_one_of_its_metrics,
    the_primary_score_orders_what_is_known,
    augmentations_are_differentiable_and_draw_from_what_they_get,
)
MUST = tuple(law.__name__ for law in LAWS[:-1])
