"""What every experiment plans with."""

import pytest

from detente.errors import UsageError
from detente.experiments.planning import head, masked, refuse_changes, seed_numbers
from detente.results.study import Study


def test_seeds_are_how_many_or_which():
    assert seed_numbers(3) == [0, 1, 2]
    assert seed_numbers([4, 0]) == [4, 0]
    with pytest.raises(UsageError, match="-1 is negative"):
        seed_numbers([0, -1])


def test_a_long_list_of_changes_is_cut_and_says_what_to_do():
    refuse_changes([], "study")
    with pytest.raises(UsageError) as error:
        refuse_changes([f"steps {n}" for n in range(11)], "study")
    lines = str(error.value).splitlines()
    assert lines[7:] == ["steps 7", "… and 3 more.", "Use the settings of the study, or a new folder with --out."]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("postgresql://me:secret@here/db", "postgresql://me:***@here/db"),
        ("--storage=mysql+pymysql://me:s:e@c@here", "--storage=mysql+pymysql://me:***@c@here"),
        ("sqlite:///trials.db", "sqlite:///trials.db"),
        ("d:r1(gamma=1)", "d:r1(gamma=1)"),
    ],
)
def test_passwords_are_masked(text, kept):
    assert masked(text) == kept


def test_what_began_keeps_when_it_began_and_its_record(tmp_path):
    new = head(None, Study, name="first")
    assert (new["format"], new["commands"], new["versions"], new["name"]) == (1, [], [], "first")
    old = Study(tmp_path, {**new, "created": "then", "commands": [["a"]], "versions": [{"torch": "1"}]})
    again = head(old, Study, name="second")
    assert (again["created"], again["name"], again["commands"]) == ("then", "first", [["a"]])
    again["commands"].append(["b"])
    assert old.content["commands"] == [["a"]]
