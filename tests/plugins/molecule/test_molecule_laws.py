"""The laws on real molecules: every registered regularizer on a narrow MolGAN, whose samples have two leaves.

With soft draws: a straight-through gradient is by design not the slope that finite differences find.
"""

from functools import partial

import pytest

from dealt import dealt
from detente.plugins import host
from detente.testing import Case, check
from strong import STRONG


def molecules(**options) -> Case:
    h = host()
    data = h.load("data", "qm9", "molecule")(size=100)
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


@pytest.mark.slow
@pytest.mark.parametrize("name", dealt("molecule"))
def test_every_regularizer_keeps_the_laws_on_molecules(name, plain, with_a_hidden_layer):
    case = with_a_hidden_layer if name == "packing" else plain
    report = check(partial(host().load("regularizer", name), **STRONG.get(name, {})), [case]).require()
    assert report.count("passed") >= 5, report
