"""A recipe is looked at before an experiment trains anything: what would be refused, and what should be known."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from detente.checks import Finding, refuse
from detente.errors import DetenteError
from detente.experiments.binding import found_again
from detente.plugins import Host
from detente.recipe.resolved import Resolved
from detente.recipe.schema import recipe_of
from detente.results.scores import Measure
from detente.training import scale
from detente.training.build import build
from detente.training.identities import Identities
from detente.training.pace import Pace, pace


class Look(NamedTuple):
    """A recipe whose networks are looked at before anything trains.

    Attributes:
        name: what it is called where something is wrong with it.
        recipe: as plain data.
        kept: whether what should be known about it stands in the manifest.
        resolved: the same but for the random seed, where what the files and flags of this call say was resolved.
        measure: what runs like it are compared by, if it is this one that shows whether that can be measured.
        where: at which setting, for an error.
        timed: whether it stands for how long runs like it take.
        already: what looking at it has shown, where that was done before.
    """

    domain: str
    name: str
    recipe: Mapping[str, Any]
    kept: bool = True
    resolved: Resolved | None = None
    measure: Measure | None = None
    where: str = ""
    timed: bool = True
    already: "Looked | None" = None


class Looked(NamedTuple):
    """What there is to say of a recipe: its findings, how it is evaluated, in sentences, and how long it takes."""

    findings: Sequence[Finding]
    evaluated: Sequence[str]
    pace: Pace | None = None


def looked(look: Look, host: Host, known: Identities | None = None) -> Looked | DetenteError:
    """Build the networks of a recipe, check them, time some steps, and forget them.

    An error if training would be refused. Data that have moved are looked at where they are `known` to be.
    """
    if look.already is not None:
        return look.already
    try:
        recipe = recipe_of(look.recipe, "recipe")
        there = found_again(recipe, known or {})
        ready = replace(look.resolved, recipe=recipe) if look.resolved and there is recipe else there
        built = build(ready, host, dry=True)
        refuse(built.findings if built.domain.refuses else (), recipe.allow)
        if look.measure is not None:
            scale.check_compared(built, look.measure.primary, scaled=look.measure.scales)
    except DetenteError as error:
        return error
    if not (look.kept and look.timed):
        return Looked(built.findings, ())
    said = [scale.shortage(built), scale.few(built, built.domain.primary)]
    with _as_a_worker():
        timed = pace(built, host, whole=look.measure is not None)
    return Looked(built.findings, tuple(sentence for sentence in said if sentence), timed)


@contextmanager
def _as_a_worker() -> Iterator[None]:
    """One thread, as each worker has: with more, what else the machine does is timed too."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
