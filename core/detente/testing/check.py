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
from typing import Any, Literal

from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.plugins import Host
from detente.plugins import host as current_host
from detente.testing.domain_laws import Kind
from detente.testing.laws import Case
from detente.testing.plan import Plan, planned, planned_for_domain
from detente.testing.report import Report

TOYS = ("dirac", "bilinear", "linear-quadratic", "ring", "grid", "pair", "critics", "tokens")


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
    plan = plan_for(make, where)
    report = Report(plan.name, plan.must)
    for trial in plan.trials:
        report.verdicts.append(trial.verdict())
    return report


def plan_for(make: Callable[[], Regularizer], where: Iterable[Case] | None = None) -> Plan:
    """What `check` would test, one trial for each law and case, nothing of it run."""
    return planned(make, cases() if where is None else list(where))


def kind(name: str, host: Host | None = None) -> Kind:
    """A domain with the first of its data sets and models and with all its metrics, to test the laws of domains on.

    Raises:
        PluginError, UsageError: a component is missing or broken.
    """
    host = host or current_host()
    domain = host.load("domain", name)()
    data, model = (_first(part, name, host) for part in ("data", "model"))
    seen = model.view(data)
    domain.meet(seen.space)
    metrics = {metric: host.load("metric", metric, name)() for metric in domain.metrics}
    return Kind(name, domain, seen, model, metrics)


def check_domain(subject: str | Kind) -> Report:
    """Test every law of domains on a kind of data, by the name of its domain."""
    plan = planned_for_domain(kind(subject) if isinstance(subject, str) else subject)
    return Report(plan.name, plan.must, [trial.verdict() for trial in plan.trials])
