"""Whatever a README or a page tells to install by an extra is an extra that the package declares."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("plugins/*/README.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def declared(distribution: str) -> set[str]:
    folder = ROOT / ("core" if distribution == "detente" else f"plugins/{distribution.removeprefix('detente-')}")
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    return set(project.get("optional-dependencies", {}))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_extras_on_a_page_are_declared(page: Path) -> None:
    text = page.read_text("utf-8")
    for distribution, extras in re.findall(r"\b(detente(?:-[a-z]+)?)\[([a-z,]+)\]", text):
        assert set(extras.split(",")) <= declared(distribution), f"{page.name}: {distribution}[{extras}]"


def test_extras_in_the_tables_of_the_readmes_are_declared() -> None:
    rows = re.findall(r"^\| ((?:`\[[a-z]+\]`(?:, )?)+) \|", (ROOT / "README.md").read_text("utf-8"), flags=re.MULTILINE)
    assert rows and {name for row in rows for name in re.findall(r"\[([a-z]+)\]", row)} <= declared("detente")
    table = (ROOT / "core/README.md").read_text("utf-8").split("| extra | for |\n")[1].split("\n\n")[0]
    rows = re.findall(r"^\| ((?:`[a-z]+`(?:, )?)+) \|", table, flags=re.MULTILINE)
    assert rows and {name for row in rows for name in re.findall(r"`([a-z]+)`", row)} <= declared("detente")
