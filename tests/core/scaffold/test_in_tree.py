"""A regularizer of the core itself: new files and the lines that register it, in a copy of the checkout."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from detente.errors import UsageError
from detente.plugins import host
from detente.scaffold.in_tree import BuiltIn

ROOT = Path(__file__).parents[3]
CHANGED = ("core/detente/plugins/builtin.py", "core/detente/regularizers/__init__.py")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for path in CHANGED:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    return tmp_path


def test_its_class_test_and_card_are_written_and_its_lines_added(checkout):
    before = {path: (checkout / path).read_text(encoding="utf-8").splitlines() for path in CHANGED}
    written = BuiltIn("soft-scores").write(checkout, host())
    assert {path.relative_to(checkout).as_posix() for path in written} == {
        "core/detente/regularizers/soft_scores.py",
        "tests/core/regularizers/test_soft_scores.py",
        "docs/cards/soft-scores.md",
        *CHANGED,
    }
    added = []
    for path, lines in before.items():
        now = (checkout / path).read_text(encoding="utf-8").splitlines()
        added.append([line.strip() for line in now if line not in lines])
        assert [line for line in now if line in lines] == lines
    assert added == [
        ['add("soft-scores", "soft_scores", "SoftScores", "what it does, in a few words")'],
        ['"SoftScores": "soft_scores",', "from detente.regularizers.soft_scores import SoftScores as SoftScores"],
    ]
    for path in written:
        if path.suffix == ".py":
            ast.parse(path.read_text(encoding="utf-8"))


def test_what_is_written_is_in_the_project_s_format(checkout):
    written = BuiltIn("soft-scores").write(checkout, host())
    shutil.copy(ROOT / "pyproject.toml", checkout)
    files = [str(path) for path in written if path.suffix == ".py"]
    ours = ["--config", "lint.isort.known-first-party=['detente']"]  # most of the package is not in the copy
    for step in (["format", "--check"], ["check", *ours]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *step, *files], cwd=checkout, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["aaa", "zzz"])
def test_its_class_is_handed_out_whatever_its_place_in_the_alphabet(name, checkout):
    text = BuiltIn(name).edits(checkout)[CHANGED[1]]
    modules = [node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    assert f"detente.regularizers.{name}" in modules and f'"{name.capitalize()}": "{name}"' in text


def test_the_card_and_the_test_speak_of_the_class_that_is_written():
    files = BuiltIn("soft-scores").files()
    equation = "λ · E_{x real} D(x)²"
    assert (
        equation in files["core/detente/regularizers/soft_scores.py"] and equation in files["docs/cards/soft-scores.md"]
    )
    space: dict = {}
    exec(files["core/detente/regularizers/soft_scores.py"], space)
    module = type(sys)("detente.regularizers.soft_scores")
    module.__dict__.update(space)
    sys.modules[module.__name__] = module
    try:
        test: dict = {}
        exec(files["tests/core/regularizers/test_soft_scores.py"], test)
        test["test_soft_scores_is_its_weight_times_the_mean_square_of_the_reals_scores"]()
    finally:
        del sys.modules[module.__name__]


@pytest.mark.parametrize(
    ("name", "said"),
    [("r1", "There is a regularizer 'r1' already"), ("R9", "Write 'r9'"), ("soft-scores", "is no checkout of détente")],
)
def test_a_taken_or_bad_name_and_a_place_that_is_no_checkout_are_refused(name, said, tmp_path):
    with pytest.raises(UsageError, match=said):
        BuiltIn(name).write(tmp_path, host())
    assert not list(tmp_path.iterdir())


def test_nothing_is_overwritten(checkout):
    card = checkout / "docs/cards/soft-scores.md"
    card.parent.mkdir(parents=True)
    card.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        BuiltIn("soft-scores").write(checkout, host())
    assert card.read_text(encoding="utf-8") == "mine"
    assert "soft-scores" not in (checkout / CHANGED[0]).read_text(encoding="utf-8")
