"""A study with everything in it that a page must not fall for."""

from pathlib import Path

import pytest

from chromium import Browser
from detente.report import study_report
from pages import EVIL, Page, write_cell, write_study
from study_page import write_page


@pytest.fixture
def hostile(tmp_path) -> Page:
    """The page of a study in which every text that a stranger may choose is hostile."""
    study = write_study(tmp_path, ["none", EVIL, "=r1"], domains=["pair", "p<b>q"])
    for cell in study.cells:
        write_cell(cell, "finished", content=b"</pre><script>alert(2)</script>")
    write_cell(study.cells[2], "failed", (), error=f"{study.cells[2].folder}: {EVIL}")
    write_cell(study.cells[3], "diverged", (0.4,), error=EVIL)
    path = study_report(tmp_path)
    assert path == tmp_path / "report.html"
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def page(tmp_path_factory) -> Path:
    """The page of a finished study with all kinds of samples."""
    return write_page(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """One for all tests of a process: it takes long to start."""
    found = Browser(tmp_path_factory.mktemp("profile"))
    yield found
    found.close()
