"""Ranges."""

import pytest

from detente.experiments.search.space import Reals
from searches import A, B, C


def test_a_step_folds_back_at_the_ends():
    assert Reals("a", "a", 0.0, 1.0, False).near(0.9, 0.3) == pytest.approx(0.8)
    assert A.near(0.01, -0.25) == pytest.approx(0.1)
    assert B.near(3, 0.5) == 2
    assert C.near("y", 3.0) == "y"
