"""The pages of reference, and the numbers in the README, state what the code has."""

import re
from importlib.resources import files
from pathlib import Path

import yaml

from detente import checks, errors
from detente.plugins import discover
from detente.recipe import Recipe
from detente.results.outcomes import Outcome
from detente.results.table import write_results
from detente.testing import laws

DOCS = Path(__file__).parents[2] / "docs"


def _first_column(page: str, after: str, until: str = "\n## ") -> list[str]:
    """What stands in backquotes in the first column of the tables of a chapter."""
    text = (DOCS / page).read_text(encoding="utf-8").split(after, 1)[1].split(until, 1)[0]
    rows = re.findall(r"^\| (.*?) \|", text, flags=re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def test_the_recipes_reference_has_every_key_with_its_default() -> None:
    assert _first_column("reference/recipe.md", "## Keys") == [
        *[name for name in Recipe.model_fields if name not in ("generator", "discriminator")],
        *["generator", "discriminator"],
    ]
    text = (DOCS / "reference/recipe.md").read_text(encoding="utf-8")
    stated = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", text, flags=re.MULTILINE))
    defaults = Recipe(domain="d", data={"name": "d"}, model={"name": "m"}).plain()  # type: ignore[arg-type]
    as_yaml = {
        "objective": "non-saturating",
        "generator_first": "false",
        "simultaneous": "false",
        "fresh_fakes": "false",
    }
    assert stated == {key: as_yaml.get(key, str(defaults[key])) for key in stated}


def test_the_page_of_laws_has_each_of_them_once() -> None:
    page = _first_column("explanation/laws.md", "## During training", "## Do the laws catch")
    assert sorted(page) == sorted(law.__name__ for law in laws.ALL)


def test_the_page_of_combinations_has_every_code_with_its_level() -> None:
    page = _first_column("explanation/combinations.md", "| code |", "\n\n")
    ours = {rule.code: rule.level for rule in checks.rules(discover())}
    assert set(page) == ours.keys() and len(page) == len(set(page))
    text = (DOCS / "explanation/combinations.md").read_text(encoding="utf-8")
    for code, level in ours.items():
        assert f"| `{code}` | {level} |" in text


def test_the_exit_codes_are_those_of_the_errors() -> None:
    text = (DOCS / "reference/files-and-exit-codes.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| ([\d, ]+) \|", text.split("## Exit codes")[1], flags=re.MULTILINE)
    stated = {int(code) for row in codes for code in row.split(",")}
    assert {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")} <= stated


def test_the_columns_of_results_are_those_that_are_written(tmp_path: Path) -> None:
    stated = _first_column("reference/files-and-exit-codes.md", "| column |", "\n\n")
    outcomes: list[Outcome] = []
    write_results(tmp_path / "results.csv", {}, outcomes)
    written = (tmp_path / "results.csv").read_text(encoding="utf-8").strip().split(",")
    assert written == [column for column in stated if column != "setting"]  # that is there with --vary alone


def test_the_readme_counts_what_the_presets_compare() -> None:
    readme = " ".join((DOCS.parent / "README.md").read_text(encoding="utf-8").split())
    demo = yaml.safe_load((files("detente.experiments") / "presets" / "demo.yaml").read_text("utf-8"))
    assert (len(demo["arms"]), len(demo["domains"])) == (
        6,
        4,
    ) and "compares six settings in four kinds of data" in readme
    for page, runs in (("classics", 144), ("rates", 96)):
        page = (DOCS / "results" / f"{page}.md").read_text(encoding="utf-8")
        assert f"{runs} of {runs} runs finished" in page and f"{runs} runs" in readme
