"""What a selection says in the end, and the commands that it names."""

import re
import shlex

import numpy as np
import pytest

from choices import LEVELS, content, written
from detente import cli
from detente.report.recommendation import larger, sentence, surer, ties
from detente.results.choice import Choice
from detente.results.selection import Selection


@pytest.mark.parametrize("most", [0, 5, 14, 25])
def test_an_unfinished_selection_says_how_far_it_is_and_how_it_goes_on(most: int, tmp_path):
    choice = written(tmp_path / "x", LEVELS, most)
    assert re.match(rf"Not finished: {most} of 40 runs are done; ", sentence(choice))
    assert surer(choice) == ("To go on:", f"detente resume {choice.folder}")


def test_an_improvement_is_said_with_its_size_its_interval_and_its_p(tmp_path):
    said = sentence(written(tmp_path / "x", {**LEVELS, "b": 0.6}))
    assert re.fullmatch(
        r"Use “b” for pair: after 20 steps on \d+ fresh blocks it scores 0\.10 above “none”, an improvement "
        r"\(exact one-sided p (< \.001|\.00\d)\)\.",
        said,
    )


def test_where_nothing_is_better_no_regularizer_is_recommended(tmp_path):
    choice = written(tmp_path / "x", {**LEVELS, "a": 0.45, "b": 0.3})
    said = sentence(choice)
    assert said.startswith(
        "Use no regularizer for pair: “a”, the best of 3 candidates in the search, scores 0.05 below"
    )
    assert surer(choice) == (
        "To search further, with twice the budget and other fresh blocks:",
        "detente choose pair --cells 80 --steps 20",
    )


def test_a_tie_is_no_reason_for_a_regularizer(tmp_path):
    said = sentence(written(tmp_path / "x", {"none": 0.5, "a": 0.5, "b": 0.4, "c": 0.4}))
    assert "“a”, the best of 3 candidates in the search, scores exactly as high after 20 steps on" in said


def test_candidates_that_are_as_good_in_the_search_are_named(tmp_path):
    rng, found = np.random.default_rng(0), Selection(40, 3)
    while (ask := found.ask) is not None:
        scores = rng.normal(0.5, 0.05, (len(ask.blocks), 1 + len(ask.arms)))
        scores[:, [1 + i for i, arm in enumerate(ask.arms) if arm < 2]] += 0.1
        found.tell(scores)
    choice = Choice(tmp_path, content())
    assert [choice.tried[arm].text for arm in (found.chosen, *found.ties)] == ["b", "a"]
    assert ties(choice, found) == (
        "Not told apart from “b”, because their means in the search lie within its interval or above: “a”."
    )
    assert ties(written(tmp_path / "x", LEVELS, 5)) == ""


def test_where_steps_vary_no_number_of_them_is_named(tmp_path):
    same = {"pair": {key: {} for key in LEVELS}}
    settings = [{"name": f"steps={n}", "values": {"steps": n}, "changes": same} for n in ("20", "40")]
    assert "after" not in sentence(written(tmp_path / "x", LEVELS, settings=settings))


def test_where_all_candidates_fail_there_is_no_recommendation(tmp_path):
    choice = written(tmp_path / "x", {"none": 0.5, "a": -1, "b": -1, "c": -1})
    assert sentence(choice).startswith("No recommendation for pair: every candidate is out")
    assert choice.recommended is None


def test_to_be_surer_the_two_are_compared_on_seeds_that_no_run_had(tmp_path):
    choice = written(tmp_path / "x", LEVELS)
    said, command = surer(choice)
    assert said.startswith("To be surer, compare the two on 8 new blocks (16 runs), ")
    words = shlex.split(command)
    assert words[:7] == ["detente", "compare", "pair", "--reg", "none", "--reg", "b"]
    first, _, last = words[words.index("--seeds") + 1].partition("..")
    assert int(last) - int(first) + 1 == 8
    assert not {cell.seed for cell, _ in choice.runs()} & set(range(int(first), int(last) + 1))
    assert words[-2:] == ["--steps", "20"]


def test_the_larger_search_repeats_what_was_asked_for():
    varied = [{"name": f"lr={v}", "values": {"lr": v}, "changes": {}} for v in ("/4", "x1", "x4")]
    more = {"settings": varied, "also": ["mine(weight=2)"], "asked": ["--set", "a b=1"]}
    command = larger(Choice(None, content(**more)))
    assert shlex.split(command) == [
        *("detente", "choose", "pair", "--cells", "80", "--also", "mine(weight=2)"),
        *("--vary", "lr=/4,x1,x4", "--set", "a b=1"),
    ]
    assert "--budget 20m" in larger(Choice(None, content(budget=600.0)))


@pytest.mark.slow
def test_the_commands_that_are_named_can_be_typed(tmp_path):
    """They are read by the command line itself; here with a domain that is there, and with -n."""
    choice = written(tmp_path / "x", LEVELS)
    for command in (surer(choice)[1], larger(choice)):
        words = shlex.split(command.replace(" pair ", " dirac ").replace("--reg b ", "--reg r1 "))[1:]
        assert cli.main([*words, "-n", "-q"]) == 0
