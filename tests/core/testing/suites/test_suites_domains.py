"""Faults of domains, data, models and metrics, each caught under the law that is named for it."""

import itertools
import random
import types
from dataclasses import replace

import pytest
import torch
from torch import nn

from detente import Leaf, Networks, Primary, Space
from detente.plugins import host
from detente.scaffold.package import Package
from detente.testing import Kind, Report, check_domain, kind
from detente.testing.plan import planned_for_domain

SOURCE = Package("domain", "rhythm").files()["detente_rhythm/domain.py"]


def written() -> types.ModuleType:
    """The module that `detente new domain rhythm` writes."""
    module = types.ModuleType("detente_rhythm.domain")
    exec(compile(SOURCE, "domain.py", "exec"), module.__dict__)
    return module


def fresh(new: types.ModuleType) -> Kind:
    """A sound kind of data, made of what that module holds."""
    metrics = {name: host().load("metric", name, "ring")() for name in ("frechet", "prdc")}
    return Kind("rhythm", new.Rhythm(), new.Waves(size=1000), new.MLP(), {**metrics, "rhythm-scale": new.Scale()})


@pytest.fixture(scope="module")
def new() -> types.ModuleType:
    return written()


@pytest.fixture
def whole(new) -> Kind:
    return fresh(new)


def faulty(whole: Kind, part: str, **attributes) -> Kind:
    """The same kind, with something of one part replaced; a function gets what it replaces as its first argument."""
    one = getattr(whole, part)
    cls = type(type(one).__name__, (type(one),), {})
    for name, value in attributes.items():
        if callable(value) and not isinstance(value, type):
            before = getattr(one, name)
            setattr(cls, name, lambda self, *given, _v=value, _b=before: _v(_b, *given))
        else:
            setattr(cls, name, value)
    one.__class__ = cls
    for name, value in attributes.items():
        if name in vars(one) and not callable(value):
            setattr(one, name, value)
    return replace(whole)


def other_space(whole: Kind, space: Space) -> Kind:
    whole.data.space = space
    return replace(whole)


def arrays(whole: Kind, **parts: str) -> Kind:
    for name, source in parts.items():
        setattr(whole.data, name, getattr(whole.data, source))
    return replace(whole)


def batched(change):
    return lambda before, index: change(before(index))


def metric(whole: Kind, scores: dict, call) -> Kind:
    cls = type("Mine", (type(whole.metrics["rhythm-scale"]),), {"scores": scores, "__call__": lambda self, e: call(e)})
    return replace(whole, metrics={**whole.metrics, "mine": cls()})


def networks(whole: Kind, change) -> Kind:
    return faulty(whole, "model", build=lambda before, space: change(before(space)))


def with_output(net: nn.Module, change) -> nn.Module:
    net.register_forward_hook(lambda module, inputs, out: change(out))
    return net


def labelled(whole: Kind, classes: int | None, labels) -> Kind:
    whole.data.space = Space(whole.data.space.leaves, classes=classes)
    return faulty(whole, "data", batch=batched(lambda b: b._replace(labels=labels(len(b.x)))))


