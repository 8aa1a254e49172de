"""What `choose` tries: every regularizer of the core at several strengths, and pairs that proved themselves.

Which come first is decided here, by what the literature and our own studies found to help most often; a small budget
tries the first of each family. Strengths are decades around the default of the option that a regularizer names first.
Those of other packages are tried where they are named with `--also`.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from detente.engine.options import declared_options
from detente.engine.regularizer import Regularizer
from detente.errors import DetenteError
from detente.plugins import Host

FAMILIES: Mapping[str, Sequence[str]] = {
    "critic gradients": (
        "r1",
        "gradient-penalty",
        "zero-centred-gp",
        "r2",
        "dragan",
        "roth",
        "max-gp",
        "approx-r1",
        "approx-r2",
    ),
    "layers": (
        "spectral-norm",
        "layer-norm",
        "dropout",
        "batch-norm",
        "weight-norm",
        "gradient-norm",
        "minibatch-stddev",
        "packing",
        "instance-norm",
        "group-norm",
    ),
    "pairs": ("spectral-norm+r1", "r1+g:ema", "r1+r2"),
    "critic inputs": ("instance-noise", "diff-augment", "ada"),
    "weights and gradients": (
        "ema",
        "weight-decay",
        "l2",
        "clip-norm",
        "lookahead",
        "orthogonal",
        "adaptive-clip",
        "l1",
        "clip-value",
        "weight-clip",
    ),
    "critic scores": ("lecam", "drift", "label-smoothing", "bcr", "cr", "zcr"),
    "generator outputs": ("mode-seeking", "feature-matching", "path-length", "jacobian-clamp", "latent-spread"),
    "both players": ("nagarajan-kolter", "consensus"),
}
"""Family → what is tried of it, the most promising first. spectral-norm+r1 was above none in all four domains of our
own record (docs/results/classics.md); r1 with an average, and r1 with r2, are what published recipes use."""
ALSO = "named with --also"
DECADES = (0.1, 10.0)
"""Strengths beside the default, as factors of it."""


class Candidate(NamedTuple):
    """One thing to try.

    Attributes:
        text: a chain, as `--reg` takes it.
        family: what it is named under where it is left out.
        like: the text of the candidate that has the same networks, at its default strength.
    """

    text: str
    family: str
    like: str


def candidates(also: Sequence[str], host: Host) -> list[Candidate]:
    """All of them, the first to be tried first: those of `also`, then the first of each family, and so on.

    Args:
        also: chains that the user names; a bare name stands for its strengths too.
        host: knows the regularizers.
    """
    waves: list[tuple[int, Candidate]] = [(-1, found) for text in also for found in _strengths(text, ALSO, host)]
    for family, texts in FAMILIES.items():
        for rank, text in enumerate(texts):
            waves += [(rank + (i > 0), found) for i, found in enumerate(_strengths(text, family, host))]
    found: dict[str, Candidate] = {}
    for _, one in sorted(waves, key=lambda wave: wave[0]):  # which is stable
        found.setdefault(one.text, one)
    return list(found.values())


def _strengths(text: str, family: str, host: Host) -> Iterator[Candidate]:
    text = text.strip()
    yield Candidate(text, family, text)
    if (option := strength(text, host)) is None:
        return
    name, usual = option
    for factor in DECADES:
        yield Candidate(f"{text}({name}={usual * factor:g})", family, text)


def strength(text: str, host: Host) -> tuple[str, float] | None:
    """The option that says how strong a regularizer is, and its default; None where it has none, or is a chain.

    It is the first one of the constructor, where that is a number from 0 on without an upper end, and not fixed.
    """
    name = text.rpartition(":")[2]
    if "+" in text:
        return None
    try:
        target = host.load("regularizer", name)
    except DetenteError:  # one with options, or that cannot be had, which is said where it is resolved
        return None
    if not (isinstance(target, type) and issubclass(target, Regularizer)):
        return None
    option = next(iter([*inspect.signature(target.__init__).parameters.values()][1:]), None)
    if option is None or option.name in target.fixed or not isinstance(option.default, float) or option.default <= 0:
        return None
    found = declared_options(target).get(option.name)
    bounds = found.range if found else None
    if bounds is None or (bounds.least, bounds.above) == (None, None) or (bounds.most, bounds.below) != (None, None):
        return None
    low = bounds.least if bounds.least is not None else bounds.above
    return (option.name, option.default) if low == 0 else None
