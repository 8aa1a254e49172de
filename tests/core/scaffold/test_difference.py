"""What newer templates would change in a package: told as a diff, and nothing is written."""

import pytest

from detente.errors import UsageError
from detente.plugins import host
from detente.scaffold.difference import difference, of_package
from detente.scaffold.package import Package


@pytest.fixture(params=["regularizer", "domain"])
def package(request, tmp_path):
    return Package(request.param, "soft-scores", licence="Apache-2.0").write(tmp_path, host())


def test_a_fresh_package_differs_in_nothing(package):
    assert difference(package) == ""
    assert of_package(package).licence == "Apache-2.0"


def test_an_older_file_is_told_with_what_the_template_has_now_and_what_is_the_author_s_is_not(package):
    ci = package / ".github/workflows/tests.yml"
    ci.write_text(ci.read_text(encoding="utf-8").replace('"3.12", "3.13"', '"3.12"'), encoding="utf-8")
    (package / "README.md").write_text("# mine\n", encoding="utf-8")
    for own in package.glob("detente_soft_scores/*.py"):
        if own.name in ("regularizer.py", "domain.py"):
            own.write_text("# mine\n", encoding="utf-8")
    before = ci.read_bytes()
    changed = [line for line in difference(package).splitlines() if line.startswith(("+", "-"))]
    assert changed == [
        "--- yours/.github/workflows/tests.yml",
        "+++ template/.github/workflows/tests.yml",
        '-        python: ["3.11", "3.12"]',
        '+        python: ["3.11", "3.12", "3.13"]',
    ]
    assert ci.read_bytes() == before


def test_a_file_that_newer_templates_have_and_the_package_has_not_is_told_as_a_whole(package):
    (package / ".gitignore").unlink()
    assert "+.venv/" in difference(package)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "has no pyproject.toml"),
        ("[project", "cannot be read as a project"),
        ("[tool]", "cannot be read as a project"),
        ("[project]\nname = 'other'", "writes packages called detente-"),
        ("[project]\nname = 'detente-other'", "neither regularizer.py nor domain.py"),
    ],
)
def test_a_folder_that_new_did_not_write_is_refused(text, said, tmp_path):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        difference(tmp_path)
