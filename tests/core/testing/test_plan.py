"""What is tried of a regularizer is known before anything runs."""

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
