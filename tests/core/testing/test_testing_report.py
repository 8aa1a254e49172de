"""A report names each cause once."""

import pytest

from detente.testing import Report, Verdict


def told(*verdicts: tuple[str, str, str]) -> list[str]:
    return Report("mine", (), [Verdict(law, where, "broken", why) for law, where, why in verdicts]).faults


@pytest.mark.parametrize(
    ("verdicts", "lines"),
    [
        ([("plays", "ring", "why")], ["plays on ring: why"]),
        (
            [("plays", "ring", "1 is not 2"), ("plays", "pair", "3 is not 4"), ("plays", "grid", "5 is not 6")],
            ["plays on ring and in 2 other cases: 1 is not 2"],
        ),
        (
            [(law, where, "it raises TypeError: no (a.py:3)") for law in ("a", "b", "c") for where in ("ring", "pair")],
            ["a and 2 other laws on ring and in 1 other cases: it raises TypeError: no (a.py:3)"],
        ),
        (
            [("a", "ring", "it raises KeyError: 'x' (a.py:3)"), ("a", "pair", "it raises KeyError: 'x' (a.py:9)")],
            ["a on ring: it raises KeyError: 'x' (a.py:3)", "a on pair: it raises KeyError: 'x' (a.py:9)"],
        ),
    ],
)
def test_a_cause_is_told_once_with_the_number_of_its_cases(verdicts, lines):
    assert told(*verdicts) == lines
