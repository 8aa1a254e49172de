"""The laws of a data set."""

import inspect
from collections.abc import Callable

import torch

from detente.engine.sample import Sample, batch_size, cat, leaves, rows
from detente.testing.laws import Broken, Skip
from detente.testing.suites.draws import drawing_nothing, seeded
from detente.testing.suites.kind import Kind


def data_have_the_shapes_of_their_space(k: Kind) -> None:
    """Every part of the data has the leaves that the space states, in floating point."""
    for what, x in k.parts.items():
        fits(k, what, x)


def fits(k: Kind, what: str, x: Sample, n: int | None = None) -> None:
    """Broken unless samples have the leaves of the space, in floating point, and are `n`."""
    stated = [leaf.shape for leaf in k.data.space.leaves]
    found = [tuple(leaf.shape[1:]) for leaf in leaves(x)]
    if found != stated:
        raise Broken(f"{what} has leaves {found}, but the space states {stated}; correct Space((Leaf(shape),))")
    if n is not None and batch_size(x) != n:
        raise Broken(f"{what} has {batch_size(x)} samples instead of {n}; return as many as are asked for")
    if len({leaf.shape[0] for leaf in leaves(x)}) > 1:
        raise Broken(
            f"the leaves of {what} have different numbers of samples: {[len(leaf) for leaf in leaves(x)]}"
            "; index all of them alike"
        )
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
        if space.classes is not None or space.condition is not None or k.model.conditional:
            raise Broken(
                "the space or the model states labels, but batch() returns none"
                "; hand `labels` to PackedData, or state none"
            )
        raise Skip("there are no labels")
    if len(labels) != batch_size(k.batch.x):
        raise Broken(
            f"there are {len(labels)} labels for {batch_size(k.batch.x)} samples; index labels as the samples are"
        )
    if space.condition is not None and tuple(labels.shape[1:]) != space.condition:
        raise Broken(
            f"labels are of shape {list(labels.shape[1:])}, but the space states {list(space.condition)}"
            "; correct one of the two"
        )
    if space.condition is None:
        every = k.data.batch(torch.arange(min(len(k.data), 2000))).labels
        if space.classes is None:
            raise Broken("there are labels, but the space states no `classes`; write Space(leaves, classes=…)")
        if every is not None and (every.is_floating_point() or every.min() < 0 or every.max() >= space.classes):
            raise Broken(
                f"labels should be whole numbers from 0 to {space.classes - 1}"
                "; number the classes, or correct `classes`"
            )


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


def a_batch_holds_the_samples_at_its_index(k: Kind) -> None:
    """The sample at an index is always the same one, whatever else is in the batch, and labels go with it."""
    n = min(len(k.data), 8)
    if n < 2:
        raise Broken(f"there are {len(k.data)} samples to train on; two are the least")
    index = torch.arange(n)
    seeded(1)
    whole = k.data.batch(index)
    seeded(2)
    again, turned = k.data.batch(index), k.data.batch(index.flip(0))
    alone = [k.data.batch(index[i : i + 1]) for i in range(n)]
    for what, other in (
        ("at the second call", again.x),
        ("in another order", rows(turned.x, torch.arange(n - 1, -1, -1))),
        ("when it is asked for alone", cat(one.x for one in alone)),
    ):
        if any(
            a.shape != b.shape or not torch.equal(a, b) for a, b in zip(*map(leaves, (whole.x, other)), strict=True)
        ):
            raise Broken(f"batch() gives other samples for the same index {what}; augmentations belong to the domain")
    if whole.labels is not None and turned.labels is not None and not torch.equal(whole.labels.flip(0), turned.labels):
        raise Broken("the labels of a batch do not go with its samples; index labels as the samples are")


def real_samples_are_no_more_than_asked_and_none_twice(k: Kind) -> None:
    """`real(n)` has n samples of the space, or as many as there are."""
    for n in (1, min(k.count, 20)):
        x = k.data.real(n)
        fits(k, "real()", x)
        if batch_size(x) > n:
            raise Broken(f"real({n}) returns {batch_size(x)} samples; return at most n")
        if batch_size(x) < min(n, k.count):
            raise Broken(
                f"real({n}) returns {batch_size(x)} samples, though {k.count} are held out"
                "; return as many as there are, at most n"
            )


def data_leave_global_generators_alone(k: Kind) -> None:
    """Nothing that hands out samples draws from the generators of torch, NumPy and Python, or seeds them."""
    with drawing_nothing("the data", "keep a seed as an option, and draw from a generator of your own"):
        k.data.batch(torch.arange(min(len(k.data), 4)))
        k.data.held_out()
        k.data.reference()
        k.data.real(4)


LAWS: tuple[Callable[[Kind], None], ...] = (
    data_have_the_shapes_of_their_space,
    data_are_finite_and_of_unit_scale,
    labels_fit_the_samples,
    parts_of_the_data_are_disjoint,
    data_say_where_they_come_from,
    a_batch_holds_the_samples_at_its_index,
    real_samples_are_no_more_than_asked_and_none_twice,
    data_leave_global_generators_alone,
)
MUST = tuple(law.__name__ for law in LAWS if law is not labels_fit_the_samples)
