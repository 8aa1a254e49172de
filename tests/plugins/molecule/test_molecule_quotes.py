"""Quotes that nobody closes swallow rows: said, with the lines."""

from pathlib import Path

import pytest

from detente_molecule.sources import read_file

MANY = "".join(f"{'C' * n}O,{n}\n" for n in range(1, 9))


@pytest.mark.parametrize(
    ("text", "read", "said"),
    [
        ("smiles,name\n" + MANY, 8, None),
        ('smiles,name\nCO,"a\n' + MANY, 1, "9 lines inside quotes that go over several lines (2 to 10)"),
        ('smiles,name\nCO,"a\nb"\n' + MANY, 9, "2 lines inside quotes that go over several lines (2 to 3)"),
        ("smiles,name\n" + MANY + '"CC,x\n', 9, None),
        ('smiles,name\n"CN\n' + MANY + 'CC,"a\nb"\nCCC,c\n', 3, "10 lines inside"),
    ],
)
def test_lines_inside_of_quotes_are_counted(text: str, read: int, said: str | None, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    found = read_file(str(path), "smiles")
    assert len(found.lines) == read
    notes = [note for note in found.notes if "quotes" in note]
    assert bool(notes) == (said is not None)
    assert said is None or said in notes[0]
