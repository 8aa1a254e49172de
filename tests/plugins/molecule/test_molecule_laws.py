"""The laws on real molecules: every registered regularizer on a narrow MolGAN, whose samples have two leaves.

With soft draws: a straight-through gradient is by design not the slope that finite differences find.
"""

from functools import partial

import pytest

from dealt import dealt
from detente.plugins import host
from detente.testing import Case, check, check_domain, kind
from strong import STRONG

CONDITIONAL = [
    pytest.param(entry.name, marks=() if entry.name == "r1" else pytest.mark.acceptance)
    for entry in host().entries("regularizer")
    if entry.name != "packing"  # which refuses critics that take labels
]


def molecules(condition: str | None = None, **options) -> Case:
    h = host()
    data = h.load("data", "qm9", "molecule")(size=100, condition=condition)
    small = {"width": 4, "latent_dim": 4, "messages": (6, 4), "readout": 6, "sampling": "soft"}
    model = h.load("model", "molgan", "molecule")(**small, **options)
    return Case("molecule", h.load("domain", "molecule")(), data, model, size=4)


@pytest.fixture(scope="module")
def plain() -> Case:
    return molecules()


@pytest.fixture(scope="module")
def with_a_hidden_layer() -> Case:
    """Behind the description of a graph, where several can stand side by side."""
    return molecules(rectified=True, comparisons=2)


@pytest.fixture(scope="module")
def of_a_class() -> Case:
    return molecules("logp", rectified=True, conditional=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", dealt("molecule"))
def test_every_regularizer_keeps_the_laws_on_molecules(name, plain, with_a_hidden_layer):
    case = with_a_hidden_layer if name == "packing" else plain
    report = check(partial(host().load("regularizer", name), **STRONG.get(name, {})), [case]).require()
    assert report.count("passed") >= 5, report


@pytest.mark.slow
@pytest.mark.parametrize("name", CONDITIONAL)
def test_every_regularizer_keeps_the_laws_on_molecules_of_a_class(name, of_a_class):
    report = check(partial(host().load("regularizer", name), **STRONG.get(name, {})), [of_a_class]).require()
    assert report.count("passed") >= 5, report


@pytest.mark.acceptance
def test_the_kind_of_data_keeps_its_laws_with_classes():
    sets = ["data=qm9", "data.size=800", "data.condition=logp", "model=molgan", "model.conditional=true"]
    report = check_domain(kind("molecule", sets=[*sets, "model.width=8", "model.latent_dim=4"])).require()
    assert not {v.law for v in report.verdicts if v.outcome == "skipped"}, report
