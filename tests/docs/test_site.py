"""`make docs` fails on what a reader would stumble over, and what is generated is up to date."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The documentation and its configuration, to be broken."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    for readme in ROOT.glob("plugins/*/README.md"):
        (tmp_path / readme.relative_to(ROOT)).parent.mkdir(parents=True)
        shutil.copy(readme, tmp_path / readme.relative_to(ROOT))
    return tmp_path


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `make docs` runs, in another folder."""
    (command,) = re.findall(r"^\t@\$\(BIN\)/mkdocs (.*)$", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE)
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *command.split()], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_site_builds_without_a_warning_and_holds_pages_alone(copy: Path) -> None:
    done = build(copy)
    assert done.returncode == 0, done.stderr
    scripts = [path.relative_to(copy / "site") for path in (copy / "site").rglob("*.py")]
    assert all(path.parts[0] == "examples" for path in scripts), "but for the examples, which pages link to"
    lost = {
        page.name: item[0]
        for page in (copy / "site").rglob("*.html")
        for paragraph in re.findall(r"<p>(.*?)</p>", page.read_text("utf-8"), flags=re.DOTALL)
        if (item := re.search(r"\n *- .*", paragraph))
    }
    assert not lost, "items that the site does not show as a list: put an empty line before them"


@pytest.mark.slow
def test_a_broken_link_and_a_page_in_no_navigation_fail_the_build_and_each_is_named(copy: Path) -> None:
    with (copy / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\n[there](nowhere.md) and [there](tutorial.md#no-such-chapter)\n")
    (copy / "docs" / "forgotten.md").write_text("# Forgotten\n", encoding="utf-8")
    done = build(copy)
    assert done.returncode != 0
    assert all(complaint in done.stderr for complaint in ("nowhere.md", "no-such-chapter", "forgotten.md"))


def generate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(folder / "docs" / "generate.py"), *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_what_is_generated_from_the_registry_is_up_to_date() -> None:
    done = generate(ROOT, "--check")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_list_edited_by_hand_is_named_with_what_to_run_and_written_anew(copy: Path) -> None:
    right = (ROOT / "README.md").read_text("utf-8")
    (copy / "README.md").write_text(re.sub(r"\*\*\d+ regularizers", "**7 regularizers", right), encoding="utf-8")
    done = generate(copy, "--check")
    assert done.returncode == 1
    assert done.stderr == "README.md: not what the registry says. Run `make index` and commit what it writes.\n"
    assert generate(copy).returncode == 0
    assert (copy / "README.md").read_text("utf-8") == right


@pytest.mark.parametrize(
    ("card", "complaint"),
    [
        (None, "r1 is registered but has no card: write docs/cards/r1.md"),
        ("# r1\n", "docs/cards/r1.md needs one row '| family | … |'"),
    ],
)
def test_a_card_that_is_missing_or_states_no_family_is_named(copy: Path, card: str | None, complaint: str) -> None:
    shutil.copy(ROOT / "README.md", copy)
    page = copy / "docs" / "cards" / "r1.md"
    page.unlink() if card is None else page.write_text(card, encoding="utf-8")
    done = generate(copy, "--check")
    assert done.returncode == 1 and complaint in done.stderr


def test_the_readme_has_a_line_for_each_part_of_the_core() -> None:
    tree = (ROOT / "README.md").read_text("utf-8").split("core/detente/\n", 1)[1].split("\nplugins/")[0]
    stated = set(re.findall(r"^  ([a-z_]+(?:/|\.py)) ", tree, flags=re.MULTILINE))
    core = ROOT / "core" / "detente"
    folders = {f"{p.parent.name}/" for p in core.glob("*/__init__.py")}
    modules = {p.name for p in core.glob("*.py") if not p.name.startswith("_")}
    assert stated == folders | modules, (
        "README.md, 'Where things are': a line for each folder and module of core/detente"
    )
