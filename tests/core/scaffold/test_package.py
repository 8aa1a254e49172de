"""A new package: what it is called, what is refused, and what stands in it."""

import ast
import errno
import os
import tomllib

import pytest

from detente.errors import UsageError
from detente.files import write_atomically
from detente.plugins import host
from detente.scaffold.package import LICENCES, Package, suggestion

WHAT = ("regularizer", "domain")


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("licence", LICENCES)
def test_every_file_is_valid_and_names_are_consistent(what, licence):
    package = Package(what, "soft-scores", "A. User", licence)
    files = package.files()
    for path, text in files.items():
        assert "{{" not in text.replace("${{", "") and all(len(line) <= 120 for line in text.splitlines()), path
        if path.endswith(".py"):
            ast.parse(text)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert project["name"] == "detente-soft-scores" and project["license"] == licence
    assert project["entry-points"]["detente"] == {"soft-scores": "detente_soft_scores.plugin"}
    assert "A. User" in files["LICENSE"] or licence == "Apache-2.0"
    assert "class SoftScores" in files[f"detente_soft_scores/{what}.py"]
    assert files["detente_soft_scores/__init__.py"] == "", "every start of détente imports it"
    assert ".github/workflows/tests.yml" in files and "detente_soft_scores/py.typed" in files


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("GradientNoise", "gradient-noise"),
        ("gradient_noise", "gradient-noise"),
        ("detente-noise", "noise"),
        ("Gradient Noise", "gradient-noise"),
        ("R-1", "r1"),
        ("2fast", None),
        ("", None),
        ("ä", None),
        ("a-b", None),
    ],
)
def test_a_bad_name_is_refused_with_a_better_one(name, better):
    with pytest.raises(UsageError) as refused:
        Package("regularizer", name)
    assert better is None or f"Write {better!r}." in str(refused.value)
    assert suggestion(name) in (better, None, "a-b")


@pytest.mark.parametrize(
    ("what", "name", "said"),
    [
        ("regularizer", "r1", "There is a regularizer 'r1' already, of detente"),
        ("domain", "ring", "There is a domain 'ring' already"),
        ("regularizer", "step", "says too little, or hides something"),
        ("regularizer", "here-already", "exists already"),
    ],
)
def test_a_name_or_a_folder_that_is_taken_is_refused_and_nothing_is_written(what, name, said, tmp_path):
    (tmp_path / "detente-here-already").mkdir()
    with pytest.raises(UsageError, match=said):
        Package(what, name).write(tmp_path, host())
    assert [path.name for path in tmp_path.rglob("*")] == ["detente-here-already"]


def test_a_licence_that_is_not_offered_is_refused():
    with pytest.raises(UsageError, match="write one of MIT, BSD-3-Clause"):
        Package("domain", "rhythm", licence="GPL")


@pytest.mark.parametrize("what", WHAT)
def test_a_package_is_written_as_a_whole(what, tmp_path):
    package = Package(what, "soft-scores")
    folder = package.write(tmp_path, host())
    assert folder == tmp_path / "detente-soft-scores"
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == set(package.files())


@pytest.mark.parametrize(("what", "most"), [("regularizer", 20), ("domain", 120)])
def test_what_an_author_has_to_read_is_short(what, most):
    files = Package(what, "soft-scores").files()
    texts = [
        files[f"detente_soft_scores/{what}.py"],
        *([files["detente_soft_scores/plugin.py"]] if what == "domain" else []),
    ]
    assert (
        sum(bool(line.strip()) and not line.strip().startswith("#") for text in texts for line in text.splitlines())
        <= most
    )


def test_on_a_full_disk_nothing_is_left_of_a_package(tmp_path, monkeypatch):
    made = Package("regularizer", "hello")
    written = []

    def full(path, text):
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        written.append(path)
        write_atomically(path, text)

    with monkeypatch.context() as patch:
        patch.setattr("detente.scaffold.package.write_atomically", full)
        with pytest.raises(OSError, match=r"No space left on device: '.*detente-hello'"):
            made.write(tmp_path, host())
    assert len(written) == 3 and list(tmp_path.iterdir()) == []
    assert made.write(tmp_path, host()).is_dir()
