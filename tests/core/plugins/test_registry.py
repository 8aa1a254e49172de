"""What plugins declare: checked when it is added, imported when it is asked for."""

from pathlib import Path
from typing import Any

import pytest

from detente.errors import PluginError
from detente.plugins.registry import Entry, Kind, Origin, Registry
from distributions import ask
from sample_plugins import git, refusal


def test_a_target_is_imported_only_when_its_name_is_loaded(installed: Path) -> None:
    code = (
        "host = discover()\n"
        "host.entry('regularizer', 'calm')\n"
        "before = 'good_heavy' in sys.modules\n"
        "loaded = host.load('regularizer', 'calm').__name__\n"
        "answer = [before, loaded, 'good_heavy' in sys.modules]"
    )
    assert ask(installed, code) == [False, "Calm", True]


def test_a_target_that_needs_a_missing_package_names_it_and_the_distribution(
    installed: Path,
) -> None:
    error, message = refusal(installed, "load('regularizer', 'optional')")
    assert error == "PluginError"
    assert message.startswith("regularizer 'optional' of detente-good 1.0 cannot be used")
    assert message.endswith("Install the package that provides 'package_that_nobody_installed'.")


def test_a_target_whose_attribute_is_misspelt_gets_a_suggestion(installed: Path) -> None:
    error, message = refusal(installed, "load('regularizer', 'typo')")
    assert error == "PluginError"
    assert "has no attribute 'Clam'. Did you mean 'Calm'?" in message


def commit_of(folder: Path) -> str | None:
    return Origin("p", "d", "1", source=folder).commit


def test_the_commit_of_a_clean_folder_is_its_head(repository: Path) -> None:
    assert commit_of(repository / "plugin") == git(repository, "rev-parse", "HEAD")


def test_changes_make_a_commit_dirty_only_in_the_folder_they_touch(repository: Path) -> None:
    (repository / "elsewhere.py").write_text("")
    (repository / "copy").mkdir()
    (repository / "copy" / "new.py").write_text("")
    head = git(repository, "rev-parse", "HEAD")
    assert commit_of(repository / "plugin") == head
    assert commit_of(repository / "copy") == f"{head}-dirty"


def test_a_folder_that_git_ignores_or_does_not_know_has_no_commit(repository: Path, tmp_path: Path) -> None:
    (repository / ".gitignore").write_text("build/\n")
    (repository / "build").mkdir()
    assert commit_of(repository / "build") is None
    assert commit_of(tmp_path) is None


MINE = Origin("mine", "my-package", "1.2")


@pytest.mark.parametrize("name", ["", "R1", "1d", "a b", "a.b", "a+b", "a--b", "-a", "a(b)", 3])
def test_an_illegal_name_is_refused(name: Any) -> None:
    with pytest.raises(PluginError, match="invalid name"):
        Registry("regularizer", MINE, []).add(name, "m:A")


@pytest.mark.parametrize("target", ["", "m", "m.A", "m:", ":A", "m:A:B", "m-n:A", "m:A()", int])
def test_a_malformed_target_is_refused(target: Any) -> None:
    with pytest.raises(PluginError, match="malformed target"):
        Registry("regularizer", MINE, []).add("calm", target)


@pytest.mark.parametrize(
    ("kind", "domain", "accepted"),
    [
        ("model", None, False),
        ("data", None, False),
        ("metric", None, True),
        ("metric", "shapes", True),
        ("regularizer", "shapes", False),
        ("objective", "shapes", False),
        ("domain", "shapes", False),
        ("model", "No Domain", False),
    ],
)
def test_a_domain_is_taken_where_the_kind_has_one(kind: Kind, domain: str | None, accepted: bool) -> None:
    staged: list[Entry] = []
    registry = Registry(kind, MINE, staged)
    if accepted:
        registry.add("name", "m:A", domain=domain)
        assert staged[0].domain == domain
    else:
        with pytest.raises(PluginError, match="domain"):
            registry.add("name", "m:A", domain=domain)


def test_a_name_repeated_by_one_plugin_is_refused_but_not_across_domains() -> None:
    registry = Registry("data", MINE, [])
    registry.add("folder", "m:A", domain="shapes")
    registry.add("folder", "m:A", domain="sounds")
    with pytest.raises(PluginError, match="repeats a name"):
        registry.add("folder", "m:B", domain="shapes")


def test_extra_options_travel_with_the_entry_and_must_be_plain_data() -> None:
    staged: list[Entry] = []
    registry = Registry("regularizer", MINE, staged)
    registry.add("calm", "m:A", paper="2018", tags=["a"])
    assert staged[0].options == {"paper": "2018", "tags": ["a"]}
    with pytest.raises(PluginError, match="plain data"):
        registry.add("wild", "m:A", when=object())
    with pytest.raises(PluginError, match="one line"):
        registry.add("long", "m:A", summary="two\nlines")


def test_a_declaration_after_its_hook_is_refused() -> None:
    registry = Registry("regularizer", MINE, [])
    registry.close()
    with pytest.raises(PluginError, match="too late"):
        registry.add("calm", "m:A")
