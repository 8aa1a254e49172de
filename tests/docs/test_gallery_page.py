"""The gallery shows what bench/gallery.py trains, and nothing of it is missing."""

import re
import shlex
from pathlib import Path

import pytest

from bench import gallery

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "gallery.md"


@pytest.mark.parametrize("exhibit", gallery.EXHIBITS, ids=lambda exhibit: exhibit.name)
def test_each_generator_stands_with_its_command_and_its_scores(exhibit):
    section = PAGE.read_text(encoding="utf-8").split(f"## {exhibit.title}\n", 1)[1].split("\n## ", 1)[0]
    assert shlex.join(["detente", "train", *exhibit.arguments]) in section
    assert f"| {' | '.join(exhibit.shown)} |" in section
    row = re.search(r"\| this generator \|(.*)\|", section)
    assert row and all(re.fullmatch(r"[−.\d]+", value.strip()) for value in row[1].split("|"))


def test_every_picture_and_sound_is_there_and_used():
    shown = set(re.findall(r'(?:\(|src=")gallery/([\w.-]+)', PAGE.read_text(encoding="utf-8")))
    assert shown and shown == {path.name for path in (DOCS / "gallery").iterdir()}
