"""The documentation is true: its examples and commands run, and its links lead somewhere."""

import math
import os
import re
import subprocess
import sys
import wave
from array import array
from pathlib import Path

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from warm import warm

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
READMES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "core/README.md", "changelog.d/README.md")),
    *sorted(ROOT.glob("plugins/*/README.md")),
]

SHORT = """
detente() {
  case "$1" in
    train|compare|tune) command detente "$@" $HOW ;;
    *) command detente "$@" ;;
  esac
}
"""
"""In front of a README's commands: they run as they stand, apart from how long."""


LONG = "<!-- needs a download: run by `make acceptance` -->\n"
"""In front of a block of commands that `make check` leaves out."""


def run_shell(example: Example) -> None:
    """A block of commands, run as a reader would: in an empty folder, with this environment's `detente`.

    What a page installs goes into a folder beside it, without a network.
    """
    first = [os.path.dirname(warm())] if example.namespace.get("fast") else []
    path = os.pathsep.join([*first, str(Path(sys.executable).parent), os.environ["PATH"]])
    site = str(Path.cwd() / "site-packages")
    python = os.pathsep.join([site, *filter(None, [os.environ.get("PYTHONPATH")])])
    # The names are pip's, in which NO_BUILD_ISOLATION=0 switches the isolation off.
    pip = {"TARGET": site, "NO_DEPS": "1", "NO_INDEX": "1", "NO_BUILD_ISOLATION": "0", "DISABLE_PIP_VERSION_CHECK": "1"}
    how = example.namespace.get("how")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example.parsed if how is None else SHORT + example.parsed],
        env=os.environ
        | {"PATH": path, "PYTHONPATH": python, "NO_COLOR": "1", "HOW": how or ""}
        | {f"PIP_{k}": v for k, v in pip.items()},
        capture_output=True,
        text=True,
        timeout=240 if how is None else 1800,
        check=False,
    )
    assert done.returncode == 0, f"{example.parsed}\n{done.stdout}\n{done.stderr}"


EXAMPLES = Sybil([PythonCodeBlockParser(), CodeBlockParser("bash", run_shell)])


def page_name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run examples in, with a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_the_examples_of_a_page_run_from_top_to_bottom(page: Path, folder: Path) -> None:
    document = EXAMPLES.parse(page)
    document.namespace["fast"] = True
    for example in document.examples():
        example.evaluate()


def write_recordings(folder: Path) -> None:
    """Thirty short sounds, each a chord of its own."""
    folder.mkdir()
    for i in range(30):
        with wave.open(str(folder / f"{i}.wav"), "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            pitches = (110 + 7 * i, 220 + 11 * i, 440 + 13 * i)
            beat = [
                sum(math.sin(math.tau * p * n / 16000) for p in pitches) * abs(math.sin(n / 900)) for n in range(16000)
            ]
            file.writeframes(array("h", [int(9000 * x) for x in beat]).tobytes())


def run_readme(page: Path, folder: Path, how: str, fast: bool = False) -> None:
    """Run a README's blocks beside the files of a reader's own that they name."""
    text = page.read_text(encoding="utf-8")
    words = [f"{a}{b}{c} sees the {b}{a}" for a in "abcdefg" for b in "hijklmn" for c in "opqrs"]
    (folder / "mine.txt").write_text("\n".join(words), encoding="utf-8")
    molecules = ["C" * n + end for n in range(1, 8) for end in ("C", "N", "O", "F", "=O", "OC", "C#N", "(C)C")]
    (folder / "mine.smi").write_text("\n".join(molecules), encoding="utf-8")
    if "./recordings" in text:
        write_recordings(folder / "recordings")
    document = EXAMPLES.parse(page)
    document.namespace.update(how=how, fast=fast)
    for example in document.examples():
        if how == "--dry-run" and text[: example.start].endswith(LONG):
            continue
        example.evaluate()


@pytest.mark.slow
@pytest.mark.parametrize("page", READMES, ids=page_name)
def test_the_commands_of_a_readme_are_right(page: Path, folder: Path) -> None:
    run_readme(page, folder, "--dry-run", fast=True)


@pytest.mark.acceptance
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("page", READMES, ids=page_name)
def test_the_commands_of_a_readme_train(page: Path, folder: Path) -> None:
    run_readme(page, folder, "--steps 20")


@pytest.mark.parametrize("page", [*PAGES, *READMES], ids=page_name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = re.sub(r"\]\((?:\.\./)?kinds/(\w+)\.md", rf"]({ROOT}/plugins/\1/README.md", page.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text)
    assert [t for t in targets if "://" not in t and not (page.parent / t).exists()] == []
