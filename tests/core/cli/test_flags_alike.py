"""Shared flags mean the same on every verb that has them."""

from pathlib import Path

import pytest

from command_line import RING, SMALL, Call
from detente.plugins import discover
from detente.recipe import load

HOST = discover()


@pytest.mark.parametrize("verb", ["train", "check", "compare", "tune"])
def test_the_verbs_that_train_share_what_says_what_is_trained(call: Call, verb: str) -> None:
    said = call(verb, "--help").out
    for flag in (
        "--data",
        "--model",
        "--objective",
        "--metric",
        "--recipe",
        "--set",
        "--reg",
        "--device",
        "--precision",
    ):
        assert flag in said, flag
    assert "joined to one chain" in " ".join(said.split())
    assert "Example" in said


@pytest.mark.parametrize("flag", ["--data", "--model", "--objective"])
@pytest.mark.parametrize(
    "verb",
    [["train"], ["check"], ["compare", "--reg", "none"], ["tune", "--search", "a=1"], ["choose", "--cells", "60"]],
)
def test_an_unknown_name_is_refused_by_the_flag_it_was_given_with(call: Call, verb: list[str], flag: str) -> None:
    done = call(verb[0], "ring", *verb[1:], flag, "nothing-such", "-n" if verb[0] != "check" else "-q")
    assert (done.code, f"{flag}: " in done.err, "nothing-such" in done.err) == (2, True, True), done.err


@pytest.mark.parametrize("name", ["quality", "inside", "modes", "modes-kl"])
def test_a_chosen_score_is_scaled_and_stays_with_the_run(call: Call, name: str) -> None:
    assert call(*RING, "--metric", name, "--folder", "run", "-q").code == 0
    found = call("evaluate", "run", "--json").data
    better = "lower" if name == "modes-kl" else "higher"
    assert (found["primary"], found["direction"]) == (name, better)
    ends = [found["references"][row][name] for row in ("untrained", "real")]
    share = (found["scores"][name] - ends[0]) / (ends[1] - ends[0])
    assert found["scaled"] == pytest.approx(min(1.0, max(0.0, share)))
    assert f"{name} *" in call("evaluate", "run").out


def test_a_study_is_carried_by_the_chosen_score(call: Call) -> None:
    study = call("compare", "ring", *SMALL[:4], "--reg", "none", "--metric", "inside", "--seeds", 1, "-n", "--json")
    assert study.data["domains"]["ring"]["primary"]["score"] == "inside"
    usual = call("compare", "ring", *SMALL[:4], "--reg", "none", "--seeds", 1, "-n", "--json")
    assert usual.data["domains"]["ring"]["primary"]["score"] == "quality"


@pytest.mark.parametrize(
    "more", [["train", "ring", "-n"], ["check", "ring"], ["compare", "ring", "--reg", "none", "-n"]]
)
def test_a_score_that_no_metric_has_is_refused(call: Call, more: list[str]) -> None:
    done = call(*more, *SMALL, "--metric", "beauty")
    assert (done.code, "--metric: there is no score 'beauty' in these recipes." in done.err) == (2, True), done.err


def test_a_recipe_that_chooses_no_score_has_the_text_that_it_had() -> None:
    recipe = load(None, "ring", host=HOST)
    assert "metric" not in recipe.plain()
    assert load({**recipe.plain(), "metric": "modes"}, host=HOST).plain()["metric"] == "modes"


def test_check_takes_a_domain_or_a_recipe(call: Call) -> None:
    Path("recipe.yaml").write_text("domain: ring\nbatch: 16\n")
    reg = ["--reg", "l2+dropout+r1"]
    by_name, by_file = call("check", "ring", *reg), call("check", "recipe.yaml", *reg)
    before = call("check", "--domain", "ring", *reg)
    assert (by_name.code, by_file.code) == (0, 0)
    assert "l2-under-adam" in by_name.out
    assert by_name.out == by_file.out == before.out
    for twice in (["ring", "--domain", "ring"], ["recipe.yaml", "--recipe", "recipe.yaml"]):
        done = call("check", *twice)
        assert (done.code, "remove one of them" in done.err) == (2, True)


def test_none_joined_to_a_chain_is_taken_for_arms(call: Call) -> None:
    done = call("train", "ring", "--reg", "none", "--reg", "d:r1(gamma=1, every=4)", "-n")
    assert done.code == 2
    assert "detente compare ring --reg none --reg 'd:r1(gamma=1, every=4)'" in done.err


@pytest.mark.parametrize("flag", ["--data", "--model"])
def test_what_belongs_to_one_domain_is_not_for_two(call: Call, flag: str) -> None:
    done = call("compare", "ring", "grid", flag, "ring", "--reg", "none")
    assert (done.code, f"{flag} ring: belongs to one domain, but there are 2" in done.err) == (2, True)
