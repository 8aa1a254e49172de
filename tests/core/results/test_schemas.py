"""study.yaml, tuning.yaml and trials.json, damaged in every field and every way."""

import json
import re
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from detente.errors import UsageError
from detente.recipe.document import read
from detente.recipe.keys import put
from detente.report import study_report, tuning_report
from detente.results.manifest import Manifest
from detente.results.search import Tuning
from detente.results.study import Study
from hostile_files import as_json, as_yaml, bytes_of, changed
from pages import write_cell, write_study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    found = write_study(tmp_path / "study")
    found.content["findings"] = [
        {"domain": "pair", "arm": "r1", "code": "c", "where": "w", "what": "x", "why": "y", "fix": "z"}
    ]
    found.write()
    for cell in found.cells:
        write_cell(cell, "finished")
    return found


def opened(kind: type[Manifest], folder: Path, **how: bool) -> Manifest | str:
    """A manifest, or why it is refused."""
    try:
        return kind.open(folder, **how)
    except UsageError as error:
        return str(error)


def every(path: Path, kind: type[Manifest], report: Any, content: Any, write: Any, each: int) -> tuple[int, int]:
    """How many damaged files were refused, of every seventh, and how many shown, of those tried with a report."""
    refused = shown = 0
    for i, (key, what, data) in enumerate(islice(changed(content, depth=4), 0, None, 7)):
        path.write_bytes(write(data))
        said = opened(kind, path.parent)
        if isinstance(said, str):
            assert path.name in said, (key, what)
            refused += 1
        found = opened(kind, path.parent, damaged=True)
        if isinstance(found, Manifest):
            found.runs() if kind is Tuning else None
            if i % each == 0:
                page = report(path.parent).read_text(encoding="utf-8")
                assert ("Damaged" in page) == bool(found.damaged), (key, what)
                shown += 1
    return refused, shown


@pytest.mark.slow
def test_each_field_of_a_study_is_refused_by_name_or_taken(study: Study) -> None:
    refused, shown = every(study.path, Study, study_report, read(study.path), as_yaml, 7)
    assert refused > 60 and shown > 3


@pytest.mark.slow
def test_each_field_of_a_search_is_refused_by_name_or_taken(search: Tuning) -> None:
    content = read(search.path)
    outline = {**content, "recipes": {name: {"steps": 20} for name in content["recipes"]}}
    search.record.unlink()
    refused, shown = every(search.path, Tuning, tuning_report, outline, as_yaml, 11)
    assert refused > 60 and shown > 3


@pytest.mark.slow
def test_each_field_of_the_trials_is_refused_by_name_or_taken(search: Tuning) -> None:
    trials = json.loads(search.record.read_text(encoding="utf-8"))
    trials["rivals"] = [{**rival, "recipe": {"steps": 20}} for rival in trials["rivals"]]
    refused, shown = every(search.record, Tuning, tuning_report, trials, as_json, 11)
    assert refused > 25 and shown > 3


@pytest.mark.parametrize("name", ["study", "search", "trials"])
def test_bytes_that_are_no_file_of_ours_are_refused(study: Study, search: Tuning, name: str) -> None:
    path, kind = {
        "study": (study.path, Study),
        "search": (search.path, Tuning),
        "trials": (search.record, Tuning),
    }[name]
    for what, content in bytes_of(path).items():
        path.write_bytes(content)
        if (name, what) in (("trials", "empty mapping"), ("study", "first half"), ("search", "first half")):
            continue  # which can be whole by chance
        with pytest.raises(UsageError, match=path.name):
            kind.open(path.parent)


def test_a_report_shows_the_arms_and_seeds_that_are_sound(study: Study) -> None:
    content = read(study.path)
    content["seeds"].append("x")
    content["arms"].append({"text": 5, "slug": "five"})
    content["domains"]["other"] = {"primary": None}
    content["commands"] = "detente compare"
    study.path.write_bytes(as_yaml(content))
    page = study_report(study.folder).read_text(encoding="utf-8")
    for key in ("seeds.2", "arms.2.text", "domains.other.primary", "commands"):
        assert f"study.yaml: {key}: " in page
    assert "Does r1 improve on “none” on pair?" in page


def test_a_cell_cannot_lie_outside_its_study(study: Study) -> None:
    for slug in ("../../../elsewhere", "/elsewhere", "a/b", ".."):
        content = read(study.path)
        content["arms"][0]["slug"] = slug
        content["recipes"]["pair"][slug] = content["recipes"]["pair"]["arm-0"]
        study.path.write_bytes(as_yaml(content))
        with pytest.raises(UsageError, match=r"arms\.0\.slug: cannot be the name of a folder"):
            Study.open(study.folder)


@pytest.mark.parametrize(
    ("key", "value", "named"),
    [
        ("generator", -7, ""),
        ("generator", {"regularizers": [1, "x"]}, ".regularizers"),
        ("discriminator", {"regularizers": {"r1": 3}}, ".regularizers.r1"),
        ("discriminator", {"optimizer": 0.5}, ".optimizer"),
        ("model", "words", ""),
        ("data", {}, ".name"),
        ("batch", "many", ""),
    ],
)
def test_each_part_of_a_recipe_is_refused_by_name_or_left_out(
    study: Study, search: Tuning, key: str, value: Any, named: str
) -> None:
    named = re.escape(key + named)
    for found, report, at in ((study, study_report, "recipes.pair.arm-1"), (search, tuning_report, "recipes.default")):
        whole = found.path.read_bytes()
        found.path.write_bytes(as_yaml(put(read(found.path), {f"{at}.{key}": value})))
        with pytest.raises(UsageError, match=rf"{found.path.name}: {re.escape(at)}\.{named}: "):
            type(found).open(found.folder)
        assert "Damaged" in report(found.folder).read_text(encoding="utf-8")
        found.path.write_bytes(whole)
    trials = json.loads(search.record.read_bytes())
    trials["rivals"][0]["recipe"] = put(trials["rivals"][0]["recipe"], {key: value})
    search.record.write_bytes(as_json(trials))
    with pytest.raises(UsageError, match=rf"trials\.json: rivals\.0\.recipe\.{named}: "):
        Tuning.open(search.folder)
    assert "Damaged" in tuning_report(search.folder).read_text(encoding="utf-8")
