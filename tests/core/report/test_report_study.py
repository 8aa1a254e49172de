"""The page of a study."""

import base64

import pytest

from detente.report import study_report
from pages import PNG, Page, write_cell, write_study


def test_failed_and_diverged_runs_are_listed_with_their_reasons(hostile):
    assert (
        "10 of 12 runs finished, 1 diverged (counted with score 0), 1 failed (left out of the means)." in hostile.text
    )
    lost = hostile.text[hostile.text.index("Runs that did not finish") :]
    assert lost.count("⟨U+202E⟩") >= 2


def test_means_ranges_and_paired_differences_are_of_the_seeds(tmp_path):
    study = write_study(tmp_path)
    for cell, final in zip(study.cells, (0.2, 0.4, 0.7, 0.5), strict=True):
        write_cell(cell, "finished", (0.1, final))
    text = Page(study_report(tmp_path).read_text(encoding="utf-8")).text
    assert (
        "the highest mean scaled score is that of “r1”, 0.60 (from 0.50 to 0.70); “none” has 0.30 (from 0.20 to 0.40)"
        in text
    )
    assert "above “none” in 2 of 2 pairs" in text
    assert "Δ +0.50" in text
    assert "Δ +0.10" in text
    assert "Δ +0.30" in text
    assert "No verdict: 2 seeds cannot give a verdict" in text


def test_a_diverged_run_counts_as_zero_and_a_failed_one_not(tmp_path):
    study = write_study(tmp_path, seeds=(0, 1, 2))
    for cell in study.cells:
        write_cell(cell, "finished", (0.1, 0.6))
    write_cell(study.cells[3], "diverged", (0.3,))
    write_cell(study.cells[4], "failed", (0.3,), error="broken")
    text = Page(study_report(tmp_path).read_text(encoding="utf-8")).text
    assert "“none”, 0.60 (from 0.60 to 0.60); “r1” follows with 0.30 (from 0.00 to 0.60)" in text


def test_one_seed_is_a_taste(tmp_path):
    study = write_study(tmp_path, seeds=[3])
    for cell in study.cells:
        write_cell(cell, "finished")
    text = Page(study_report(tmp_path).read_text(encoding="utf-8")).text
    assert "No verdict: with one seed" in text
    assert "No verdict yet" not in text


def test_a_study_that_has_not_begun_has_a_report(tmp_path):
    write_study(tmp_path)
    text = Page(study_report(tmp_path).read_text(encoding="utf-8")).text
    assert "0 of 4 runs finished; 4 not finished yet" in text
    assert "no run has finished yet" in text


@pytest.mark.parametrize(
    ("suffix", "content", "tag", "start"),
    [
        (".png", PNG, "img", "data:image/png;base64,"),
        (".svg", b"<svg onload='alert(1)'/>", "img", "data:image/svg+xml;base64,"),
        (".ogg", b"OggS", "audio", "data:audio/ogg;base64,"),
    ],
)
def test_samples_are_inside_the_page(tmp_path, suffix, content, tag, start):
    study = write_study(tmp_path)
    for cell in study.cells:
        write_cell(cell, "finished", suffix=suffix, content=content)
    shown = Page(study_report(tmp_path).read_text(encoding="utf-8")).all(tag)
    assert [attributes["src"] for attributes in shown] == [start + base64.b64encode(content).decode()] * 4
