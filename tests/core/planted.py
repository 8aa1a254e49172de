"""What tests of the laws say of a defect that was planted in a regularizer."""

from collections.abc import Callable, Sequence

import pytest
import torch

from detente.engine.regularizer import Regularizer
from detente.testing import Case, check
from detente.testing.check import plan_for


def assert_caught(defect: Callable[[], Regularizer], law: str, cases: Sequence[Case]) -> None:
    """The law of this name is broken, and the report says so."""
    report = check(defect, cases)
    assert law in {v.law for v in report.broken}, f"{report}: {report.broken}"
    with pytest.raises(AssertionError, match=law):
        report.require()


def assert_named(defect: Callable[[], Regularizer], law: str, cases: Sequence[Case]) -> None:
    """The law of this name is broken with a reason, and what it found out about the process is put back."""
    found = [trial.verdict() for trial in plan_for(defect, cases).trials if trial.name == law]
    broken = [verdict for verdict in found if verdict.outcome == "broken"]
    assert broken and all(verdict.reason for verdict in broken), found
    assert torch.is_grad_enabled() and torch.get_default_dtype() is torch.float32
