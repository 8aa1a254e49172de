"""Which law is tried where, and trying it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from detente.domains.contracts import Data, Metric, Model
from detente.engine.objectives import Objective
from detente.engine.options import kebab
from detente.engine.regularizer import Regularizer
from detente.engine.step import Role
from detente.errors import UsageError
from detente.testing import laws, suites
from detente.testing.laws import Broken, Case, Skip, Subject
from detente.testing.report import Report, Verdict, line_of, raised
from detente.testing.suites import Kind, Losses

ROLES: tuple[Role, ...] = ("discriminator", "generator")
Law = Callable[[Any], Any]


@dataclass(frozen=True)
class Trial:
    """A law to be tried: on one subject, or on several of which one is enough."""

    law: Law
    subjects: tuple[Any, ...]
    where: str

    @property
    def name(self) -> str:
        """The law's name."""
        return self.law.__name__

    def verdict(self) -> Verdict:
        """What came out: passed if it is kept by any of the subjects."""
        found = Verdict(self.name, self.where, "skipped", "no case applies")
        for subject in self.subjects:
            new = _try(self.law, subject, self.where)
            if new.outcome == "passed":
                return new
            if found.outcome != "broken":
                found = new
        return found


@dataclass(frozen=True)
class Plan:
    """All trials of one subject, and the laws that must be tried at least once."""

    name: str
    must: tuple[str, ...]
    trials: tuple[Trial, ...]

    def report(self) -> Report:
        """All verdicts."""
        return Report(self.name, self.must, [trial.verdict() for trial in self.trials])


def planned(make: Callable[[], Regularizer], cases: Sequence[Case]) -> Plan:
    """The trials of the regularizers that `make` returns, in the given cases and in those that laws bring along.

    Raises:
        Exception: whatever `make` raises.
    """
    with laws.process_kept():
        one = make()
    roles: list[Role] = [r for r in ROLES if r in one.players or "both" in one.players]
    found: list[Trial] = []
    for case in cases:
        for role in roles:
            subject = Subject(make, case, role)
            found += [Trial(law, (subject,), f"{case.name}, {role}") for law in laws.ON_CASES]
    for role in roles:
        own = Subject(make, laws.furnished_case(), role)
        found += [Trial(law, (own,), f"furnished, {role}") for law in laws.ON_FURNISHED]
        anywhere = (*(Subject(make, case, role) for case in cases), own)
        found += [Trial(law, anywhere, f"any case, {role}") for law in laws.SOMEWHERE] if cases else []
        plain = Subject(make, laws.plain_case(), role)
        found += [Trial(law, (plain,), f"closed forms, {role}") for law in laws.ON_CLOSED_FORMS]
    return Plan(one.name, laws.must_keep(one), tuple(found))


def planned_for_domain(kind: Kind) -> Plan:
    """The trials of a kind of data: of its domain, data, model and metrics, and of a run on them."""
    must = suites.MUST["domain"] + (suites.whole.MUST if kind.sets is not None else ())
    return Plan(kind.name, must, _trials(suites.OF_DOMAINS, kind, type(kind.data).__name__))


def planned_for_objective(make: Callable[[], Objective], cases: Sequence[Case]) -> Plan:
    """The trials of an objective, on critics of their own and in the given cases.

    Raises:
        Exception: whatever `make` raises.
    """
    with laws.process_kept():
        name = kebab(type(make()).__name__)
    found = _trials(suites.objectives.ON_LOGITS, Losses(make, laws.plain_case()), "logits")
    for case in cases:
        found += _trials(suites.objectives.ON_CASES, Losses(make, case), case.name)
    return Plan(name, suites.MUST["objective"], found)


def planned_for_part(part: Data | Model | Metric, kinds: Sequence[Kind]) -> Plan:
    """The trials of a data set, a model or a metric, in place of that of each kind of data."""
    name = kebab(type(part).__name__)
    found: tuple[Trial, ...] = ()
    if isinstance(part, Data):
        what, tried = "data", suites.OF_DATA
    elif isinstance(part, Model):
        what, tried = "model", suites.OF_MODELS
    else:
        what, tried = "metric", suites.OF_METRICS
    for kind in kinds:
        new: dict[str, Any] = {what: part} if what != "metric" else {"metrics": {name: part}}
        found += _trials(tried, replace(kind, sets=None, **new), kind.name)
    return Plan(name, suites.MUST[what], found)


def _trials(tried: Sequence[Law], subject: Any, where: str) -> tuple[Trial, ...]:
    return tuple(Trial(law, (subject,), where) for law in tried)


def _try(law: Law, subject: Any, where: str) -> Verdict:
    found = _once(law, subject, where)
    if found.outcome == "broken" and isinstance(subject, Subject) and law not in laws.WITHOUT_CONTROL:
        without = _once(law, Subject(Regularizer, subject.case, subject.role), where)
        if without.outcome == "broken":  # its own fault is not the regularizer's
            return found._replace(
                outcome="skipped", reason=f"the networks of the case break it by themselves: {without.reason}"
            )
    return found


def _once(law: Law, subject: Any, where: str) -> Verdict:
    name = law.__name__
    # Tiny tensors on many threads would spend their time on waiting for each other.
    with laws.process_kept():
        torch.set_num_threads(1)
        torch.set_grad_enabled(True)
        try:
            law(subject)
        except Skip as reason:
            return Verdict(name, where, "skipped", str(reason))
        except Broken as reason:
            return Verdict(name, where, "broken", f"{reason}{line_of(reason)}")
        except UsageError as reason:
            return Verdict(name, where, "skipped", f"the case is refused: {reason}")
        except Exception as error:
            return Verdict(name, where, "broken", raised(error))
    return Verdict(name, where, "passed")
