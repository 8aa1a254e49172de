"""What a search ends with."""

from detente import recipe
from detente.experiments.search.rivals import rivals, write_best
from detente.recipe.overlay import ROLES
from detente.results.search import Trial, Tuning
from searches import GAMMA


def tuning(folder, plain, default_is_none: bool = False) -> Tuning:
    none = plain if default_is_none else {**plain, **{side: {**plain[side], "regularizers": {}} for side in ROLES}}
    search = [{"label": "r1.gamma", "key": GAMMA, "range": "log:0.01..100"}]
    return Tuning(folder, {"search": search, "recipes": {"default": plain, "none": none}})


def test_the_winner_meets_the_default_and_none(tmp_path, plain):
    found = rivals(tuning(tmp_path, plain), Trial(3, {GAMMA: 0.5}))
    assert [(rival.roles, rival.arm.text) for rival in found] == [
        (("winner",), "r1.gamma=0.5"),
        (("default",), "r1.gamma=10 (default)"),
        (("none",), "none"),
    ]
    assert found[0].recipe["discriminator"]["regularizers"]["r1"]["gamma"] == 0.5
    assert all(rival.arm.slug.startswith("fresh-") for rival in found)


def test_what_is_one_recipe_is_run_once(tmp_path, plain):
    won = rivals(tuning(tmp_path, plain), Trial(0, {GAMMA: 10.0}))
    assert [rival.roles for rival in won] == [("winner", "default"), ("none",)]
    lost = rivals(tuning(tmp_path, plain, default_is_none=True), Trial(0, {GAMMA: 1.0}))
    assert [rival.roles for rival in lost] == [("winner",), ("default", "none")]


def test_the_best_setting_is_a_recipe_that_loads(tmp_path, plain):
    one = tuning(tmp_path, plain)
    write_best(one, Trial(3, {GAMMA: 0.5}))
    assert one.best.read_text().startswith("# r1.gamma=0.5: trial 3 of the search in this folder.")
    assert recipe.load(one.best).discriminator.regularizers["r1"]["gamma"] == 0.5
