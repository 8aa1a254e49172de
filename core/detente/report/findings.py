"""Findings of a study, each said once with where it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from detente.report.sentences import listed


@dataclass(frozen=True)
class Merged:
    """One finding.

    Attributes:
        text: what it is, why, and what to do.
        at: where it holds, in words.
    """

    code: str
    text: str
    at: str


def merged(findings: Sequence[Mapping[str, Any]], arms: Sequence[str], domains: Sequence[str]) -> list[Merged]:
    """The same finding in several domains, arms or players is one, with all of them.

    Args:
        findings: as a study's file has them.
        arms, domains: all there are.
    """
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for each in findings:
        groups.setdefault(tuple(str(each[key]) for key in ("code", "what", "why", "fix")), []).append(each)
    return [
        Merged(code, f"{what}, because {why}. {fix}", _where(group, arms, domains))
        for (code, what, why, fix), group in groups.items()
    ]


def _where(group: Sequence[Mapping[str, Any]], arms: Sequence[str], domains: Sequence[str]) -> str:
    """`image and speech, all arms (discriminator.regularizers.r1)`."""
    pairs = {(each["domain"], each["arm"]) for each in group}
    # A file that was edited may name others than there are.
    at_domains, at_arms = {domain for domain, _ in pairs}, {arm for _, arm in pairs}
    found_domains = [d for d in domains if d in at_domains] or sorted(at_domains)
    found_arms = [a for a in arms if a in at_arms] or sorted(at_arms)
    places = list(dict.fromkeys(str(each["where"]) for each in group))
    if len(pairs) < len(found_domains) * len(found_arms):  # not every arm in every domain: each by itself
        by_domain = [f"{d} ({listed([a for a in found_arms if (d, a) in pairs], 4, 'arms')})" for d in found_domains]
        text = "; ".join(by_domain)
    else:
        everywhere = "all arms" if len(found_arms) == len(arms) > 2 else listed(found_arms, 4, "arms")
        text = f"{listed(found_domains, 6, 'domains')}, {everywhere}"
    return f"{text}: {listed(places, 3, 'places')}"
