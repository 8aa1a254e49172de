"""What every regularizer has: names, points, traits, and a copy to hand out."""

import pytest

from detente.engine.regularizer import named
from detente.errors import UsageError
from detente.regularizers.r1 import R1


@pytest.mark.parametrize("name", ["", "1st", "a.b", "a b", "../x"])
def test_a_name_that_could_not_key_a_checkpoint_is_refused(name):
    with pytest.raises(UsageError, match="not a valid regularizer name"):
        named(name, R1())
