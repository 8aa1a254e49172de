"""Where SMILES come from: tables inside installed packages, a file of the user's."""

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from detente import PluginError, UsageError, enumerated, file_of, package_file, shown, text_lines
from detente_molecule.chemistry import ATOMS, graph, quiet
from detente_molecule.smiles import INVALID, MOST_ATOMS, Misfit

_DATA = "data 'smiles'"
_TABLES = {".csv": ",", ".tsv": "\t"}
_EXTENDED = re.compile(r"\s*\S+\s+\|[^|]*\|")
"""A SMILES and what ChemAxon's dialect adds to it between bars: radicals, for one."""
_HEADER = re.compile(r"[^\W\d][\w .:/-]*")
"""The name of a column; most SMILES that are damaged are none."""
_LOOKED_AT = 20
"""Rows in which it is looked for the column that holds SMILES."""


class Line(NamedTuple):
    """A SMILES as it was written, the number of its line, counted from 1, and what another column says of it."""

    number: int
    smiles: str
    beside: str = ""


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


class Table(NamedTuple):
    """The SMILES in a file, and what a user should know about where they stood in it."""

    lines: list[Line]
    notes: list[str]


class _Row(NamedTuple):
    number: int
    cells: list[str]


def read_file(path: str, column: str, beside: str | None = None) -> Table:
    """The SMILES in a file, one molecule per line; blank lines are skipped.

    `.csv` and `.tsv` are tables, all others have words; either may be packed by gzip. What separates cells (commas,
    semicolons, tabs, `|`, white space) is found in the first line. The SMILES of a cell is its first word, with the
    CXSMILES extension that may follow. Byte-order marks, the line ends of any system and quotes are understood; bytes
    that are not UTF-8 make their line unreadable, not the file.

    The column is the one of this name (whatever its case), or of this number, counted from 1. Where there is no column
    "smiles", the first that holds SMILES is taken, unless a header names several.

    Args:
        path: the file.
        column: that of the SMILES, by its name or number.
        beside: one more column whose cells are wanted, likewise.

    Raises:
        UsageError: there is no such file or column, it cannot be read, or it holds nothing.
    """
    file = file_of(path, _DATA)
    try:
        rows, notes = _rows(file, column)
    except csv.Error as error:
        raise UsageError(
            f"{_DATA}: {shown(path)} is not a valid table ({error}): is there a quote that is not closed?"
        ) from error
    if not rows:
        raise UsageError(f"{_DATA}: there is no SMILES in {shown(path)}; set data.path to a file with one a line.")
    at, header, said = _column(rows, column, shown(path))
    other = None if beside is None else _beside(rows, beside, header, shown(path))
    lines = [Line(row.number, _smiles(row.cells, at), _cell(row.cells, other)) for row in rows[header:]]
    if not lines:
        raise UsageError(f"{_DATA}: there is no SMILES in {shown(path)} below its header; set data.path to another.")
    return Table(lines, said + notes)


