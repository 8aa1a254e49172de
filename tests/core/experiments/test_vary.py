"""Settings × seeds as blocks: what --vary means, and what a study keeps of it."""

from pathlib import Path

import pytest

from detente import plugins
from detente.errors import UsageError
from detente.experiments import compare as study
from detente.experiments.forecast import usual_seeds
from detente.experiments.vary import settings_of
from detente.recipe import load
from detente.recipe.keys import at
from detente.results.study import Study

RATES = ("generator.optimizer.lr", "discriminator.optimizer.lr")


def planned(out: Path, arms=("none", "r1"), seeds=2, vary=("lr=/4,x1,x4",), domains=("pair",), **more) -> Study:
    how = {"sets": ["steps=20", "samples=50"], **more}
    return study.plan(domains, arms, seeds, out=out, host=plugins.host(), vary=vary, **how)[0]


def test_every_setting_has_seeds_that_no_other_has_and_every_arm_is_trained_at_each(tmp_path):
    found = planned(tmp_path / "s", domains=["pair", "ring"], seeds=[0, 3])
    assert [one.name for one in found.settings] == ["lr=/4", "lr=x1", "lr=x4"]
    seeds = [seed for one in found.settings for seed in one.seeds]
    assert len(set(seeds)) == 6 and found.seeds == sorted(seeds)
    assert len(found.cells) == 2 * 2 * 6
    for domain in ("pair", "ring"):
        own = load(domain=domain, sets=["steps=20"]).plain()
        for cell in [cell for cell in found.cells if cell.domain == domain]:
            times = {"lr=/4": 0.25, "lr=x1": 1, "lr=x4": 4}[cell.setting]
            recipe = found.recipe(cell)
            assert [at(recipe, key) for key in RATES] == pytest.approx([times * at(own, key) for key in RATES])
            assert recipe["seed"] == cell.seed


def test_several_keys_are_varied_together_and_absolute_values_stand_as_they_are(tmp_path):
    found = planned(tmp_path / "s", vary=["batch=16,64", "data.size=500,5000"], seeds=1)
    assert [(one.values["batch"], one.values["data.size"]) for one in found.settings] == [
        ("16", "500"),
        ("16", "5000"),
        ("64", "500"),
        ("64", "5000"),
    ]
    recipes = [found.recipe(cell) for cell in found.cells[:4]]
    assert [(r["batch"], r["data"]["size"]) for r in recipes] == [(16, 500), (16, 5000), (64, 500), (64, 5000)]


def test_a_varied_model_brings_its_own_defaults_and_an_arms_setting_is_what_is_multiplied(tmp_path):
    found = planned(tmp_path / "s", ["none", "none with discriminator.optimizer.lr=x4"], vary=["lr=/2"])
    first, second = (found.recipe(found.cell("pair", arm, 0)) for arm in found.arms)
    assert at(second, RATES[1]) == pytest.approx(4 * at(first, RATES[1]))
    assert at(second, RATES[0]) == at(first, RATES[0])


@pytest.mark.parametrize(
    ("vary", "said"),
    [
        (["lr=1e-4,1e-3"], "lr=1e-4: lr multiplies both"),
        (["batch=/2,64"], "batch=64: its other values are relative"),
        (["batch=16,,32"], "should be KEY=A,B,C"),
        (["batch=16,16"], "batch=16 is given twice"),
        (["lr=x1,1"], "lr=x1 is given twice"),
        (["batch=16", "batch=32"], "batch is given twice"),
        (["seed=1,2"], "seed cannot be varied"),
        (["metric=modes,frechet"], "metric cannot be varied"),
        (["nobody=1,2"], "--vary: nobody: neither a key"),
        (["batch=0,2"], "--vary: batch: "),
    ],
)
def test_what_cannot_be_varied_is_one_clear_sentence(tmp_path, vary, said):
    with pytest.raises(UsageError) as caught:
        planned(tmp_path / "s", vary=vary)
    assert said in str(caught.value)


