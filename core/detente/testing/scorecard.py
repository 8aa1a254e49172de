"""`detente plugins check`: a distribution's metadata, then the suites of all that it declares, on one card."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detente.errors import UsageError, did_you_mean
from detente.plugins import Host
from detente.plugins.loader import canonical
from detente.testing.distribution import Distribution, planned_for_distribution
from detente.testing.report import Report, Verdict

BEGUN = "its_tests_come_to_an_end"
"""The name under which it is told that a suite could not be made, or ended the process."""


@dataclass(frozen=True)
class Part:
    """What came out for one subject."""

    kind: str
    report: Report

    @property
    def broken(self) -> int:
        """How many distinct causes there are."""
        return len(self.report.causes) + len(self.report.untried)

    def data(self) -> dict[str, Any]:
        """As plain data."""
        r = self.report
        return {
            "kind": self.kind,
            "name": r.name,
            "laws": len(r.laws),
            "trials": len(r.verdicts),
            "kept": len(set(r.laws) - {v.law for v in r.broken} - r.not_applicable.keys()),
            "not_applicable": r.not_applicable,
            "broken": [
                {
                    "laws": list(dict.fromkeys(v.law for v in found)),
                    "where": list(dict.fromkeys(v.where for v in found)),
                    "reason": found[0].reason,
                }
                for found in r.causes
            ],
            "untried": r.untried,
        }

    def lines(self) -> list[str]:
        """As text: a line of counts, and one for each cause."""
        r, idle = self.report, self.report.not_applicable
        reasons = "; ".join(dict.fromkeys(idle.values()))
        counts = f"{len(r.laws)} laws, {len(r.laws) - len(idle)} apply"
        counts += f", {len(idle)} {'do' if len(idle) > 1 else 'does'} not ({reasons})" if idle else ""
        title = f"{self.kind} {r.name}" if self.kind != r.name else r.name
        return [f"  {'broken' if self.broken else 'kept  '}  {title}: {counts}", *(f"          {f}" for f in r.faults)]


@dataclass(frozen=True)
class Scorecard:
    """All parts of one distribution."""

    distribution: str
    version: str
    parts: tuple[Part, ...]

    @property
    def broken(self) -> int:
        """How many distinct causes there are in all."""
        return sum(part.broken for part in self.parts)

    def data(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "distribution": self.distribution,
            "version": self.version,
            "broken": self.broken,
            "subjects": [part.data() for part in self.parts],
        }

    def __str__(self) -> str:
        laws = sum(len(p.report.laws) for p in self.parts)
        end = f"{self.broken} broken" if self.broken else "none broken"
        head = f"{self.distribution} {self.version}: {laws} laws of {len(self.parts)} subjects, {end}"
        return "\n".join([head, "", *(line for part in self.parts for line in part.lines())])


def scorecard(name: str, host: Host, sets: Sequence[str] = (), quiet: bool = False) -> Scorecard:
    """Try everything of a distribution, its suites in a process of their own.

    Args:
        name: of the distribution, or of one of its plugins.
        host: what is installed; what it blocks stays blocked.
        sets: settings as `--set` takes them, for the kinds of data that it declares.
        quiet: say nothing on standard error of what is being tested.

    Raises:
        UsageError: no such distribution is installed, or its plugin is blocked.
    """
    distribution = _found(name, host)
    metadata = planned_for_distribution(distribution).report()
    parts = [Part("metadata", metadata)]
    if all(plugin.status == "ok" for plugin in distribution.plugins):
        parts += _suites(distribution, host, sets, quiet)
    return Scorecard(distribution.name, distribution.version, tuple(parts))


def _found(name: str, host: Host) -> Distribution:
    wanted = canonical(name)
    named = {canonical(p.origin.distribution): p.origin.distribution for p in host.plugins}
    named |= {canonical(p.origin.plugin): p.origin.distribution for p in host.plugins if p.origin.plugin not in named}
    if wanted not in named:
        raise UsageError(
            f"No distribution {name!r} with a plugin is installed.{did_you_mean(wanted, named)} `detente plugins` "
            "lists those that are."
        )
    plugins = [p for p in host.plugins if p.origin.distribution == named[wanted]]
    if blocked := [p for p in plugins if p.status == "blocked"]:
        raise UsageError(f"Plugin {blocked[0]} is blocked; leave out --no-plugin, or add it to DETENTE_PLUGINS.")
    return Distribution(named[wanted], plugins)


def _suites(distribution: Distribution, host: Host, sets: Sequence[str], quiet: bool) -> list[Part]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "verdicts.jsonl"
        command = [sys.executable, "-m", "detente.testing.declared", distribution.name, str(out), *sets]
        command += [f"--no-plugin={name}" for name in host.block]
        # What a plugin prints there is not ours to mix with the card.
        ended = subprocess.run(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL if quiet else None, check=False
        )
        text = out.read_text(encoding="utf-8") if out.exists() else ""
    return parts_of([json.loads(line) for line in text.splitlines() if line.endswith("}")], ended.returncode)


def parts_of(lines: Sequence[Mapping[str, Any]], code: int) -> list[Part]:
    """The parts that the lines of `detente.testing.declared` tell of.

    Args:
        lines: in order; the last one is missing where something has ended the process.
        code: with which it ended.
    """
    parts: list[Part] = []
    running: list[str] | None = None
    for line in lines:
        if "subject" in line:
            kind, name = line["subject"]
            parts.append(Part(kind, Report(name, ())))
        elif "failed" in line:
            parts[-1].report.verdicts.append(Verdict(BEGUN, parts[-1].kind, "broken", line["failed"]))
        elif "must" in line:
            parts[-1].report.must = tuple(line["must"])
        elif "begins" in line:
            running = line["begins"]
        elif "verdict" in line:
            running = None
            parts[-1].report.verdicts.append(Verdict(*line["verdict"]))
    if not lines or "end" not in lines[-1]:
        what = f"while {running[0]} was tried on {running[1]}" if running else "before its tests began"
        if not parts:
            parts.append(Part("suites", Report("suites", ())))
        report = parts[-1].report
        report.must = ()
        report.verdicts.append(
            Verdict(BEGUN, "its process", "broken", f"the process ended with exit code {code} {what}")
        )
    for part in parts:
        if not part.report.verdicts:
            part.report.verdicts.append(Verdict(BEGUN, part.kind, "broken", "no law was tried"))
    return parts
