"""`detente report` of a study: its table and its pictures."""

import json

import pytest

from detente.cli import main
from pages import write_cell, write_study


@pytest.fixture
def folder(tmp_path):
    study = write_study(tmp_path / "study", ["none", "r1"], seeds=range(3))
    for cell in study.cells:
        write_cell(cell, "finished", (0.1, 0.4 + 0.01 * cell.seed))
    return study.folder


@pytest.mark.parametrize(
    ("flag", "begins", "holds"),
    [
        ("--latex", "% In the preamble: \\usepackage{booktabs}", "\\bottomrule"),
        ("--markdown", "| domain | arm |", "| pair | none |"),
        ("--csv", "domain,arm,against,score", "pair,r1,none,"),
    ],
)
def test_a_table_goes_to_standard_output_and_no_report_is_written(folder, capsys, flag, begins, holds):
    assert main(["report", str(folder), flag]) == 0
    out = capsys.readouterr().out
    assert out.startswith(begins) and holds in out
    assert not (folder / "report.html").exists()
    assert main(["report", str(folder), flag, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[flag[2:]].startswith(begins)


@pytest.mark.slow
def test_pictures_are_written_and_named(folder, tmp_path, capsys):
    assert main(["report", str(folder), "--figures", str(tmp_path / "out")]) == 0
    named = capsys.readouterr().out.split()
    assert named == [
        str(tmp_path / "out" / f"{name}.{kind}") for name in ("differences", "curves") for kind in ("pdf", "svg")
    ]
    assert main(["report", str(folder), "--figures", str(tmp_path / "out"), "--latex"]) == 0
    assert "\\toprule" in capsys.readouterr().out


def test_two_tables_at_once_and_what_is_no_study_are_refused(folder, tmp_path, capsys):
    assert main(["report", str(folder), "--latex", "--csv"]) == 2
    assert "one table at a time" in capsys.readouterr().err
    assert main(["report", str(folder / "cells" / "pair" / "arm-0" / "0"), "--latex"]) == 2
    assert "not a study folder" in capsys.readouterr().err
