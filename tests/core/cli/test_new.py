"""`detente new` says where the package is and what to do next, and refuses what cannot be."""

import json

import pytest

from detente.cli import main


@pytest.mark.parametrize(("what", "file"), [("regularizer", "regularizer.py"), ("domain", "domain.py")])
def test_new_writes_a_package_and_says_what_comes_next(what, file, tmp_path, capsys):
    assert main(["new", what, "soft-scores", "--into", str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["file"] == str(tmp_path / "detente-soft-scores" / "detente_soft_scores" / file)
    assert "pytest" in said["next"] and (tmp_path / "detente-soft-scores" / "pyproject.toml").is_file()


@pytest.mark.parametrize("name", ["R1", "r1", "Soft Scores"])
def test_a_name_that_cannot_be_is_a_usage_error(name, tmp_path, capsys):
    assert main(["new", "regularizer", name, "--into", str(tmp_path)]) == 2
    assert not list(tmp_path.iterdir()) and "bug" not in capsys.readouterr().err


def test_a_difference_from_the_templates_is_shown_and_its_absence_said(tmp_path, capsys):
    assert main(["new", "regularizer", "soft-scores", "--into", str(tmp_path)]) == 0
    folder = tmp_path / "detente-soft-scores"
    capsys.readouterr()
    assert main(["new", "diff", str(folder)]) == 0
    assert "nothing differs" in capsys.readouterr().out
    (folder / ".gitignore").write_text("mine\n", encoding="utf-8")
    assert main(["new", "diff", str(folder)]) == 0
    assert "-mine" in capsys.readouterr().out


def test_in_tree_needs_a_checkout(tmp_path, capsys):
    assert main(["new", "regularizer", "soft-scores", "--in-tree", "--into", str(tmp_path)]) == 2
    assert "is no checkout of détente" in capsys.readouterr().err
