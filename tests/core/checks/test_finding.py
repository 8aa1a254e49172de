"""A finding, and what rules ask about a game."""

from detente.checks import Finding, findings
from faulty import adam, game, reg


def test_a_finding_says_everything_in_one_sentence_and_as_data():
    finding = findings(game([reg("l2")], optimizer=adam))[0]
    assert isinstance(finding, Finding) and finding.plain()["code"] in str(finding)
