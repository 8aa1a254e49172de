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

from detente.domains.contracts import Data, Domain, Metric, Model
from detente.engine.objectives import Objective
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.plugins import Host
from detente.plugins import host as current_host
from detente.testing.laws import Case, process_kept
from detente.testing.plan import Plan, planned, planned_for_domain, planned_for_objective, planned_for_part
from detente.testing.report import Report
from detente.testing.suites import Kind

TOYS = ("dirac", "bilinear", "linear-quadratic", "ring", "grid", "pair", "critics", "tokens")
"""The built-in games that regularizers are tested on."""


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
    return host.load(kind, _first_entry(kind, domain, host), domain)()


def _first_entry(kind: Literal["data", "model"], domain: str, host: Host) -> str:
    entries = host.entries(kind, domain)
    if not entries:
        raise UsageError(f"The domain {domain!r} has no {kind} to test with. Declare one, or leave the domain out.")
    return entries[0].name


def check(make: Callable[[], Any], where: Iterable[Case | Kind] | None = None) -> Report:
    """Test every law on the regularizers, objectives, models, data sets or metrics that `make` returns.

    Args:
        make: returns a fresh instance each time; a regularizer has options strong enough to show an effect.
        where: for a regularizer or an objective the cases, by default all toys of `TOYS`; for the others the kinds of
            data in which it takes the place of the one that is there, as `kind` returns them.

    Raises:
        UsageError: it is none of these, or a model, data set or metric is given without a kind of data.
    """
    return plan_for(make, where).report()


def plan_for(make: Callable[[], Any], where: Iterable[Case | Kind] | None = None) -> Plan:
    """What `check` would test, one trial for each law and case, nothing of it run."""
    given = None if where is None else list(where)
    with process_kept():
        one = make()
    if isinstance(one, Data | Model | Metric):
        kinds = [k for k in given or () if isinstance(k, Kind)]
        if not kinds:
            raise UsageError(
                f"{type(one).__name__} belongs to a kind of data: give it, such as cases=['ring'] or [kind('ring')]."
            )
        return planned_for_part(one, kinds)
    if isinstance(one, Domain):
        raise UsageError(f"{type(one).__name__} is tested with data, a model and metrics: give its name, or a Kind.")
    if not isinstance(one, Regularizer | Objective):
        raise UsageError(
            f"{type(one).__name__} has no laws: it is no regularizer, objective, model, data set or metric."
        )
    found = [c for c in given if isinstance(c, Case)] if given is not None else cases()
    return planned_for_objective(make, found) if isinstance(one, Objective) else planned(make, found)


def kind(name: str, host: Host | None = None, sets: Sequence[str] = ()) -> Kind:
    """A domain with one of its data sets and models and with all its metrics, to test the laws of domains on.

    Args:
        name: of the domain.
        host: where names are looked up; that of this process by default.
        sets: settings as `--set` takes them, such as "model.width=4" or "data.size=200". Without `data=` and `model=`
            the first of each is taken.

    Raises:
        PluginError, UsageError: a component is missing or broken, or refuses its options; a domain is declared under
            another name than its class states.
    """
    host = host or current_host()
    domain = host.load("domain", name)()
    chosen = [one.partition("=")[0] for one in sets]
    first = [f"{part}={_first_entry(part, name, host)}" for part in ("data", "model") if part not in chosen]
    if domain.name != name:
        raise UsageError(
            f"The domain {name!r} is declared under this name, but its class says name = {domain.name!r}. Write the "
            "same name in both places."
        )
    settings = (*first, *sets)
    # A kind with recipes needs the extra `run`; a regularizer's laws do without.
    from detente.recipe import resolve

    resolved = resolve(None, name, settings, host=host)
    data, model = resolved.make("data"), resolved.make("model")
    seen = model.view(data)
    domain.meet(seen.space)
    metrics = {metric: host.load("metric", metric, name)() for metric in domain.metrics}
    return Kind(name, domain, seen, model, metrics, settings, host)


def check_domain(subject: str | Kind) -> Report:
    """Test every law of domains on a kind of data, by the name of its domain."""
    return planned_for_domain(kind(subject) if isinstance(subject, str) else subject).report()
