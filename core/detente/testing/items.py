"""The trials of one subject as tests of pytest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from detente.domains.contracts import Data, Metric, Model
from detente.errors import UsageError, did_you_mean
from detente.testing.check import TOYS, cases, kind, plan_for
from detente.testing.laws import Case, process_kept
from detente.testing.plan import Plan, Trial, planned_for_domain
from detente.testing.report import Verdict
from detente.testing.suites import Kind

ALL = "every_law_that_must_be_tried_was_tried"


@dataclass
class Trials:
    """All trials of one subject, and what came out of those that this process has run."""

    plan: Plan
    expected: Mapping[str, str]
    found: dict[int, Verdict] = field(default_factory=dict)

    def verdict(self, index: int) -> Verdict:
        """That of one trial, which runs now if it has not yet."""
        if index not in self.found:
            self.found[index] = self.plan.trials[index].verdict()
        return self.found[index]

    def some(self, law: str, *outcomes: str) -> bool:
        """Whether a trial of this law came out so; runs trials until one does."""
        known = [i for i, trial in enumerate(self.plan.trials) if trial.name == law]
        known.sort(key=lambda i: i not in self.found)
        return any(self.verdict(i).outcome in outcomes for i in known)

    def reason(self, law: str) -> str:
        """Why a trial of this law was skipped."""
        reasons = [v.reason for v in self.found.values() if v.law == law]
        return reasons[-1] if reasons else "no case applies"


@dataclass
class Item:
    """One test; call it."""

    trials: Trials
    index: int | None
    """Of the trial; None for the test that all that must be tried were."""
    outcome: str | None = None
    reason: str = ""

    @property
    def subject(self) -> str:
        """The name of what is tested."""
        return self.trials.plan.name

    @property
    def law(self) -> str:
        """The name of the law."""
        return ALL if self.index is None else self._trial.name

    @property
    def id(self) -> str:
        """As pytest shows it: r1-ring-discriminator-duplicated_batches_cost_the_same."""
        where = "" if self.index is None else f"-{self._trial.where.replace(', ', '-').replace(' ', '_')}"
        return f"{self.subject}{where}-{self.law}"

    @property
    def _trial(self) -> Trial:
        assert self.index is not None, "the last item has no trial"
        return self.trials.plan.trials[self.index]

    def __call__(self) -> None:
        """Test it.

        Raises:
            AssertionError: the law is broken. Skipped and expected failures are pytest's outcomes.
        """
        __tracebackhide__ = True
        if self.index is None:
            self._complete()
            return
        verdict = self.trials.verdict(self.index)
        self.outcome, self.reason = verdict.outcome, verdict.reason
        if verdict.outcome == "skipped":
            pytest.skip(verdict.reason)
        if verdict.outcome == "broken":
            told = f"{self.subject} breaks {verdict.law} on {verdict.where}: {verdict.reason}"
            if verdict.law in self.trials.expected:
                pytest.xfail(f"{self.trials.expected[verdict.law]} ({told})")
            raise AssertionError(told)

    def _complete(self) -> None:
        __tracebackhide__ = True
        trials, lines = self.trials, []
        for law in trials.plan.must:
            if not trials.some(law, "passed", "broken"):
                lines.append(f"{law} was not tested in any case: {trials.reason(law)}")
        for law, why in trials.expected.items():
            if not trials.some(law, "broken"):
                lines.append(f"{law} was expected to fail ({why}), but it holds: take it out of expected_failures")
        self.outcome = "broken" if lines else "passed"
        if lines:
            raise AssertionError(f"{self.subject}\n  " + "\n  ".join(lines))


def items(
    subject: Callable[[], Any] | str | Kind,
    cases: Sequence[str | Case | Kind] | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> list[Item]:
    """The tests of one subject.

    Args:
        subject: the class of a regularizer, an objective, a model, a data set or a metric, or a function that makes
            one; or a domain, by name or as a Kind.
        cases: names of domains, or cases, or kinds of data. All toys by default for regularizers and objectives; what
            belongs to a kind of data needs one.
        expected_failures: laws that are known to be broken, each with the reason; it is a failure if one holds.

    Raises:
        UsageError: an expected failure is no law, or has no reason.
    """
    if isinstance(subject, str | Kind):
        if cases is not None:
            raise UsageError("cases are for components; a domain is tested by itself.")
        plan = planned_for_domain(kind(subject) if isinstance(subject, str) else subject)
    else:
        plan = plan_for(subject, _cases(subject, TOYS if cases is None and not _of_a_kind(subject) else cases or ()))
    expected = dict(expected_failures or {})
    known = {trial.name for trial in plan.trials}
    for law, why in expected.items():
        if law not in known:
            raise UsageError(f"expected_failures names {law!r}, which is no law.{did_you_mean(law, known)}")
        if not why.strip():
            raise UsageError(f"expected_failures: say why {law} is broken.")
    trials = Trials(plan, expected)
    return [*(Item(trials, i) for i in range(len(plan.trials))), Item(trials, None)]


def _of_a_kind(subject: Callable[[], Any]) -> bool:
    """Whether what it makes belongs to a kind of data."""
    if isinstance(subject, type):
        return issubclass(subject, Data | Model | Metric)
    with process_kept():
        return isinstance(subject(), Data | Model | Metric)


def _cases(subject: Callable[[], Any], wanted: Sequence[str | Case | Kind]) -> list[Any]:
    found: list[Any] = []
    of_a_kind = _of_a_kind(subject)
    for one in wanted:
        if isinstance(one, str):
            found += [kind(one)] if of_a_kind else cases([one])
        else:
            found.append(one)
    return found
