"""Suggestions for names that were misspelt."""

import pytest

from detente.errors import did_you_mean


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
