"""The laws in pytest: `@laws_of(MyPenalty)` makes one test of each law in each case.

```python
from detente.pytest_plugin import laws_of


@laws_of(MyPenalty)
def test_laws(law):
    law()
```

Installed with détente; it imports nothing else of it before a test bears the mark.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

MARK = "laws_of"
PROPERTY = "detente"


def laws_of(
    subject: Any, cases: Sequence[Any] | None = None, expected_failures: Mapping[str, str] | None = None
) -> pytest.MarkDecorator:
    """Mark a test that takes `law` and calls it: it is run for each law in each case.

    Args:
        subject: the class of a regularizer, an objective, a model, a data set or a metric, or a function that makes
            one; or a domain, by its name or as a `detente.testing.Kind`.
        cases: names of domains, or `detente.testing.Case`; all toys by default. A model, a data set or a metric needs
            them: the names of domains, or a `detente.testing.Kind`, in which it takes the place of the one there.
        expected_failures: laws that are known to be broken, each with the reason; it is a failure if one holds.
    """
    # Not `pytest.mark.laws_of(subject)`, which would take a class for what is to be marked.
    mark = getattr(pytest.mark, MARK)
    return mark.with_args(subject, cases=cases, expected_failures=expected_failures)


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line(
        "markers",
        f"{MARK}: one test for each of détente's laws and each case; use detente.pytest_plugin.laws_of.",
    )
    config.pluginmanager.register(_Tally(), "detente-laws-tally")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each law and case."""
    marker = metafunc.definition.get_closest_marker(MARK)
    if marker is None:
        return
    name = metafunc.definition.name
    if "law" not in metafunc.fixturenames:
        pytest.fail(
            f"{name}: @laws_of needs a test that takes `law` and calls it: def {name}(law): law()",
            pytrace=False,
        )
    if not marker.args:
        pytest.fail(f"{name}: say whose laws: @laws_of(MyRegularizer)", pytrace=False)
    from detente.errors import DetenteError
    from detente.testing.items import items

    try:
        found = items(*marker.args, **marker.kwargs)
    except (DetenteError, TypeError) as error:
        pytest.fail(f"{name}: {error}", pytrace=False)
    metafunc.parametrize("law", found, ids=[item.id for item in found])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Hand over what came out, also from a worker to the process that prints."""
    report = yield
    law = _law(item)
    if report.when == "call" and law is not None and law.outcome is not None:
        report.user_properties.append((PROPERTY, [law.subject, law.law, law.outcome, law.reason]))
    return report


def _law(item: pytest.Item) -> Any:
    """The law that a test is about; None for other tests."""
    if item.get_closest_marker(MARK) is None:
        return None
    return getattr(getattr(item, "callspec", None), "params", {}).get("law")


class _Tally:
    """How many laws there are of each subject, how many applied, and why the others did not."""

    def __init__(self) -> None:
        self.applied: dict[str, dict[str, bool]] = {}
        self.reasons: dict[str, dict[str, str]] = {}

    def pytest_report_collectionfinish(self, items: Sequence[pytest.Item]) -> list[str]:
        laws: dict[str, set[str]] = {}
        counts: dict[str, int] = {}
        for item in items:
            law = _law(item)
            if law is not None:
                laws.setdefault(law.subject, set()).add(law.law)
                counts[law.subject] = counts.get(law.subject, 0) + 1
        return [f"détente: {len(laws[s])} laws of {s} in {counts[s]} tests" for s in laws]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, value in report.user_properties:
            if name == PROPERTY and report.when == "call" and isinstance(value, list | tuple):
                subject, law, outcome, reason = value
                applied = self.applied.setdefault(subject, {})
                applied[law] = applied.get(law, False) or outcome != "skipped"
                if outcome == "skipped":
                    self.reasons.setdefault(subject, {})[law] = reason

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for subject, applied in self.applied.items():
            none = [law for law, found in applied.items() if not found]
            reasons = list(dict.fromkeys(self.reasons.get(subject, {}).get(law, "") for law in none))
            text = f"{subject}: {len(applied)} laws, {len(applied) - len(none)} apply, {len(none)} do not"
            terminalreporter.write_line(f"détente: {text}" + (f" ({'; '.join(reasons)})" if reasons else ""))
