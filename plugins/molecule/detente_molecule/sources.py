"""Where SMILES come from: tables inside installed packages, a file of the user's."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from detente import PluginError, UsageError, package_file


class Line(NamedTuple):
    """A SMILES as it was written, and the number of its line, counted from 1."""

    number: int
    smiles: str


def qm9() -> list[Path]:
    """The three tables of QM9, one molecule a line."""
    return [package_file("qm9pack", f"data/qm9_part{part}.csv", "data 'qm9'") for part in (1, 2, 3)]


def read_qm9(tables: Iterable[Path]) -> list[Line]:
    """The 130,831 SMILES of QM9.

    Lines are cut by their commas as far as the third column, before which there is none in quotes: the rest of a line
    is a kilobyte of numbers, which a reader of tables would spend ten times as long on.

    Raises:
        PluginError: a table is not what it should be.
    """
    found: list[Line] = []
    for table in tables:
        with table.open("rb") as file:
            if file.readline().split(b",", 3)[2] != b"SMILES":
                raise PluginError(f"data 'qm9': {table.name} of qm9pack has no column SMILES. Reinstall qm9pack.")
            for line in file:
                found.append(Line(len(found) + 1, line.split(b",", 3)[2].strip(b'"').decode("ascii")))
    return found


def wehi() -> Path:
    """The table of the Walter and Eliza Hall Institute's molecules that RDKit brings."""
    return package_file("rdkit", "Data/Pains/test_data/wehi_mols.csv", "data 'wehi'")


def read_wehi(table: Path) -> list[Line]:
    """Its 10,000 SMILES."""
    with table.open(encoding="ascii", newline="") as file:
        return [Line(number, row[0]) for number, row in enumerate(csv.reader(file), 1) if row]


def read_file(path: Path, column: str) -> list[Line]:
    """The SMILES in a file, one molecule per line; blank lines are skipped.

    `.csv` and `.tsv` are tables: the column is the one of that name (whatever its case), or the first where the first
    line is no header. In all other files a line's first word is the SMILES, and what follows is a name; a first line
    that begins with the name of the column is a header. Byte-order marks, Windows line ends and quotes are understood;
    bytes that are no UTF-8 make their line unreadable, not the file.

    Raises:
        UsageError: there is no such file, it cannot be read, or it holds nothing.
    """
    try:
        with path.expanduser().open(encoding="utf-8-sig", errors="replace", newline="") as file:
            tables = {".csv": ",", ".tsv": "\t"}
            separator = tables.get(path.suffix.lower())
            found = list(_words(file, column) if separator is None else _cells(file, separator, column))
    except OSError as error:
        raise UsageError(
            f"data 'smiles' cannot read {path} ({error.strerror or type(error).__name__}); set data.path to a file with"
            " one SMILES a line."
        ) from error
    except csv.Error as error:
        raise UsageError(f"data 'smiles': {path} is not a valid table ({error}); rename or fix it.") from error
    if not found:
        raise UsageError(f"data 'smiles': there is no SMILES in {path}; set data.path to a file with one a line.")
    return found


def _words(file: Iterable[str], column: str) -> Iterator[Line]:
    for number, text in enumerate(file, 1):
        words = text.split(maxsplit=1)
        if words and not (number == 1 and words[0].lower() == column.lower()):
            yield Line(number, words[0])


def _cells(file: Iterable[str], separator: str, column: str) -> Iterator[Line]:
    reader = csv.reader(file, delimiter=separator)
    at = 0
    for i, row in enumerate(reader):
        names = [cell.strip().lower() for cell in row]
        if i == 0 and column.lower() in names:
            at = names.index(column.lower())
        elif any(names):
            yield Line(reader.line_num, row[at].strip() if at < len(row) else "")
