"""What a study's page knows beside what it shows."""

import json
import math

import pytest

from detente.report.page import embedded
from detente.report.payload import payload
from detente.report.section import Results
from pages import EVIL, write_cell, write_study


@pytest.fixture
def known(tmp_path):
    study = write_study(tmp_path, ["none", "r1", EVIL], domains=["a", "b"], seeds=range(7))
    for cell in study.cells:
        write_cell(cell, "finished", (0.1, 0.3 + 0.2 * (cell.arm.text == "r1") + 0.01 * (cell.seed * 3 % 7)))
    write_cell(study.cells[0], "failed", (), error="broken")
    return payload(Results.of(study))


def test_every_two_arms_are_compared_and_each_with_the_reference(known):
    columns = known["columns"]
    for domain in known["domains"]:
        assert [(row[0], row[1]) for row in domain["pairs"]] == [(1, 0), (2, 0), (2, 1)]
        assert [(row[0], row[1]) for row in domain["main"]] == [(1, 0), (2, 0)]
        assert {len(row) for row in domain["pairs"] + domain["main"]} == {len(columns)}
    first = dict(zip(columns, known["domains"][1]["main"][0], strict=True))
    assert (first["claimed"], first["word"], first["mean"]) == (1, "better", pytest.approx(0.2))
    assert dict(zip(columns, known["domains"][1]["pairs"][2], strict=True))["mean"] == pytest.approx(-0.2)


def test_what_was_not_measured_is_nothing_and_no_zero(known):
    assert known["domains"][0]["finals"][0][0] is None
    assert known["domains"][1]["finals"][0][0] == pytest.approx(0.3)
    assert known["domains"][0]["curves"][0][0] == []


def test_embedded_it_ends_no_element_and_hides_nothing(known):
    text = embedded(known | {"bad": [math.nan, math.inf, 0.1234567891]})
    assert "<" not in text and ">" not in text and "\u202e" not in text
    back = json.loads(text)
    assert back["arms"][2].startswith("<script>alert(1)</script>") and "⟨U+202E⟩" in back["arms"][2]
    assert back["bad"] == [None, None, 0.123457]
