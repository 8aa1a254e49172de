"""Help in groups."""

import pytest

from command_line import Call
from detente.cli import grouping


@pytest.mark.parametrize(
    "verb", ["train", "resume", "check", "compare", "tune", "choose", "evaluate", "sample", "export", "report"]
)
def test_every_verb_has_its_flags_in_groups_and_ends_with_an_example(call: Call, verb: str) -> None:
    said = call(verb, "--help").out
    assert f"\n{grouping.MESSAGES}:\n" in said
    assert "\nOptions:\n" not in said
    example = said[said.rindex("Example") :].splitlines()
    assert example[1].strip().startswith(f"detente {verb} ")


def test_verbs_are_grouped_and_in_the_order_of_work(call: Call) -> None:
    said = call("--help").out
    places = [said.index(f"\n{title}:\n") for title in (grouping.TRAINING, grouping.USING, grouping.LOOKING)]
    assert places == sorted(places)
    assert "\n  train " in said


def test_defaults_of_flags_are_shown(call: Call) -> None:
    said = " ".join(call("compare", "--help").out.split())
    assert "(default: 6, the fewest that can give a verdict" in said
    assert "(default: a new numbered one in studies)" in said
