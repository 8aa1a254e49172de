"""The list of rules, on records of real runs: most with a planted fault, others without one."""

import json
import re
from pathlib import Path

import pytest

from courses import course
from detente.results.doctor.course import Course
from detente.results.doctor.rules import RULES, diagnoses, examine
from detente.training.run_folder import Run

FIXTURES = Path(__file__).parents[3] / "fixtures" / "doctor"
RECORDS = sorted(FIXTURES.glob("*.json"))


def test_every_rule_has_its_own_code_and_says_what_it_is_about() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert all(rule.summary.endswith(".") for rule in RULES)


def test_the_page_of_troubles_names_every_rule_in_the_same_order() -> None:
    page = (FIXTURES.parents[2] / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^\| `([a-z-]+)` \|", page) == [rule.code for rule in RULES]


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_planted_faults_are_named_and_healthy_runs_left_alone(path: Path) -> None:
    record = json.loads(path.read_text(encoding="utf-8"))
    seen = Course(Path("run"), record["recipe"], record["info"], record["lines"])
    found = {each.code for each in diagnoses(seen)}
    assert found & set(record["codes"]) if record["codes"] else not found, found


def test_that_there_is_no_progress_is_said_where_nothing_says_why() -> None:
    poor = [{"scaled": 0.0, "scores": {"frechet": value}} for value in (3.0, 9.0, 5.0)]
    assert [each.code for each in diagnoses(course(evaluated=poor))] == ["no-progress"]
    saturated = course([{"D/apart": 1.0}] * 8, poor)
    assert [each.code for each in diagnoses(saturated)] == ["critic-saturated"]


def test_a_folder_in_which_nothing_has_begun_shows_nothing(tmp_path: Path) -> None:
    assert examine(Run(tmp_path)) == []
