"""Where in a file the SMILES stand: found where that is possible, said where nobody asked, refused where unclear."""

import gzip
import os
import zipfile
from pathlib import Path

import pytest

from detente import UsageError
from detente_molecule import data
from detente_molecule.data import Smiles
from detente_molecule.smiles import RADICALS
from detente_molecule.sources import read_file


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))


def read(folder: Path, name: str, text: str, column: str = "smiles") -> tuple[list[str], str]:
    """SMILES and notes, without the name of the file."""
    (folder / name).write_text(text, encoding="utf-8")
    found = read_file(str(folder / name), column)
    return [line.smiles for line in found.lines], " ".join(found.notes).replace(str(folder / name), "FILE")


def refusal(folder: Path, name: str, text: str, column: str = "smiles") -> str:
    with pytest.raises(UsageError) as refused:
        read(folder, name, text, column)
    return str(refused.value).replace(str(folder / name), "FILE")


TWO = ["CCO", "C#N"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "smiles;logp\nCCO;-0,14\nC#N;0,5\n"),
        ("a.csv", "id\tSmiles\n1\tCCO\n2\tC#N\n"),
        ("a.csv", "id|smiles|x\n1|CCO|5\n2|C#N|6\n"),
        ("a.csv", '"id";"smiles"\n"a;b";"CCO"\n"c";"C#N"\n'),
        ("a.tsv", "smiles,id\nCCO,1\nC#N,2\n"),
        ("a.smi", "CCO,ethanol\nC#N,prussic acid\n"),
        ("a.smi", "CCO;ethanol\nC#N;prussic acid\n"),
        ("a.smi", "id smiles\n1 CCO\n2 C#N\n"),
        ("a.smi", "name\tsmiles\nsome alcohol\tCCO\nprussic acid\tC#N\n"),
        ("a.smi", "CCO ethanol, pure\nC#N prussic acid\n"),
        ("a.txt", "CCO |$a;b,;c$| ethanol\nC#N x\n"),
    ],
)
def test_separators_are_found(tmp_path: Path, name: str, text: str) -> None:
    found, notes = read(tmp_path, name, text)
    assert [smiles.split()[0] for smiles in found] == TWO
    assert not notes