def test_factors_have_one_way_to_be_written():
    assert [list(values.values()) for values in settings_of(["lr=x0.25,1,x4.0,/0.1"])] == [
        ["/4"],
        ["x1"],
        ["x4"],
        ["x10"],
    ]
    with pytest.raises(UsageError, match="more than 100"):
        settings_of([f"batch={','.join(map(str, range(1, 60)))}", "steps=1,2"])


@pytest.mark.parametrize(("settings", "seeds"), [(0, 6), (1, 6), (2, 3), (3, 2), (6, 2), (12, 2)])
def test_without_seeds_there_are_as_many_as_make_a_verdict_possible(settings, seeds):
    assert usual_seeds(settings) == seeds


def test_a_study_grows_by_settings_seeds_and_arms_and_keeps_the_cells_that_it_has(tmp_path):
    out = tmp_path / "s"
    first = planned(out, vary=["lr=/4,x4"])
    first.write()
    had = {(str(cell.folder), str(recipe)) for cell, recipe in first.runs()}
    more = planned(out, ["none", "r1", "l2"], seeds=3, vary=["lr=x1"])
    assert [one.name for one in more.settings] == ["lr=/4", "lr=x4", "lr=x1"]
    assert had < {(str(cell.folder), str(recipe)) for cell, recipe in more.runs()}
    assert len(more.cells) == 3 * 3 * 3
    assert [one.name for one in planned(out, vary=[]).settings] == ["lr=/4", "lr=x4"], "without --vary it keeps them"
    with pytest.raises(UsageError, match="varies lr, and this command varies batch"):
        planned(out, vary=["batch=16,32"])
    with pytest.raises(UsageError, match=r"r1 at lr=x4: steps is 20 in the study but 30"):
        planned(out, vary=[], sets=["steps=30", "samples=50"])


def test_a_study_without_settings_has_none_and_is_not_given_any(tmp_path):
    out = tmp_path / "s"
    plain = planned(out, vary=[])
    assert (plain.settings, plain.seeds, plain.counted) == ([], [0, 1], "2 seeds") and "settings" not in plain.content
    plain.write()
    assert planned(out, vary=[], seeds=3).seeds == [0, 1, 2]
    with pytest.raises(UsageError, match="varies nothing, and this command varies lr"):
        planned(out)


def test_seeds_that_another_setting_has_are_refused(tmp_path):
    with pytest.raises(UsageError, match="10000 is too large with --vary; use seeds below 10,000"):
        planned(tmp_path / "s", seeds=[0, 10_000])
    assert planned(tmp_path / "s", seeds=[9_999]).seeds == [9_999, 19_999, 29_999]


@pytest.mark.parametrize("setting", ["seed=4", "data.size=9", "domain=ring", "metric=modes"])
def test_an_arm_cannot_change_what_all_arms_share(tmp_path, setting):
    with pytest.raises(UsageError, match="cannot belong to one arm"):
        planned(tmp_path / "s", ["none", f"r1 with {setting}"])


def test_arms_with_settings_have_folders_of_their_own_and_can_be_the_reference(tmp_path):
    texts = ["none", "none with batch=16", "none with batch=32", "r1 with batch=16"]
    found = planned(tmp_path / "s", texts, against="none with batch=16", vary=[])
    assert len({arm.slug for arm in found.arms}) == 4
    assert found.against.text == "none with batch=16"
    assert [found.recipe(cell)["batch"] for cell in found.cells[::2]][1:] == [16, 32, 16]
    with pytest.raises(UsageError, match="give the same recipe"):
        planned(tmp_path / "s", ["none with steps=20", "none"], vary=[])


def test_a_damaged_setting_is_an_error_and_a_report_goes_on_without_it(tmp_path):
    first = planned(tmp_path / "s")
    for wrong in ({"seeds": [7]}, {"changes": {"pair": {first.arms[0].slug: {"nobody.at.all": 1}}}}):
        content = {
            **first.content,
            "settings": [{**first.content["settings"][0], **wrong}, *first.content["settings"][1:]],
        }
        Study(tmp_path / "s", content).write()
        with pytest.raises(UsageError, match=r"study\.yaml: se"):
            Study.open(tmp_path / "s")
        found = Study.open(tmp_path / "s", damaged=True)
        assert found.settings == [] and found.damaged
