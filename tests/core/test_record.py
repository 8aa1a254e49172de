"""What a page of results is written from: the record of a study that is kept beside it."""

import csv
import re
import shutil
from pathlib import Path

import pytest

from bench import results
from bench.record import RECORD
from detente import plugins
from detente.experiments import compare as study
from detente.results.study import Study
from searches import SMALL, InProcess

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, module_cache) -> Path:
    out = tmp_path_factory.mktemp("studies") / "two"
    how = {"sets": SMALL, "flags": {"steps": 20}, "executor": InProcess(), "host": plugins.host()}
    study.compare(["ring"], ["none", "r1"], [0, 1], out=out, **how)
    return out


@pytest.fixture
def place(trained: Path, tmp_path: Path) -> Path:
    assert results.main([str(trained), str(tmp_path)]) == 0
    return tmp_path


@pytest.mark.slow
def test_records_and_logs_are_kept_and_no_network(place):
    cells = [cell.folder for cell in Study.open(place / "two").cells]
    assert len(cells) == 4 and all((cell / name).is_file() for cell in cells for name in RECORD)
    assert not [path for path in place.rglob("*") if path.suffix in (".pt", ".safetensors") or path.name == "log.txt"]


def test_the_page_is_written_again_from_its_record_alone_and_shows_what_is_there(place):
    page, files = (place / "two.md").read_text(), sorted(place.rglob("*"))
    assert results.main([str(place / "two"), str(place)]) == 0
    assert (place / "two.md").read_text() == page and sorted(place.rglob("*")) == files
    shown = [line.split("](")[1].rstrip(")") for line in page.splitlines() if line.startswith("![")]
    assert any("samples" in name for name in shown) and all((place / name).is_file() for name in shown)


def test_a_study_goes_on_from_its_record_without_training_again_what_is_there(place, tmp_path):
    again = Path(shutil.copytree(place / "two", tmp_path / "again"))
    gone = Study.open(again).cells[-1].folder
    before = list(csv.DictReader((again / "results.csv").read_text().splitlines()))
    kept = {cell.folder: (cell.folder / "run.json").read_bytes() for cell in Study.open(again).cells[:-1]}
    shutil.rmtree(gone)
    study.resume(again, executor=InProcess(), host=plugins.host())
    assert {folder: (folder / "run.json").read_bytes() for folder in kept} == kept
    after = list(csv.DictReader((again / "results.csv").read_text().splitlines()))
    timed = {name for name in before[0] if "second" in name or "memory" in name or "started" in name}
    assert [{k: v for k, v in row.items() if k not in timed} for row in after] == [
        {k: v for k, v in row.items() if k not in timed} for row in before
    ]


def test_of_an_unfinished_study_what_has_ended_is_kept(trained, tmp_path):
    part = Path(shutil.copytree(trained, tmp_path / "part"))
    last = Study.open(part).cells[-1]
    (last.folder / "run.json").unlink()
    place = tmp_path / "docs"
    place.mkdir()
    assert results.main([str(part), str(place)]) == 0
    kept = Study.open(place / "part").cells
    assert [cell.status for cell in kept] == ["finished"] * 3 + ["pending"] and not kept[-1].folder.exists()


@pytest.mark.parametrize(
    "manifest", sorted((ROOT / "docs" / "results").glob("*/study.yaml")), ids=lambda p: p.parent.name
)
def test_a_page_in_the_documentation_is_what_its_record_says(manifest, tmp_path):
    copy = Path(shutil.copytree(manifest.parent, tmp_path / manifest.parent.name))
    assert results.main([str(copy), str(tmp_path)]) == 0
    written = copy.with_suffix(".md").read_text(encoding="utf-8")
    assert manifest.parent.with_suffix(".md").read_text(encoding="utf-8") == written, "make results writes it again"


def test_as_many_marks_are_filled_as_there_are_verdicts_also_those_on_breakdowns():
    place = ROOT / "docs" / "results" / "classics-molecule"
    overview = place.with_suffix(".md").read_text(encoding="utf-8").split("## Overview")[1].split("\n## ")[0]
    verdicts = sum(mark in line for mark in "▲▼" for line in overview.splitlines() if line.startswith("| `"))
    drawn = (place / "differences-molecule.svg").read_text(encoding="utf-8")
    assert verdicts == 3 == len(re.findall(r'<circle[^>]* class="[^"]*claimed', drawn))