count = itertools.count()
FAULTS = {
    "primary unknown": (
        "the_primary_score_is_one_of_its_metrics",
        lambda k: faulty(k, "domain", primary=Primary("fd")),
    ),
    "primary smaller": (
        "the_primary_score_is_one_of_its_metrics",
        lambda k: faulty(k, "domain", primary=Primary("frechet", "smaller")),
    ),
    "primary turned round": (
        "the_primary_score_is_one_of_its_metrics",
        lambda k: faulty(k, "domain", primary=Primary("frechet", "higher")),
    ),
    "direction smaller": (
        "metrics_return_what_they_state",
        lambda k: metric(k, {"a": "smaller"}, lambda e: {"a": 1.0}),
    ),
    "another score": ("metrics_return_what_they_state", lambda k: metric(k, {"a": "lower"}, lambda e: {"b": 1.0})),
    "a tensor": (
        "metrics_return_what_they_state",
        lambda k: metric(k, {"a": "lower"}, lambda e: {"a": torch.ones(())}),
    ),
    "a random score": (
        "metrics_return_what_they_state",
        lambda k: metric(k, {"a": "lower"}, lambda e: {"a": random.random()}),
    ),
    "one part thrice": (
        "parts_of_the_data_are_disjoint",
        lambda k: arrays(k, _held_out="train", _reference="train"),
    ),
    "reference held out": ("parts_of_the_data_are_disjoint", lambda k: arrays(k, _reference="_held_out")),
    "trained on reference": ("parts_of_the_data_are_disjoint", lambda k: arrays(k, _reference="train")),
    "another shape": ("data_have_the_shapes_of_their_space", lambda k: other_space(k, Space((Leaf((4, 4)),)))),
    "another size": ("data_have_the_shapes_of_their_space", lambda k: other_space(k, Space((Leaf((15,)),)))),
    "two leaves": ("data_have_the_shapes_of_their_space", lambda k: other_space(k, Space((Leaf((16,)), Leaf((1,)))))),
    "integers": (
        "data_have_the_shapes_of_their_space",
        lambda k: faulty(k, "data", batch=batched(lambda b: b._replace(x=b.x.long()))),
    ),
    "NaN": (
        "data_are_finite_and_of_unit_scale",
        lambda k: faulty(k, "data", batch=batched(lambda b: b._replace(x=(b.x - 2).log()))),
    ),
    "infinite reference": (
        "data_are_finite_and_of_unit_scale",
        lambda k: faulty(k, "data", reference=lambda before: before() / 0),
    ),
    "bytes": (
        "data_are_finite_and_of_unit_scale",
        lambda k: faulty(k, "data", held_out=lambda before: 127.5 * (before() + 1)),
    ),
    "too few labels": ("labels_fit_the_samples", lambda k: labelled(k, 3, lambda n: torch.zeros(n - 1).long())),
    "label too large": ("labels_fit_the_samples", lambda k: labelled(k, 3, lambda n: torch.full((n,), 3))),
    "labels in float": ("labels_fit_the_samples", lambda k: labelled(k, 3, torch.zeros)),
    "labels unstated": ("labels_fit_the_samples", lambda k: labelled(k, None, lambda n: torch.zeros(n).long())),
    "labels promised": ("labels_fit_the_samples", lambda k: other_space(k, Space((Leaf((16,)),), classes=3))),
    "no label for a condition": ("labels_fit_the_samples", lambda k: faulty(k, "model", conditional=True)),
    "empty preview": ("a_preview_shows_something", lambda k: faulty(k, "domain", preview=lambda b, x, p: p.touch())),
    "preview elsewhere": (
        "a_preview_shows_something",
        lambda k: faulty(k, "domain", preview=lambda b, x, p: b(x, p.with_name("other.txt"))),
    ),
    "seven rows": (
        "the_baseline_has_as_many_samples_as_asked",
        lambda k: faulty(k, "domain", baseline=lambda b, data, n, g: b(data, 7, g)),
    ),
    "global baseline": (
        "the_baseline_has_as_many_samples_as_asked",
        lambda k: faulty(k, "domain", baseline=lambda b, data, n, g: torch.rand(n, 16)),
    ),
    "baseline of another shape": (
        "the_baseline_has_as_many_samples_as_asked",
        lambda k: faulty(k, "domain", baseline=lambda b, data, n, g: b(data, n, g)[:, :8]),
    ),
    "flat features": ("features_are_of_each_sample", lambda k: faulty(k, "domain", features=lambda b, x: x.mean(1))),
    "random features": (
        "features_are_of_each_sample",
        lambda k: faulty(k, "domain", features=lambda b, x: x + torch.rand_like(x)),
    ),
    "centred features": (
        "features_are_of_each_sample",
        lambda k: faulty(k, "domain", features=lambda b, x: x - x.mean(0)),
    ),
    "batch norm": (
        "networks_bring_no_regularizer_of_their_own",
        lambda k: networks(k, lambda n: Networks(n.generator, nn.Sequential(nn.BatchNorm1d(16), n.discriminator))),
    ),
    "dropout": (
        "networks_bring_no_regularizer_of_their_own",
        lambda k: networks(k, lambda n: Networks(nn.Sequential(n.generator, nn.Dropout(0.1)), n.discriminator)),
    ),
    "a column of logits": (
        "networks_fit_the_data",
        lambda k: networks(k, lambda n: Networks(n.generator, with_output(n.discriminator, lambda y: y[:, None]))),
    ),
    "one logit for all": (
        "networks_fit_the_data",
        lambda k: networks(k, lambda n: Networks(n.generator, with_output(n.discriminator, torch.mean))),
    ),
    "half a sample": (
        "networks_fit_the_data",
        lambda k: networks(k, lambda n: Networks(with_output(n.generator, lambda x: x[:, :8]), n.discriminator)),
    ),
    "blind primary": (
        "the_primary_score_orders_what_is_known",
        lambda k: faulty(metric(k, {"a": "lower"}, lambda e: {"a": 1.0}), "domain", primary=Primary("a")),
    ),
    "primary that hates data": (
        "the_primary_score_orders_what_is_known",
        lambda k: faulty(
            metric(k, {"a": "higher"}, lambda e: {"a": (e.samples - e.data.held_out()[: e.n]).abs().mean().item()}),
            "domain",
            primary=Primary("a", "higher"),
        ),
    ),
    "detaching augmentation": (
        "augmentations_are_differentiable_and_draw_from_what_they_get",
        lambda k: faulty(k, "domain", augmentations={"a": lambda x, g: x.detach()}),
    ),
    "global augmentation": (
        "augmentations_are_differentiable_and_draw_from_what_they_get",
        lambda k: faulty(k, "domain", augmentations={"a": lambda x, g: x + torch.rand_like(x)}),
    ),
    "cropping augmentation": (
        "augmentations_are_differentiable_and_draw_from_what_they_get",
        lambda k: faulty(k, "domain", augmentations={"a": lambda x, g: x[:, :8]}),
    ),
    "no licence": ("data_say_where_they_come_from", lambda k: faulty(k, "data", licence=" ")),
    "identity of the moment": (
        "data_say_where_they_come_from",
        lambda k: faulty(k, "data", identity=property(lambda self: str(next(count)))),
    ),
}


def test_what_the_template_writes_keeps_every_law(whole):
    report = check_domain(whole).require()
    skipped = {v.law for v in report.verdicts if v.outcome == "skipped"}
    assert skipped == {"labels_fit_the_samples", "it_trains_resumes_exports_and_samples"}  # no labels, no name


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_caught_by_the_law_that_is_named_for_it(fault, whole):
    law, plant = FAULTS[fault]
    (trial,) = (trial for trial in planned_for_domain(plant(whole)).trials if trial.name == law)
    verdict = trial.verdict()
    assert verdict.outcome == "broken", verdict
    report = Report("rhythm", (), [verdict])
    with pytest.raises(AssertionError, match=law):
        report.require()


@pytest.mark.parametrize("name", ["ring", pytest.param("tokens", marks=pytest.mark.acceptance)])
def test_toys_with_metrics_keep_the_laws_of_domains(name):
    check_domain(kind(name)).require()