def test_a_radical_in_chemaxons_dialect_is_one(tmp_path: Path) -> None:
    found, _ = read(tmp_path, "a.smi", "CCO |^1:1,^1:2| two of them\nCC |^1:0|\nCCN |no more\n")
    assert found == ["CCO |^1:1,^1:2|", "CC |^1:0|", "CCN"]
    kept, notes = data.read(read_file(str(tmp_path / "a.smi"), "smiles").lines, 11, 38)
    assert [graph.smiles for graph in kept] == ["CCN"] and notes == [f"2 lines {RADICALS} and are left out."]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.csv", "id;structure\nx1;CCO\nx2;C#N\n", "column 2 is taken, and id, structure for the header"),
        ("a.csv", "canonical_smiles,id\nCCO,x\nC#N,y\n", "column 1 is taken, and canonical_smiles, id for the header"),
        ("a.csv", "x1,CCO\nx2,C#N\n", "column 2 is taken. SMILES were found in: 2."),
        ("a.smi", "CHEMBL1 CCO\nCHEMBL2 C#N\n", "column 2 is taken"),
        ("a.tsv", "1\tlow\tCCO\n2\thigh\tC#N\n", "column 3 is taken"),
        ("a.csv", "CCO,C\nC#N,CC\n", "column 1 is taken. SMILES were found in: 1 and 2."),
    ],
)
def test_without_a_column_of_the_name_the_one_that_holds_smiles_is_taken_and_said(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    found, notes = read(tmp_path, name, text)
    assert found == TWO
    assert notes.startswith("FILE has no column 'smiles'; ") and said in notes
    assert said in " ".join(Smiles(str(tmp_path / name)).notes)


@pytest.mark.parametrize("column", ["product", "Smile", "0", "4", "-1", "1.0", ""])
def test_a_column_that_is_not_there_is_refused(tmp_path: Path, column: str) -> None:
    said = refusal(tmp_path, "a.csv", "smiles,reactants,products\nC,CC,CCC\n", column)
    assert f"has no column {column!r}; its columns are smiles, reactants, products. Set data.column to" in said
    for name, text in (("b.csv", "C,CC\nCC,CCC\n"), ("b.smi", "C methane\n"), ("c.smi", "C(C\nC\n")):
        assert "its first line names none" in refusal(tmp_path, name, text, "product")


def test_several_columns_that_could_be_meant_are_refused(tmp_path: Path) -> None:
    text = "id,reactants,products\n1,CC,CCC\n2,C,O\n"
    assert "its columns (id, reactants, products) 2 and 3 hold SMILES" in refusal(tmp_path, "a.csv", text)
    assert read(tmp_path, "a.csv", text, "products")[0] == ["CCC", "O"]
    assert read(tmp_path, "a.csv", text, "Products")[0] == ["CCC", "O"]
    assert "several columns 'x'" in refusal(tmp_path, "b.csv", "x,x\nC,C\n", "x")


def test_a_column_may_be_a_number(tmp_path: Path) -> None:
    assert read(tmp_path, "a.csv", "x1,C,CCO\nx2,CC,C#N\n", "3") == (TWO, "")
    found, notes = read(tmp_path, "b.csv", "id,from,to\nx1,C,CCO\nx2,CC,C#N\n", "3")
    assert found == TWO and notes == "FILE: column 3 is taken, and id, from, to for the header."
    assert read(tmp_path, "c.csv", "2,smiles\nCCO,C\nC#N,CC\n", "2")[0] == TWO, "a name comes first"


def test_a_damaged_first_line_is_no_header(tmp_path: Path) -> None:
    for first in ("C(C name", "C1CC=", "[Xx]", "c1cc(", "CC%"):
        (tmp_path / "a.smi").write_text(f"{first}\nCCO\nC#N\n")
        notes = Smiles(str(tmp_path / "a.smi")).notes
        assert any(note.startswith("1 lines RDKit cannot read and are left out: line 1: ") for note in notes), first


def test_notes_count_every_line_once(tmp_path: Path) -> None:
    """Salts, stereo and maps are counted of molecules that are kept; each other line has one reason to be left out."""
    lines = [
        "C[C@H](N)O",
        "C[C@@H](N)O",
        "[Na+].CC[O-]",
        "[K+].CC[O-]",
        "[CH3:1]F",
        "CF",
        "[Na+].[13CH3][O-]",
        "C/C(=C",
        "[O]",
    ]
    (tmp_path / "a.smi").write_text("\n".join(lines))
    _, notes = data.read(read_file(str(tmp_path / "a.smi"), "smiles").lines, 11, 38)
    assert notes == [
        "1 lines RDKit cannot read and are left out: line 8: 'C/C(=C'.",
        "1 lines have isotopes and are left out.",
        "1 lines have radicals and are left out.",
        "1 molecules had stereochemistry marks, which were dropped.",
        "1 molecules were salts or mixtures, of which the largest part was kept.",
        "1 molecules had atom map numbers, which were dropped.",
        "3 lines repeat a molecule, as graphs can tell, and are left out.",
    ]


@pytest.mark.parametrize("name", ["a.smi", "a.smi.gz", "a.SMI.GZ"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_packed_and_wide_files_are_read(tmp_path: Path, name: str, encoding: str) -> None:
    content = "CCO Äthanol\r\nC#N\r\n".encode(encoding)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.lower().endswith("gz") else content)
    assert [line.smiles for line in read_file(str(tmp_path / name), "smiles").lines] == TWO


def test_a_packed_table_is_a_table(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b'id,smiles\n"1,5",CCO\n2,C#N\n'))
    assert [line.smiles for line in read_file(str(tmp_path / "a.csv.gz"), "smiles").lines] == TWO


def test_what_is_no_text_file_is_refused_by_its_kind(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.smi", "w") as archive:
        archive.writestr("x.smi", "CCO\n")
    (tmp_path / "b.smi").write_bytes(gzip.compress(b"CCO\n" * 10_000)[:-20])
    (tmp_path / "c.smi").write_bytes(b"CCO\n\0\0\0\n")
    (tmp_path / "e.smi").symlink_to("e.smi")
    os.mkfifo(tmp_path / "d.smi")
    for name, kind in (
        ("a", "a zip archive"),
        ("b", "cannot read"),
        ("c", "zero"),
        ("d", "a pipe"),
        ("e", "cannot read"),
    ):
        with pytest.raises(UsageError, match=kind):
            Smiles(str(tmp_path / f"{name}.smi"))


def test_a_name_that_is_not_utf8_is_shown_escaped(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"caf\xe9.smi")
    try:
        file.write_text("CCO\n")
    except OSError:
        pytest.skip("this file system has no such names")
    assert any(note.startswith(r"caf\xe9.smi: 1 molecules are too few") for note in Smiles(str(file)).notes)
    file.write_text("C(\n")
    with pytest.raises(UsageError, match=r"caf\\xe9\.smi can be used"):
        Smiles(str(file))


def test_hostile_lines_cost_a_note_and_not_the_run(tmp_path: Path) -> None:
    ring, deep = "C1" + "C" * 50_000 + "C1", "C(" * 1_000_000 + "C" + ")" * 1_000_000
    (tmp_path / "a.smi").write_text("\n".join(["CCO", "C" * 100_000, ring, deep, "C#N"]))
    of = Smiles(str(tmp_path / "a.smi"), largest=1000)
    assert set(of.smiles("train")) == set(TWO)
    assert "3 lines have too many atoms and are left out." in of.notes


def test_more_atoms_than_a_graph_can_have_are_refused_as_an_option(tmp_path: Path) -> None:
    for largest in (1001, 10**9, 0):
        with pytest.raises(UsageError, match=f"largest={largest} should be"):
            Smiles(str(tmp_path / "a.smi"), largest=largest)


def test_what_preparation_yields_has_another_cache_entry_than_before() -> None:
    assert data._chemistry()["format"] == 2
