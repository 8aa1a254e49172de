"""One side of the comparison that a search ends with."""

import pytest

from detente.recipe.slugs import slug
from detente.results.cells import Arm
from detente.results.rivals import Rival, rivals_in


def test_a_rival_has_its_recipe_at_each_setting():
    rival = Rival(Arm("r1", "fresh-r1"), ("winner",), {"batch": 4, "model": {"width": 2}}, {"batch=x2": {"batch": 8}})
    assert rival.at("batch=x2") == {"batch": 8, "model": {"width": 2}}
    assert rival.at("") == rival.at("batch=x1") == {"batch": 4, "model": {"width": 2}}


def test_changes_to_what_a_recipe_does_not_have_do_not_fit():
    recipe = {"batch": 4, "model": {"width": 2}}
    for wrong in ({"nobody.at": 1}, {"batch.size": 1}, {"model.width.deep": 1}):
        assert not Rival(Arm("a", "a"), ("none",), recipe, {"s": wrong}).fits("s")
    assert Rival(Arm("a", "a"), ("none",), recipe, {"s": {"model.width": 3}}).fits("s")


@pytest.mark.parametrize("roles", [("default", "winner"), ("none", "default")])
def test_the_first_rival_is_the_winner_or_there_are_none(roles: tuple[str, str]):
    entries = [{"text": role, "slug": role, "roles": [role], "recipe": {"steps": 1}} for role in roles]
    assert rivals_in(entries, []) == ([], "the first of them is not the winner")
    entries[0]["roles"] = [roles[0], "winner"]
    found, why = rivals_in(entries, [])
    assert [rival.arm.text for rival in found] == list(roles) and why is None


@pytest.mark.parametrize("text", ["r1.gamma=2", "none", "r1.gamma=1 "])
def test_the_text_of_a_rival_goes_with_its_folder(text: str):
    entry = {"text": "r1.gamma=1", "slug": f"fresh-{slug('r1.gamma=1')}", "roles": ["winner"], "recipe": {"steps": 1}}
    assert len(rivals_in([entry], [])[0]) == 1
    found, why = rivals_in([{**entry, "text": text}], [])
    assert (found == []) == (text.strip() != "r1.gamma=1") == ("was made for another arm" in str(why))
