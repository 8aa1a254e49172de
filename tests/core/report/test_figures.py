"""A study's pictures for papers."""

import re
import sys
import xml.etree.ElementTree as ET

import pytest

from detente.errors import MissingExtraError, UsageError
from detente.report import figures
from pages import EVIL, write_cell, write_study


@pytest.fixture
def study(tmp_path):
    found = write_study(tmp_path / "study", ["none", "r1", EVIL, "_l2 $x$"], domains=["a", "b", "c"], seeds=range(7))
    for cell in found.cells:
        better = 0.3 + 0.01 * (-1) ** cell.seed if cell.arm.text == "r1" else 0.0
        write_cell(cell, "finished", (0.1, 0.4 + better + 0.01 * (cell.seed * 7 % 5)))
    return found


def luminance(colour: str) -> float:
    r, g, b = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.slow
def test_each_picture_is_there_as_pdf_and_as_svg_with_text_as_text_and_always_the_same(study, tmp_path):
    paths = figures.study_figures(study.folder, tmp_path / "new" / "out")
    assert [path.name for path in paths] == ["differences.pdf", "differences.svg", "curves.pdf", "curves.svg"]
    first = [path.read_bytes() for path in paths]
    assert first[0].startswith(b"%PDF") and b"/Type3" not in first[0]  # journals refuse fonts of type 3
    texts = ["".join(e.itertext()) for e in ET.fromstring(first[1]).iter() if e.tag.endswith("}text")]
    assert "r1" in texts and "baseline" in texts and "difference from none" in texts
    assert any("_l2 $x$" in text for text in texts)
    assert any("⟨U+202E⟩" in text for text in texts) or not any("\u202e" in text for text in texts)
    assert [path.read_bytes() for path in figures.study_figures(study.folder, tmp_path / "new" / "out")] == first


def test_arms_stay_apart_in_grey():
    """By dashes and marks where not by how dark they are."""
    looks = [
        (luminance(figures._COLOURS[i]), figures._DASHES[i % len(figures._DASHES)], figures._MARKS[i]) for i in range(8)
    ]
    assert len({mark for _, _, mark in looks}) == 8
    for i, (dark, dash, _) in enumerate(looks):
        for other, line, _ in looks[:i]:
            assert abs(dark - other) > 0.04 or dash != line
    assert all(dark < 0.6 for dark, _, _ in looks)  # seen on white


@pytest.mark.slow
def test_a_verdict_is_filled_and_what_is_open_hollow(study, tmp_path):
    figures.study_figures(study.folder, tmp_path)
    svg = (tmp_path / "differences.svg").read_text("utf-8")
    assert len(re.findall(r"fill: #ffffff; stroke: #000000", svg)) >= 3  # baselines
    assert "fill: #0b4f8a; stroke: #0b4f8a" in svg


def test_without_matplotlib_a_sentence_says_what_to_install(study, tmp_path, monkeypatch):
    monkeypatch.setattr("detente.compat.importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'detente\[plots\]'"):
        figures.study_figures(study.folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_importing_it_needs_no_matplotlib():
    import subprocess

    code = "import sys; import detente.report.figures; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_to_draw_and_nowhere_to_write_are_refused(tmp_path, study):
    empty = write_study(tmp_path / "empty")
    with pytest.raises(UsageError, match="nothing to draw yet"):
        figures.study_figures(empty.folder, tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file, not a folder"):
        figures.study_figures(study.folder, tmp_path / "file")
