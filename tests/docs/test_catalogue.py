"""A regularizer of the core is its class, its test, its card and the line that registers it; what lacks is named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from catalogue import faults

ROOT = Path(__file__).parents[2]

PARTS = {
    "class": (
        "core/detente/regularizers/toy.py",
        "from detente.engine.regularizer import Regularizer\n\n\nclass Toy(Regularizer):\n    pass\n",
    ),
    "test": ("tests/core/regularizers/test_toy.py", "def test_toy(): ...\n"),
    "card": ("docs/cards/toy.md", "# toy\n"),
}
LINE = '    add("toy", "toy", "Toy", "nothing")\n'


def test_every_regularizer_has_its_class_its_test_its_card_and_its_line() -> None:
    assert faults() == []


def what_is_said(folder: Path, without: str) -> str:
    """Plant a regularizer with one part missing in a copy of the tree; what the check says of that tree."""
    for part in ("core/detente", "tests/core/regularizers", "docs/cards"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for part, (path, text) in PARTS.items():
        if part != without:
            (folder / path).write_text(text, encoding="utf-8")
    if without != "line":
        builtin = folder / "core/detente/plugins/builtin.py"
        text = builtin.read_text("utf-8")
        above = '    add("l1", "l1", "L1"'
        assert above in text
        builtin.write_text(text.replace(above, LINE + above), encoding="utf-8")
    path = os.pathsep.join([str(folder / "core"), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("catalogue.py"))],
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.slow
def test_a_toy_regularizer_takes_four_things_and_no_more(tmp_path: Path) -> None:
    assert what_is_said(tmp_path, without="nothing") == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("without", "sentences"),
    [
        (
            "class",
            (
                "core/detente/plugins/builtin.py registers 'toy', but core/detente/regularizers/toy.py is missing:"
                " write the class Toy there, with its equation and citation in the docstring.",
                "tests/core/regularizers/test_toy.py tests no module of core/detente/regularizers: delete it.",
            ),
        ),
        (
            "test",
            (
                "core/detente/plugins/builtin.py registers 'toy', but tests/core/regularizers/test_toy.py is missing:"
                " write there what Toy does on a game with a known answer, with the paper's numbers.",
            ),
        ),
        (
            "card",
            (
                "core/detente/plugins/builtin.py registers 'toy', but docs/cards/toy.md is missing: write its card,"
                " with the sections and the table of docs/cards/r1.md, then run `make index`.",
            ),
        ),
        (
            "line",
            (
                "core/detente/regularizers/toy.py has the class Toy, which nothing registers: put"
                ' add("toy", "toy", "Toy", "…") into core/detente/plugins/builtin.py.',
                "docs/cards/toy.md is the card of nothing that is registered: delete or rename it.",
            ),
        ),
    ],
)
def test_the_missing_part_of_a_toy_regularizer_is_named(
    tmp_path: Path, without: str, sentences: tuple[str, ...]
) -> None:
    assert what_is_said(tmp_path, without) == "\n".join(sentences)
