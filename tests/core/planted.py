"""What tests of the laws say of a defect that was planted in a regularizer."""

from collections.abc import Callable, Sequence

import pytest

from detente.engine.regularizer import Regularizer
from detente.testing import Case, check


def assert_caught(defect: Callable[[], Regularizer], law: str, cases: Sequence[Case]) -> None:
    """The law of this name is broken, and the report says so."""
    report = check(defect, cases)
    assert law in {v.law for v in report.broken}, f"{report}: {report.broken}"
    with pytest.raises(AssertionError, match=law):
        report.require()
