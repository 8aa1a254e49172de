"""run.json and metrics.jsonl, damaged in every field and every way."""

import contextlib
import json
import re
from pathlib import Path

import pytest

from detente.errors import UsageError
from detente.files.records import checked
from detente.report import run_report
from detente.training.run_folder import Run
from detente.training.run_record import RunRecord
from hostile_files import as_json, bytes_of, changed
from pages import write_cell
from searches import cell

RECORD = {
    "argv": ["detente", "train"],
    "findings": [{"code": "c", "level": "warn", "where": "w", "what": "x", "why": "y", "fix": "z"}],
    "data": {"licence": "MIT", "source": "s", "notes": ["n"]},
    "versions": {"torch": "2"},
    "plugins": [{"distribution": "detente", "version": "1", "commit": None}],
    "device": {"device": "cpu", "name": "x"},
    "threads": 1,
    "timings": {"build": 0.1},
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    found = cell(tmp_path)
    write_cell(found, "finished")
    found.run.record(RECORD)
    return found.run


def test_each_field_of_a_record_is_refused_by_name_or_taken(run: Run) -> None:
    path = run.folder / "run.json"
    whole = json.loads(path.read_text())
    refused = 0
    for i, (key, what, data) in enumerate(changed(whole)):
        path.write_bytes(as_json(data))
        with contextlib.suppress(UsageError):
            checked(RunRecord, data, "run.json", key)
            continue
        with pytest.raises(UsageError, match="run.json: (" + re.escape(key.partition(".")[0]) + "|has format)"):
            Run.open(run.folder)
        refused += 1
        contents = run.contents()
        if what != "missing" and key != "format":
            kept = {name for name in whole if name != key.partition(".")[0]}
            assert kept <= contents.info.keys(), f"{key} {what} takes something else along"
        if i % 41 == 0:
            page = run_report(run).read_text(encoding="utf-8")
            assert ("Damaged" in page) == bool(contents.damaged)
    assert refused > 300


def test_a_record_that_is_no_mapping_is_refused_and_the_rest_is_shown(run: Run) -> None:
    path = run.folder / "run.json"
    for what, content in bytes_of(path).items():
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"run\.json: .*delete the file and resume"):
            Run.open(run.folder)
        page = run_report(run).read_text(encoding="utf-8")
        assert "Damaged" in page and "D/adversarial" in page, what
    path.unlink()
    path.mkdir()
    with pytest.raises(UsageError, match=r"run\.json: is a folder, not a file; move it away, and resume"):
        _ = run.info


def test_a_line_that_is_none_is_left_out_and_counted_and_those_after_it_are_not(run: Run) -> None:
    lines = run.metrics.read_bytes().splitlines(keepends=True)
    wrong = [b"null\n", b"[1]\n", b"7\n", b'{"terms": {}}\n', b'{"step": "x"}\n', b"\xff\x00\n", b"[" * 9999 + b"\n"]
    wrong += [b'{"step": -1, "terms": {}}\n', b'{"step": 1, "terms": [1]}\n', b'{"step": 1, "scores": {"x": "y"}}\n']
    wrong += [b'{"step": 1e999}\n', b'{"step": ' + b"9" * 400 + b"}\n", b"\n"]
    run.metrics.write_bytes(lines[0] + b"".join(wrong) + b"".join(lines[1:]) + b'{"step": 9')
    contents = run.contents()
    assert contents.lines == [json.loads(line) for line in lines]
    assert contents.damaged == [f"{run.metrics}: {len(wrong)} damaged lines are left out."]
    assert "13 damaged lines" in run_report(run).read_text(encoding="utf-8")


def test_what_is_recorded_next_keeps_what_is_sound(run: Run) -> None:
    path = run.folder / "run.json"
    path.write_bytes(as_json({**json.loads(path.read_text()), "versions": 3, "step": "x"}))
    run.record({"status": "failed"})
    info = run.info
    assert (info["status"], info["threads"], info["final"]["scaled"]) == ("failed", 1, 0.5)
    assert "versions" not in info and "step" not in info
