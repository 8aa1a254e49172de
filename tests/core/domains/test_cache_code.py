"""What is cached is named by the code that made it: another version of it finds nothing."""

import importlib
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from detente.domains.cache import code_of
from detente.domains.packed import Packed, packed
from detente.domains.sources import stamps

PARTS = {
    "__init__.py": "",
    "data.py": '"""Data."""\nfrom .reading import values\nfrom mixer import constants\nmade = values\n',
    "reading.py": "import mixer.tables as tables\n\ndef values():\n    # as they are\n    return tables.TABLE\n",
    "tables.py": "TABLE = [1, 2]\n",
    "constants.py": "SCORED = 750\n",
    "networks.py": "WIDTH = 64\n",
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Replaces text in a file of a package; the hash of what its module `data` is made by."""
    package = tmp_path / "code" / "mixer"
    package.mkdir(parents=True)
    for name, text in PARTS.items():
        (package / name).write_text(text)
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.syspath_prepend(str(package.parent))

    def replace(name: str = "data.py", old: str = "", new: str = "") -> str:
        path = package / name
        path.write_text(path.read_text().replace(old, new))
        for module in [module for module in sys.modules if module.partition(".")[0] == "mixer"]:
            del sys.modules[module]
        importlib.invalidate_caches()
        code_of.cache_clear()
        return code_of("mixer.data")

    yield replace
    replace()


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("data.py", "= values", "= list"), ("reading.py", ".TABLE", ".TABLE[::-1]"),
     ("tables.py", "2", "3"), ("constants.py", "750", "500")],
)  # fmt: skip
def test_code_changes_with_a_module_and_with_all_that_it_imports_of_its_package(write, name, old, new):
    assert write() != write(name, old, new)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("networks.py", "64", "128"), ("data.py", "Data.", "Sets of data."), ("reading.py", "# as they are", "# raw"),
     ("tables.py", "[1, 2]", "[\n    1,\n    2,\n]")],
)  # fmt: skip
def test_other_modules_comments_docstrings_and_layout_do_not_count(write, name, old, new):
    assert write() == write(name, old, new)


def test_code_is_read_and_never_imported(write):
    write("reading.py", "import mixer", "raise SystemExit\nimport mixer")
    assert "mixer.reading" not in sys.modules


@pytest.mark.parametrize("wrapped", [False, True])
def test_what_other_code_prepared_is_made_again(write, wrapped):
    def values() -> list[int]:
        made = importlib.import_module("mixer.data").made

        def make() -> Packed:
            return Packed({"x": np.array(made())}, {"train": 2})

        make.__module__ = "mixer.data"
        return packed("things", {"of": "x"}, partial(make) if wrapped else make).arrays["x"].tolist()

    write()
    assert values() == [1, 2]
    write("networks.py", "64", "128")
    assert values() == [1, 2]
    write("tables.py", "2", "7")
    assert values() == [1, 7]
    write("tables.py", "7", "2")
    assert values() == [1, 2], "the old code finds its own again"


def test_modules_that_are_named_count_too(write):
    def value(what: int) -> int:
        make = partial(lambda: Packed({"x": np.array([what])}, {"train": 1}))
        return int(packed("things", {"of": "y"}, make, ["mixer.networks"]).arrays["x"][0])

    write()
    assert (value(1), value(2)) == (1, 1)
    write("networks.py", "64", "128")
    assert value(3) == 3


def test_a_file_of_the_same_size_and_time_is_another_file(tmp_path: Path):
    import os

    file = tmp_path / "a.txt"
    file.write_text("one")
    stat, before = file.stat(), stamps([file], tmp_path)
    assert stamps([file], tmp_path) == before
    (tmp_path / "new").write_text("two")
    os.utime(tmp_path / "new", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (tmp_path / "new").replace(file)
    assert file.stat().st_mtime_ns == stat.st_mtime_ns
    assert stamps([file], tmp_path) != before
