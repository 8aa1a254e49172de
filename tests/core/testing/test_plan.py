"""What is tried of a regularizer is known before anything runs, and what a verdict says has a cause and a cure."""

import ast
from pathlib import Path

from detente import testing
from detente.regularizers.r1 import R1
from detente.testing import laws
from detente.testing.check import plan_for


def test_a_plan_has_each_law_for_each_case_and_player_and_those_that_one_case_is_enough_for_once(few):
    plan = plan_for(R1, few)
    found = [(trial.name, trial.where) for trial in plan.trials]
    assert len(found) == len(set(found))
    assert len(found) == len(few) * len(laws.ON_CASES) + sum(
        map(len, (laws.ON_CLOSED_FORMS, laws.ON_FURNISHED, laws.SOMEWHERE))
    )
    assert set(plan.must) <= {name for name, _ in found}


def test_every_verdict_says_the_cause_and_after_a_semicolon_the_cure():
    """A reason that is nothing but another error's text has no other cure."""
    bare = []
    for file in Path(testing.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Broken":
                said = ast.unparse(node.args[0])
                if not any(
                    mark in said
                    for mark in (";", "?", "{error}", "{plugin.error}", "str(dead)", "str(wrong)", "{what}:")
                ):
                    bare.append(f"{file.name}:{node.lineno} {said}")
    assert bare == []
