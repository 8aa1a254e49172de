"""SMILES in files and in tables of packages."""

from pathlib import Path

import pytest

from detente import PluginError, UsageError, package_file
from detente_molecule import data, sources
from detente_molecule.data import Smiles
from detente_molecule.sources import Line


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.smi", "CCO\r\nCCN\r\n"),
        ("a.csv", 'id,"SMILES",x\r\n1,"CCO",7\r\n2,CCN,8\r\n'),
        ("a.csv", "CCO,1\nCCN,2\n"),
        ("a.tsv", "id\tsmiles\n1\tCCO\n2\tCCN\n"),
        ("a.txt", "\n\nSmiles\n".strip() + "\nCCO\tethanol\n\nCCN ethylamine\n"),
    ],
)
def test_windows_lines_headers_and_columns_are_understood(tmp_path: Path, name: str, text: str):
    (tmp_path / name).write_bytes(text.encode())
    assert [line.smiles for line in sources.read_file(str(tmp_path / name), "smiles").lines] == ["CCO", "CCN"]


def test_line_numbers_are_those_of_the_file_and_broken_bytes_spoil_only_their_line(tmp_path: Path):
    (tmp_path / "a.smi").write_bytes(b"CCO\n\n\xff\xfe\nCCN\n")
    assert sources.read_file(str(tmp_path / "a.smi"), "smiles").lines == [
        Line(1, "CCO"),
        Line(3, "\ufffd\ufffd"),
        Line(4, "CCN"),
    ]
    found, notes = data.read(sources.read_file(str(tmp_path / "a.smi"), "smiles").lines, 4, 9)
    assert [g.smiles for g in found] == ["CCO", "CCN"]
    assert "line 3" in notes[0]


def test_a_column_may_be_named(tmp_path: Path):
    (tmp_path / "a.csv").write_text("smiles,product\nC,CCO\n,CCN\n")
    assert [line.smiles for line in sources.read_file(str(tmp_path / "a.csv"), "product").lines] == ["CCO", "CCN"]
    assert [line.smiles for line in sources.read_file(str(tmp_path / "a.csv"), "smiles").lines] == ["C", ""]


@pytest.mark.parametrize("text", ["", "\n \n", "smiles\n"])
def test_an_empty_file_is_an_error(tmp_path: Path, text: str):
    (tmp_path / "a.smi").write_text(text)
    with pytest.raises(UsageError, match="no SMILES in"):
        Smiles(str(tmp_path / "a.smi"))


def test_a_table_that_is_missing_says_how_to_get_it():
    with pytest.raises(PluginError, match="pip install nonesuch"):
        package_file("nonesuch", "x", "data 'qm9'")


def test_qm9_is_read_to_its_third_column_and_numbered_through_its_tables(tmp_path: Path):
    for part, rows in (("a", ['x,"1 2",CCO,"7,8"', "y,2,C,3"]), ("b", ['z,3,"C#N",4'])):
        (tmp_path / part).write_text("\n".join(["index,name,SMILES,rest", *rows]) + "\n")
    assert sources.read_qm9([tmp_path / "a", tmp_path / "b"]) == [Line(1, "CCO"), Line(2, "C"), Line(3, "C#N")]


def test_a_table_of_qm9_without_its_column_says_what_to_reinstall(tmp_path: Path):
    (tmp_path / "qm9_part1.csv").write_text("index,name,smile\n1,2,C\n")
    with pytest.raises(PluginError, match=r"qm9_part1.csv of qm9pack has no column SMILES. Reinstall qm9pack"):
        sources.read_qm9([tmp_path / "qm9_part1.csv"])


def test_tables_of_packages_are_where_they_should_be_and_have_their_rows():
    assert len(sources.read_wehi(sources.wehi())) == 10_000
    assert len(sources.read_qm9(sources.qm9())) == 130_831


def test_a_quoted_cell_of_two_lines_counts_both(tmp_path: Path):
    (tmp_path / "a.csv").write_text('smiles,name\nCCO,"a\nb"\nCCN,c\n')
    assert sources.read_file(str(tmp_path / "a.csv"), "smiles").lines == [Line(3, "CCO"), Line(4, "CCN")]


def test_a_table_that_is_none_is_a_usage_error(tmp_path: Path):
    (tmp_path / "a.csv").write_text('smiles\n"' + "C\n" * 140_000)
    with pytest.raises(UsageError, match=r"is not a valid table .*: is there a quote that is not closed"):
        sources.read_file(str(tmp_path / "a.csv"), "smiles")


def test_one_more_column_is_read_beside_the_smiles_by_its_name_or_number(tmp_path: Path):
    (tmp_path / "a.csv").write_text("smiles,Dose\nCCO,1.5\nCCN\n")
    for beside in ("dose", "2"):
        found = sources.read_file(str(tmp_path / "a.csv"), "smiles", beside).lines
        assert found == [Line(2, "CCO", "1.5"), Line(3, "CCN", "")]
    (tmp_path / "b.smi").write_text("CCO 1.5\nCCN 2\n")
    assert sources.read_file(str(tmp_path / "b.smi"), "1", "2").lines[1] == Line(2, "CCN", "2")
    for wrong in ("3", "0", "dosis"):
        with pytest.raises(UsageError, match=rf"no column '{wrong}'; its columns are smiles, Dose.*\(1 to 2\)"):
            sources.read_file(str(tmp_path / "a.csv"), "smiles", wrong)
    (tmp_path / "c.csv").write_text("smiles,x,X\nCCO,1,2\n")
    with pytest.raises(UsageError, match="several columns 'x'"):
        sources.read_file(str(tmp_path / "c.csv"), "smiles", "x")
