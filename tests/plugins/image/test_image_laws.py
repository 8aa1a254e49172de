"""The laws on real digits: every registered regularizer on a narrow DCGAN, those of installed strangers included."""

from functools import partial

import pytest

from dealt import dealt
from detente.plugins import host
from detente.testing import Case, check
from strong import STRONG


@pytest.fixture(scope="module")
def digits() -> Case:
    h = host()
    model = h.load("model", "dcgan", "image")(width=4, latent_dim=8)
    return Case("image", h.load("domain", "image")(), h.load("data", "digits", "image")(), model, size=4)


@pytest.mark.slow
@pytest.mark.parametrize("name", dealt("image"))
def test_every_regularizer_keeps_the_laws_on_digits(name, digits):
    report = check(partial(host().load("regularizer", name), **STRONG.get(name, {})), [digits]).require()
    assert report.count("passed") >= 5, report
