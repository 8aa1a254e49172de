"""Findings, each said once."""

import pytest

from detente.report.findings import merged

ARMS, DOMAINS = ["none", "r1", "l2"], ["image", "text"]


def finding(domain: str, arm: str, where: str = "discriminator", code: str = "W1") -> dict[str, str]:
    return {"domain": domain, "arm": arm, "where": where, "code": code, "what": "w", "why": "y", "fix": "Fix it."}


@pytest.mark.parametrize(
    ("places", "at"),
    [
        ([("image", "r1")], "image, r1: discriminator"),
        ([("image", "r1"), ("text", "r1")], "image and text, r1: discriminator"),
        ([(d, a) for d in DOMAINS for a in ARMS], "image and text, all arms: discriminator"),
        ([("image", a) for a in ARMS], "image, all arms: discriminator"),
        ([("elsewhere", "gone")], "elsewhere, gone: discriminator"),
        ([("image", "r1"), ("text", "l2"), ("text", "none")], "image (r1); text (none and l2): discriminator"),
    ],
)
def test_the_same_finding_in_several_places_is_one(places, at):
    (found,) = merged([finding(*place) for place in places], ARMS, DOMAINS)
    assert (found.code, found.text, found.at) == ("W1", "w, because y. Fix it.", at)


def test_other_findings_stay_apart_and_players_are_listed():
    found = merged(
        [finding("image", "r1"), finding("image", "r1", "generator"), finding("image", "l2", code="W2")], ARMS, DOMAINS
    )
    assert [(each.code, each.at) for each in found] == [
        ("W1", "image, r1: discriminator and generator"),
        ("W2", "image, l2: discriminator"),
    ]
    assert merged([], ARMS, DOMAINS) == []