def _rows(file: Path, column: str) -> tuple[list[_Row], list[str]]:
    kind = next((suffix.lower() for suffix in reversed(file.suffixes) if suffix.lower() != ".gz"), "")
    first = next((line for line in text_lines(file, _DATA, errors="replace") if line.strip()), "")
    text = text_lines(file, _DATA, errors="replace")
    if kind in _TABLES:
        reader = csv.reader(text, delimiter=_separator(first, column, _TABLES[kind] + ",;\t|") or _TABLES[kind])
        rows = [_Row(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
        notes = _swallowed(rows, shown(file))
    else:
        separator = _separator(first, column, "\t,;")
        rows, notes = [_Row(number, _words(line, separator)) for number, line in enumerate(text, 1)], []
    return [row for row in rows if any(row.cells)], notes


def _swallowed(rows: list[_Row], name: str) -> list[str]:
    """What to say of rows of more than one line: a quote that nobody closes takes all lines up to the next one in."""
    last, parts, lines = 0, list[str](), 0
    for row in rows:
        if row.number - last > 1:
            parts.append(f"{last + 1} to {row.number}")
            lines += row.number - last
        last = row.number
    if not parts:
        return []
    return [
        f"{name} has {lines:,} lines inside quotes that go over several lines ({enumerated(parts)}); each such stretch"
        " is one row. If they are rows of their own, a quote is not closed."
    ]


def _separator(line: str, column: str, marks: str) -> str | None:
    """What separates the cells of a line; None if nothing does but white space."""
    line = _EXTENDED.sub("", line)
    found = {mark: line.count(mark) for mark in marks if mark in line}
    for mark in found:
        if column.lower() in (cell.strip().strip('"').lower() for cell in line.split(mark)):
            return mark
    return max(found, key=lambda mark: found[mark], default=None)


def _words(line: str, separator: str | None) -> list[str]:
    extended = _EXTENDED.match(line)
    if extended is None:
        return [cell.strip() for cell in line.split(separator)]
    return [extended[0].strip(), *(cell.strip() for cell in line[extended.end() :].split(separator))]


def _smiles(cells: list[str], at: int) -> str:
    text = cells[at] if at < len(cells) else ""
    extended = _EXTENDED.match(text)
    return extended[0] if extended else text.partition(" ")[0]


def _cell(cells: list[str], at: int | None) -> str:
    return cells[at] if at is not None and at < len(cells) else ""


def _beside(rows: list[_Row], column: str, header: bool, path: str) -> int:
    """Where one more column stands.

    Raises:
        UsageError: there is no such column, or there are several.
    """
    first = rows[0].cells
    called = [cell.lower() for cell in first] if header else []
    if called.count(column.lower()) == 1:
        return called.index(column.lower())
    width = max(len(row.cells) for row in rows[:_LOOKED_AT])
    if column.isdecimal() and 1 <= int(column) <= width:
        return int(column) - 1
    there = f"its columns are {enumerated([shown(cell) for cell in first])}" if header else "its first line names none"
    has = "several columns" if column.lower() in called else "no column"
    raise UsageError(
        f"{_DATA}: {path} has {has} {column!r}; {there}. Set data.condition to a property that RDKit computes (qed,"
        f" logp, sa, tpsa, weight, rings), or to the name or the number (1 to {width}) of a column of numbers."
    )


def _column(rows: list[_Row], column: str, path: str) -> tuple[int, bool, list[str]]:
    """Which column holds the SMILES, whether the first row is a header, and what is to be said about it.

    Raises:
        UsageError: there is no such column, or more than one could be meant.
    """
    first = rows[0].cells
    called = [cell.lower() for cell in first]
    if called.count(column.lower()) == 1:
        return called.index(column.lower()), True, []
    if column.lower() in called:
        raise UsageError(f"{_DATA}: {path} has several columns {column!r}; set data.column to the number of one.")
    holding = _holding_smiles(rows[1:_LOOKED_AT] or rows)
    title = [cell for at, cell in enumerate(first) if at in holding or not holding]
    header = all(_HEADER.fullmatch(cell) and not _reads(cell) for cell in title)
    width = max(len(row.cells) for row in rows[:_LOOKED_AT])
    named = [shown(cell) for cell in first]
    titled = f", and {enumerated(named)} for the header" if header else ""
    if column.isdecimal() and 1 <= int(column) <= width:
        return int(column) - 1, header, [f"{path}: column {column} is taken{titled}."] if header else []
    if column.lower() != "smiles":
        there = f"its columns are {enumerated(named)}" if header else "its first line names none"
        raise UsageError(
            f"{_DATA}: {path} has no column {column!r}; {there}. Set data.column to a name or a number, 1 to {width}."
        )
    at = holding[0] if holding else 0
    where = " and ".join(str(k + 1) for k in holding) or "none"
    if header and len(holding) > 1:
        raise UsageError(
            f"{_DATA}: {path} has no column 'smiles', and of its columns ({enumerated(named)}) {where} hold SMILES. Set"
            " data.column to the name of one."
        )
    plain = not header and at == 0 and (len(holding) == 1 or width == 1)  # a SMILES at the start of each line
    said = f"{path} has no column 'smiles'; column {at + 1} is taken{titled}. SMILES were found in: {where}."
    return at, header, [] if plain else [said]


def _holding_smiles(rows: list[_Row]) -> list[int]:
    """The columns that hold SMILES, or at least half as many as the one that holds most."""
    width = max(len(row.cells) for row in rows)
    found = [sum(_reads(_smiles(row.cells, at)) for row in rows) for at in range(width)]
    return [at for at, count in enumerate(found) if count and count > max(found) / 2]


def _reads(text: str) -> bool:
    """Whether RDKit takes a text for a molecule, of whatever atoms."""
    try:
        with quiet():
            graph(text, len(ATOMS), MOST_ATOMS)
    except Misfit as why:
        return str(why) != INVALID
    return True
