"""The laws that every regularizer must pass, shipped for those who write their own.

```python
from detente.testing import check


def test_my_penalty_keeps_the_laws():
    check(MyPenalty).require()
```

Each law is tested wherever it applies: on the built-in toys (or the cases that you choose), on each player that the
regularizer supports, and on small games with closed forms. A law that does not apply says why. `require` fails when a
law was broken, and also when a law that a component of this kind must keep was tested in no case: a test that checked
nothing must not pass.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import torch

from detente.engine.regularizer import Regularizer
from detente.engine.step import Role
from detente.errors import UsageError
from detente.plugins import Host
from detente.plugins import host as current_host
from detente.testing import laws
from detente.testing.laws import Broken, Case, Skip, Subject

ROLES: tuple[Role, ...] = ("discriminator", "generator")
TOYS = ("dirac", "bilinear", "linear-quadratic", "ring", "grid", "pair", "critics", "tokens")


class Verdict(NamedTuple):
    """The verdict of one law on one case."""

    law: str
    where: str
    outcome: str
    """passed, skipped or broken"""
    reason: str = ""


@dataclass
class Report:
    """All verdicts on one regularizer."""

    name: str
    must: tuple[str, ...]
    verdicts: list[Verdict] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        """How many verdicts came out so."""
        return sum(v.outcome == outcome for v in self.verdicts)

    @property
    def broken(self) -> list[Verdict]:
        """The verdicts against it."""
        return [v for v in self.verdicts if v.outcome == "broken"]

    @property
    def untried(self) -> dict[str, str]:
        """Laws that it must keep and that applied nowhere, with a reason that was given."""
        tried = {v.law for v in self.verdicts if v.outcome != "skipped"}
        why = {v.law: v.reason for v in self.verdicts}
        return {law: why.get(law, "no case applies") for law in self.must if law not in tried}

    def require(self) -> "Report":
        """Itself, if every law was kept and none that matters was left out.

        Raises:
            AssertionError: naming each broken law with where and why, and each untried one.
        """
        lines = [f"{v.law} on {v.where}: {v.reason}" for v in self.broken]
        lines += [f"{law} was not tested in any case: {why}" for law, why in self.untried.items()]
        if lines:
            raise AssertionError(f"{self.name} breaks {len(lines)} law(s)\n  " + "\n  ".join(lines))
        return self

    def __str__(self) -> str:
        counts = ", ".join(f"{self.count(outcome)} {outcome}" for outcome in ("passed", "skipped", "broken"))
        return f"{self.name}: {counts}"


def cases(domains: Sequence[str] = TOYS, host: Host | None = None) -> list[Case]:
    """Each domain with the first of its data sets and models, ready to build games in float64.

    Raises:
        PluginError, UsageError: a domain is missing or broken, or has no data set or no model.
    """
    host = host or current_host()
    out = []
    for name in domains:
        domain = host.load("domain", name)()
        data, model = (_first(kind, name, host) for kind in ("data", "model"))
        out.append(Case(name, domain, model.view(data), model))
    return out


def _first(kind: Literal["data", "model"], domain: str, host: Host) -> Any:
    entries = host.entries(kind, domain)
    if not entries:
        raise UsageError(f"The domain {domain!r} has no {kind} to test with. Declare one, or leave the domain out.")
    return entries[0].load()()


def check(make: Callable[[], Regularizer], where: Iterable[Case] | None = None) -> Report:
    """Test every law on the regularizers that `make` returns.

    Args:
        make: returns a fresh instance each time, with options strong enough to show an effect.
        where: the cases; all toys of `TOYS` by default.
    """
    one = make()
    # Tiny tensors on many threads would spend their time on waiting for each other.
    threads, default = torch.get_num_threads(), torch.default_generator.get_state()
    torch.set_num_threads(1)
    try:
        report = Report(one.name, laws.must_keep(one))
        roles: list[Role] = [r for r in ROLES if r in one.players or "both" in one.players]
        for case in cases() if where is None else where:
            for role in roles:
                subject = Subject(make, case, role)
                for law in laws.ON_CASES:
                    report.verdicts.append(_try(law, subject, f"{case.name}, {role}"))
        for role in roles:
            subject = Subject(make, laws.plain_case(), role)
            for law in laws.ON_CLOSED_FORMS:
                report.verdicts.append(_try(law, subject, f"closed forms, {role}"))
    finally:
        torch.set_num_threads(threads)
        torch.default_generator.set_state(default)
    return report


def _try(law: Callable[[Subject], Any], subject: Subject, where: str) -> Verdict:
    name = law.__name__
    try:
        law(subject)
    except Skip as reason:
        return Verdict(name, where, "skipped", str(reason))
    except Broken as reason:
        return Verdict(name, where, "broken", str(reason))
    except UsageError as reason:
        return Verdict(name, where, "skipped", f"the case is refused: {reason}")
    except Exception as error:
        return Verdict(name, where, "broken", f"it raises {type(error).__name__}: {error}")
    return Verdict(name, where, "passed")


__all__ = ["TOYS", "Broken", "Case", "Report", "Skip", "Subject", "Verdict", "cases", "check"]
