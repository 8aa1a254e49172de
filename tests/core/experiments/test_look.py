"""A recipe is looked at before anything trains: what is wrong with it comes back, and is not raised."""

import pytest

from detente import plugins, recipe
from detente.errors import UsageError
from detente.experiments.look import Look, Looked, look_at


def look(**more: object) -> Look:
    return Look("ring", "none", {**recipe.load(domain="ring", sets=["data.size=64"]).plain(), **more})


def test_a_recipe_that_can_be_trained_has_findings_alone():
    assert isinstance(look_at(look(), plugins.host()), Looked)


@pytest.mark.parametrize("device", ["cuda:63", "cuda:7"])
def test_what_refuses_a_recipe_comes_back_as_the_error(device: str):
    found = look_at(look(device=device), plugins.host())
    assert isinstance(found, UsageError) and "not available" in str(found)
