"""One recipe per domain, and by what the arms differ."""

import pytest

from detente.report.recipe_table import differing, recipes_of
from pages import write_study

BASE = {"steps": 20, "model": {"name": "mlp", "width": 8}, "discriminator": {"regularizers": {}}}


@pytest.mark.parametrize(
    ("other", "lines"),
    [
        (BASE, []),
        (BASE | {"steps": 30}, ["steps: 30"]),
        (
            BASE | {"discriminator": {"regularizers": {"r1": {"gamma": 1.0}}}},
            ["discriminator.regularizers.r1.gamma: 1.0"],
        ),
        (BASE | {"model": {"name": "mlp"}}, ["no model.width"]),
        (
            BASE | {"model": {"name": "dcgan", "betas": [0.0, 0.9]}},
            ["model.name: dcgan", "model.betas: [0.0, 0.9]", "no model.width"],
        ),
        (BASE | {"device": None}, ["device: null"]),
        (BASE | {"note": "a }"}, ["note: 'a }'"]),
        ({**BASE, "allow": ["a: b"]}, ["allow: ['a: b']"]),
    ],
)
def test_an_arm_is_said_by_the_entries_that_differ(other, lines):
    assert differing(BASE, other) == lines


def test_the_reference_arms_recipe_stands_in_full(tmp_path):
    study = write_study(tmp_path, ["r1", "none", "l2"])
    found = recipes_of(study, "pair")
    assert found is not None
    assert (found.arm.text, "none" in found.text) == ("none", True)
    assert [(arm.text, lines) for arm, lines in found.differences] == [("r1", ["note: r1"]), ("l2", ["note: l2"])]
    study.content["recipes"] = {}
    assert recipes_of(study, "pair") is None
