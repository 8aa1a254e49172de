"""Packages that are missing or broken: what is said, and what works all the same."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from detente import compat
from detente.errors import MissingExtraError


def test_an_extra_that_is_installed_passes_and_one_that_is_not_says_what_to_install() -> None:
    compat.require("run", "json", "torch")
    with pytest.raises(MissingExtraError) as error:
        compat.require("plots", "json", "no_such_a", "no_such_b")
    assert str(error.value) == (
        "This part of détente needs no_such_a and no_such_b. Install the extra 'plots': pip install 'detente[plots]'"
    )


BROKEN = """
from . import _extension
value = 7


@_extension.fail_if_no_align
def align(): ...
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in which packages are found before those that are installed."""
    before = {n: m for n, m in sys.modules.items() if n.partition(".")[0] in ("torchaudio", "transformers")}
    for name in before:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [n for n in sys.modules if n.partition(".")[0] in ("torchaudio", "transformers")]:
        del sys.modules[name]
    sys.modules.update(before)
    importlib.invalidate_caches()


def put(folder: Path, name: str, **files: str) -> None:
    (folder / name).mkdir()
    for stem, text in {"__init__": "", **files}.items():
        (folder / name / f"{stem}.py").write_text(text)
    importlib.invalidate_caches()


@pytest.mark.parametrize("raised", ["OSError('libcudart.so.13: cannot open')", "ImportError('undefined symbol')"])
def test_a_torchaudio_without_its_compiled_parts_serves_as_far_as_it_is_python(packages: Path, raised: str) -> None:
    put(packages, "torchaudio", __init__=BROKEN, _extension=f"raise {raised}")
    found = compat.torchaudio()
    assert (found.value, Path(found.__file__).parent) == (7, packages / "torchaudio")
    with pytest.raises(RuntimeError, match=r"^align needs torchaudio's compiled extension.*install both"):
        found.align()


def test_a_whole_torchaudio_keeps_its_own_extension(packages: Path) -> None:
    put(packages, "torchaudio", __init__=BROKEN, _extension="fail_if_no_align = lambda f: 'compiled'")
    assert compat.torchaudio().align == "compiled"


def test_what_imports_torchaudio_can_be_imported_beside_a_broken_one(packages: Path) -> None:
    put(packages, "torchaudio", __init__=BROKEN, _extension="raise OSError('no CUDA')")
    put(packages, "transformers", __init__="import torchaudio\nvalue = torchaudio.value + 1")
    assert compat.transformers().value == 8


def test_a_package_that_is_not_installed_is_still_an_import_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.partition(".")[0] == "torchaudio"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    with pytest.raises(ImportError):
        compat.torchaudio()
    assert "torchaudio._extension" not in sys.modules
