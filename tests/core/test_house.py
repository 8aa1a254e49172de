"""The house keeps its order: every module has a test file of its own, and no file is longer than 300 lines."""

from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST = 300
LONGER: dict[str, str] = {}
"""Files that may be longer, and why."""


def places(root: Path) -> Iterator[tuple[Path, Path]]:
    """Each module with the folder of its tests: the core's is mirrored, that of a plugin is one folder."""
    yield from mirrored(root / "core" / "detente", root / "tests" / "core")
    for package in sorted(root.glob("plugins/*/detente_*")):
        tests = root / "tests" / "plugins" / package.parent.name
        yield from ((module, tests) for module, _ in mirrored(package, tests))


def mirrored(package: Path, tests: Path) -> Iterator[tuple[Path, Path]]:
    modules = (m for m in sorted(package.rglob("*.py")) if m.name != "__init__.py")
    return ((module, tests / module.parent.relative_to(package)) for module in modules)


def untested(root: Path) -> list[str]:
    """A sentence for each module that no test file is about.

    Such a file is called `test_<module>.py`, with more in front of the module's name where another file has that one.
    """
    said = []
    for module, folder in places(root):
        name = module.stem.strip("_")
        own = [f for f in folder.glob("test_*.py") if f.stem.endswith(f"_{name}")]
        if not any("def test_" in f.read_text(encoding="utf-8") for f in own):
            here, there = module.relative_to(root).as_posix(), folder.relative_to(root).as_posix()
            said.append(f"{here} has no test file of its own: write {there}/test_{name}.py")
    return said


def too_long(root: Path) -> list[str]:
    """A sentence for each file of the core or the tests that is too long, and for each that no longer is."""
    said = []
    for file in sorted(f for part in ("core", "tests") for f in (root / part).rglob("*.py")):
        name, lines = file.relative_to(root).as_posix(), len(file.read_text(encoding="utf-8").splitlines())
        if (lines > MOST) is not (name in LONGER):
            said.append(
                f"{name} is no longer too long; take it off the list LONGER"
                if name in LONGER
                else f"{name} has {lines} lines, and {MOST} are the most: split it by what it is about"
            )
    return said


def test_every_module_has_a_test_file_of_its_own() -> None:
    assert not untested(ROOT), "\n".join(untested(ROOT))


def test_no_file_of_the_core_or_the_tests_is_too_long() -> None:
    assert not too_long(ROOT), "\n".join(too_long(ROOT))


def put(root: Path, path: str, text: str = "def test_something(): ...\n") -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("module", "test", "said"),
    [
        ("core/detente/engine/game.py", "tests/core/engine/test_game.py", False),
        ("core/detente/engine/options.py", "tests/core/engine/test_engine_options.py", False),
        ("core/detente/_moved.py", "tests/core/test_moved.py", False),
        ("core/detente/__main__.py", "tests/core/test_main.py", False),
        ("plugins/image/detente_image/data.py", "tests/plugins/image/test_image_data.py", False),
        ("plugins/image/detente_image/networks/mlp.py", "tests/plugins/image/test_image_mlp.py", False),
        ("core/detente/engine/__init__.py", "tests/core/engine/test_game.py", False),
        ("core/detente/engine/game.py", "tests/core/test_game.py", True),
        ("core/detente/engine/game.py", "tests/core/engine/test_games.py", True),
        ("core/detente/engine/game.py", "tests/core/engine/test_endgame.py", True),
        ("plugins/image/detente_image/data.py", "tests/plugins/image/test_image_metadata.py", True),
    ],
)
def test_the_test_file_of_a_module_is_known_by_its_place_and_name(
    tmp_path: Path, module: str, test: str, said: bool
) -> None:
    put(tmp_path, module)
    put(tmp_path, test)
    assert [line.partition(" has ")[0] for line in untested(tmp_path)] == ([module] if said else [])


def test_a_missing_or_empty_test_file_is_named_with_what_to_write(tmp_path: Path) -> None:
    put(tmp_path, "core/detente/engine/game.py")
    put(tmp_path, "tests/core/engine/test_game.py", "import detente\n")
    expected = "core/detente/engine/game.py has no test file of its own: write tests/core/engine/test_game.py"
    assert untested(tmp_path) == [expected]


def test_a_file_that_is_too_long_is_named_and_so_is_an_exception_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "core/detente/a.py", "x = 1\n" * 301)
    put(tmp_path, "tests/core/test_a.py", "x = 1\n" * 300)
    expected = "core/detente/a.py has 301 lines, and 300 are the most: split it by what it is about"
    assert too_long(tmp_path) == [expected]
    monkeypatch.setitem(LONGER, "core/detente/a.py", "a table")
    assert too_long(tmp_path) == []
    monkeypatch.setitem(LONGER, "tests/core/test_a.py", "a table")
    assert too_long(tmp_path) == ["tests/core/test_a.py is no longer too long; take it off the list LONGER"]
