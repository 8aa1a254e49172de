"""What is no list of sentences is not read as one in silence."""

import logging

import pytest

from detente.errors import UsageError
from detente_text.data import Lines
from detente_text.sources import other_kind

PROSE = [
    "The cat sat, and slept.",
    "A dog; it barked, twice, at 12:30.",
    "2 < 3, he said.",
    "No more",
    "{sic} he wrote",
]
TABLES = {
    "a.csv": ("id,text\n1,the cat sat\n2,\"a dog, it barked\"\n", "a table of 2 columns"),
    "a.tsv": ("the cat\tle chat\na dog\tun chien\n", "a table of 2 columns"),
    "pairs.txt": ("".join(f"word {i}\tmot {i}\tCC-BY\n" for i in range(5)), "a table of 3 columns"),
    "semi.csv": ("id;text;label\n1;the cat;2\n", "a table of 3 columns"),
    "page.html": ("<!doctype html>\n<html><body>\n<p>The cat sat.</p>\n</body></html>\n", "HTML or XML"),
    "feed.xml": ("<?xml version='1.0'?>\n<rss>\n<item>The cat</item>\n</rss>\n", "HTML or XML"),
    "saved.txt": ("<div>\n<p>The cat sat.</p>\n<br/>\nMore text\n</div>\n", "HTML or XML"),
    "rows.jsonl": ('{"text": "the cat"}\n{"text": "a dog"}\n', "JSON"),
    "rows.json": ('[\n  {"text": "the cat"}\n]\n', "JSON"),
    "note.txt": ("{\\rtf1\\ansi The cat sat.\\par\n}\n", "a document in RTF"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_a_table_or_a_page_is_refused_and_said_of_an_old_recipe(name, tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    text, kind = TABLES[name]
    (tmp_path / name).write_text(text * 40 if name in ("a.tsv", "pairs.txt") else text)
    with pytest.raises(UsageError, match=rf"{name} is {kind}, .*Save the sentences alone as a text file"):
        Lines(str(tmp_path / name), reading=2)
    if name in ("a.tsv", "pairs.txt"):
        with caplog.at_level(logging.WARNING):
            Lines(str(tmp_path / name))
        assert any(f"{name} is {kind}" in record.message for record in caplog.records)


@pytest.mark.parametrize("name", ["mine.txt", "mine", "mine.md", "one-column.csv"])
def test_prose_is_prose_whatever_its_marks(name, tmp_path):
    lines = ["the cat sat", "a dog barked", "no more"] if name.endswith("csv") else PROSE
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    assert other_kind(tmp_path / name, "utf-8") is None


def test_of_an_empty_file_nothing_is_said(tmp_path):
    (tmp_path / "empty.txt").write_text("\n\n")
    assert other_kind(tmp_path / "empty.txt", "utf-8") is None
