"""What a distribution declares, each name with the suite of its kind. Runs in a process of its own:

    python -m detente.testing.declared DISTRIBUTION OUT [SETTING...]

which writes a line of JSON to OUT for each subject, and for each trial before and after it, so that what ends the
process is known by name.
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from detente.errors import UsageError, did_you_mean
from detente.plugins import Host, discover, set_host
from detente.plugins.registry import Entry
from detente.testing import suites
from detente.testing.check import TOYS, cases, kind
from detente.testing.laws import Broken
from detente.testing.plan import Plan, Trial, planned, planned_for_domain, planned_for_objective
from detente.testing.report import Verdict, line_of

ORDER = ("domain", "data", "model", "metric", "objective", "regularizer")
"""Kinds that have suites; of all others it is tried that they can be had."""
TESTED_WITH = "tested_with"
"""An option of `registry.add`: with which options a component is tested, if not with its defaults."""
EXPECTED = "expected_failures"
"""An option of `registry.add`: laws that it breaks on purpose, each with the reason; one that is kept is red."""


@dataclass(frozen=True)
class Subject:
    """A declared name, and how to come by its trials."""

    kind: str
    name: str
    plan: Callable[[], Plan]
    expected: Any = None
    """The option `expected_failures` of its declaration, as it was written."""


def subjects(host: Host, distribution: str, sets: Sequence[str] = ()) -> list[Subject]:
    """All names of a distribution, in an order in which what comes first is the cause of what comes later."""
    entries = [entry for entry in host.entries() if entry.distribution == distribution]
    entries.sort(key=lambda e: ORDER.index(e.kind) if e.kind in ORDER else len(ORDER))
    return [
        Subject(entry.kind, _named(entry), partial(_plan, entry, host, tuple(sets)), entry.options.get(EXPECTED))
        for entry in entries
    ]


def _named(entry: Entry) -> str:
    return f"{entry.name} of {entry.domain}" if entry.domain else entry.name


def _plan(entry: Entry, host: Host, sets: tuple[str, ...]) -> Plan:
    options: dict[str, Any] = dict(entry.options.get(TESTED_WITH, {}))
    with_options = tuple(f"{entry.kind}.{name}={json.dumps(value)}" for name, value in options.items())
    match entry.kind:
        case "regularizer":
            return planned(partial(entry.load(), **options), cases(TOYS, host))
        case "objective":
            return planned_for_objective(partial(entry.load(), **options), cases(TOYS, host))
        case "domain":
            return planned_for_domain(kind(entry.name, host, sets))
        case "data" | "model":
            whole = kind(str(entry.domain), host, (f"{entry.kind}={entry.name}", *with_options, *sets))
            tried = suites.OF_DATA if entry.kind == "data" else (*suites.OF_MODELS, *suites.whole.LAWS)
            return _of(whole, entry, tried, suites.MUST[entry.kind])
        case "metric":
            whole = kind(entry.domain or "ring", host, sets)
            one = replace(whole, metrics={entry.name: entry.load()(**options)})
            return _of(one, entry, suites.OF_METRICS, suites.MUST["metric"])
        case _:
            return _of(entry, entry, (it_can_be_had,), (it_can_be_had.__name__,))


def _of(subject: Any, entry: Entry, tried: Sequence[Callable[[Any], None]], must: tuple[str, ...]) -> Plan:
    where = entry.domain or entry.kind
    return Plan(entry.name, must, tuple(Trial(law, (subject,), where) for law in tried))


def it_can_be_had(entry: Entry) -> None:
    """What its target names is there: something to call, or a file inside the package."""
    if entry.kind == "preset":
        package, _, path = entry.target.partition(":")
        spec = importlib.util.find_spec(package)
        if not any((Path(place) / path).is_file() for place in (spec and spec.submodule_search_locations) or ()):
            raise Broken(f"{entry.target} names no file of the wheel; include it, and keep the path from the package")
        return
    if not callable(entry.load()):
        raise Broken(f"{entry.target} is nothing that can be called; name a class or a function")


def lines(found: Sequence[Subject]) -> Iterator[dict[str, Any]]:
    """A record of each subject, and of each trial before and after it."""
    for subject in found:
        yield {"subject": [subject.kind, subject.name]}
        try:
            plan = subject.plan()
            expected = _expected(subject.expected, plan)
        except Exception as error:
            # What cannot be made is broken: a suite of which nothing ran must not pass.
            plain = str(error) if isinstance(error, UsageError) else f"{type(error).__name__}: {error}"
            yield {"failed": f"it cannot be made to be tested: {plain}{line_of(error)}"}
            continue
        yield {"must": [law for law in plan.must if law not in expected]}
        kept = dict(expected)
        for trial in plan.trials:
            yield {"begins": [trial.name, trial.where]}
            verdict = trial.verdict()
            if verdict.outcome == "broken" and trial.name in expected:
                kept.pop(trial.name, None)
                verdict = verdict._replace(outcome="skipped", reason=f"known to fail: {expected[trial.name]}")
            yield {"verdict": list(verdict)}
        for law, why in kept.items():
            reason = f"it was expected to fail ({why}), but it holds: take it out of {EXPECTED}"
            yield {"verdict": list(Verdict(law, "every case", "broken", reason))}


def _expected(given: Any, plan: Plan) -> dict[str, str]:
    """The expected failures of a declaration, checked.

    Raises:
        UsageError: one is no law of this component, or has no reason.
    """
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(why, str) and why.strip() for why in given.values()):
        raise UsageError(f"{EXPECTED} is {given!r}: write {{'name_of_the_law': 'the reason'}}.")
    known = {trial.name for trial in plan.trials}
    for law in given:
        if law not in known:
            raise UsageError(f"{EXPECTED} names {law!r}, which is no law of it.{did_you_mean(law, known)}")
    return given


def main(distribution: str, out: str, *rest: str) -> None:
    """Try all of it, and write the lines."""
    block = [one.removeprefix("--no-plugin=") for one in rest if one.startswith("--no-plugin=")]
    host = discover(block)
    set_host(host)
    sets = [one for one in rest if not one.startswith("--no-plugin=")]
    with Path(out).open("w", encoding="utf-8") as file:
        for line in lines(subjects(host, distribution, sets)):
            print(json.dumps(line), file=file, flush=True)
            if "subject" in line:
                print(f"testing {' '.join(line['subject'])}", file=sys.stderr, flush=True)
        print(json.dumps({"end": True}), file=file, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
