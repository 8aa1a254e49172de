"""Suggestions whatever the case, and messages that quote long text."""

import pytest

from detente.errors import clipped, did_you_mean


@pytest.mark.parametrize(
    ("name", "meant"),
    [("R1", "r1"), ("EMA", "ema"), ("Spectral-Norm", "spectral-norm"), ("GAMMA", "gamma"), ("adamw", "AdamW")],
)
def test_a_name_in_another_case_is_meant(name: str, meant: str) -> None:
    assert did_you_mean(name, ["r1", "r2", "ema", "spectral-norm", "GAMES", "gamma", "AdamW"]) == (
        f" Did you mean {meant!r}?"
    )


def test_of_names_that_differ_in_case_alone_the_one_in_the_same_case_is_meant() -> None:
    assert did_you_mean("Qeb", ["qed", "Qed", "QED"]) == " Did you mean 'Qed'?"
    assert did_you_mean("QEB", ["qed", "Qed", "QED"]) == " Did you mean 'QED'?"


@pytest.mark.parametrize("name", ["", "zzz", "x" * 100_000])
def test_nothing_is_meant_by_what_is_like_no_name(name: str) -> None:
    assert did_you_mean(name, ["r1", "ema"]) == ""


def test_a_message_keeps_both_ends_of_what_is_long() -> None:
    said = clipped("--reg: " + "x" * 100_000 + " has ')' at character 3")
    assert said.startswith("--reg: xxx") and said.endswith(" has ')' at character 3")
    assert len(said) < 1000 and "(99,114 characters)" in said


def test_of_many_lines_the_first_and_the_last_are_kept() -> None:
    said = clipped("\n".join(map(str, range(1000)))).splitlines()
    assert said[:2] == ["0", "1"] and said[-1] == "999" and "… (961 lines) …" in said and len(said) == 40


@pytest.mark.parametrize("text", ["", "short", "x" * 1000, "\n" * 39])
def test_what_is_short_stays_as_it_is(text: str) -> None:
    assert clipped(text) == text
