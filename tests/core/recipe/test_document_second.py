"""A file with two YAML documents is refused with the place of the second and what to do, in words of ours."""

from pathlib import Path

import pytest

from detente.errors import UsageError
from detente.recipe.document import parse, read

SAID = "a second YAML document begins here; keep one and move the other to a file of its own."


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("steps: 1\n---\nsteps: 2\n", 2),
        ("---\nsteps: 1\nbatch: 8\n---\nsteps: 2\n", 4),
        ("# a comment\nsteps: 1\n...\n---\n- 2\n", 4),
        ("one\n--- two", 2),
    ],
)
def test_a_second_document_is_named_with_its_line_and_what_to_do(text: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        parse(text, "--set: data")
    assert str(refused.value) == f"--set: data: line {line}, column 1: {SAID}"
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as refused:
        read(path)
    assert str(refused.value) == f"{path}: line {line}, column 1: {SAID}"


def test_one_document_between_its_marks_is_a_recipe(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("%YAML 1.2\n---\nsteps: 1\n...\n", encoding="utf-8")
    assert read(path) == {"steps": 1}
