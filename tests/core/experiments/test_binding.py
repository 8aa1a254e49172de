"""Studies and searches keep to the data that they began with, and no cell is trained on others."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import points
from detente import cli, plugins
from detente.errors import Interrupted, UsageError
from detente.experiments import compare as study
from detente.experiments import tune as search
from detente.experiments.executors.worker import train_cell
from detente.recipe.document import dump, read
from detente.results.cells import SETTLED
from detente.results.study import Study
from searches import InProcess, wish

SETS = ["samples=50", "steps=10", "batch=4", "evaluate_every=10", "metrics=[modes]", "data=points"]
SETS += ["data.path=shots/a.json"]


@pytest.fixture(scope="module", autouse=True)
def _plugin(module_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        points.install(tmp_path_factory.mktemp("site") / "site", patch)
        yield


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")


def compare(out: Path, arms: list[str], seeds: int = 1, executor: InProcess | None = None) -> Path:
    host = plugins.discover()
    return study.compare(["ring"], arms, seeds, out=out, host=host, sets=SETS, executor=executor or InProcess())


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A finished study of the arm `none`."""
    points.write(Path("shots/a.json"))
    compare(tmp_path / "study", ["none"])
    return tmp_path / "study"


def content(folder: Path) -> dict[str, Any]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_study_records_its_data_for_each_domain_and_each_cell(one: Path):
    found = read(one / "study.yaml")["identities"]
    assert list(found) == ["ring"]
    assert (found["ring"]["samples"], found["ring"]["typed"]) == (100, "shots/a.json")
    assert found["ring"]["path"] == str(Path("shots/a.json").resolve())
    (cell,) = Study.open(one).cells
    assert cell.info["identities"]["data"] == found["ring"]["data"] == json.loads(cell.run.expected.read_text())["data"]


@pytest.mark.parametrize("changed", [{"std": 0.12}, {"size": 99}, {"radius": 3.0}])
def test_a_study_does_not_grow_on_other_data(one: Path, changed: dict[str, Any]):
    points.write(Path("shots/a.json"), **changed)
    before = content(one)
    with pytest.raises(
        UsageError, match=r"study.yaml: ring: the data were 100 training samples in .*Put the old files"
    ):
        compare(one, ["none", "r1"])
    assert content(one) == before
    points.write(Path("shots/a.json"))
    compare(one, ["none", "r1"])
    assert [cell.status for cell in Study.open(one).cells] == ["finished"] * 2


def test_a_finished_study_is_reported_whatever_became_of_its_data(one: Path):
    was = read(one / "study.yaml")["identities"]
    points.write(Path("shots/a.json"), std=0.3)
    assert compare(one, ["none"]).is_file()
    shutil.rmtree("shots")
    assert study.resume(one, host=plugins.discover(), executor=InProcess()).is_file()
    assert read(one / "study.yaml")["identities"] == was


def test_a_study_goes_on_from_another_folder_with_its_own_data(one: Path, tmp_path: Path, monkeypatch):
    compare(one, ["none", "r1"], executor=InProcess(lambda folder, blocked: 0))  # both arms, and r1 is not begun
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    points.write(Path("shots/a.json"), std=0.3)
    study.resume(one, host=plugins.discover(), executor=InProcess())
    a, b = Study.open(one).cells
    assert (b.status, b.info["identities"]["data"]) == ("finished", a.info["identities"]["data"])
    with pytest.raises(UsageError, match="Go back to "):  # typed again here, it is the other folder
        compare(one, ["none", "l2"])


def test_a_cell_is_not_trained_on_data_that_changed_while_the_study_ran(tmp_path: Path):
    points.write(Path("shots/a.json"))

    def changing(folder: Path, blocked: list[str]) -> int:
        code = train_cell(folder, blocked)
        points.write(Path("shots/a.json"), std=0.3)
        return code

    with pytest.raises(Exception, match="1 of 2 runs failed"):
        compare(tmp_path / "study", ["none", "r1"], executor=InProcess(changing))
    a, b = Study.open(tmp_path / "study").cells
    assert (a.status, b.status) == ("finished", "failed")
    assert "the data were 100 training samples" in b.info["error"]


def test_a_cell_that_was_trained_on_other_data_is_refused(one: Path, tmp_path: Path):
    points.write(Path("shots/a.json"), std=0.3)
    compare(tmp_path / "other", ["none", "r1"])
    points.write(Path("shots/a.json"))
    _, foreign = Study.open(tmp_path / "other").cells
    shutil.copytree(foreign.folder, one / foreign.folder.relative_to(tmp_path / "other"))
    with pytest.raises(UsageError, match=f"{foreign.arm.slug}/0: the data were 100 training samples"):
        compare(one, ["none", "r1"], seeds=2)


def test_a_study_without_a_record_goes_on_with_one_note(one: Path):
    said = read(one / "study.yaml")
    del said["identities"]
    (one / "study.yaml").write_text(dump(said))
    (cell,) = Study.open(one).cells
    info = json.loads((cell.folder / "run.json").read_text())
    del info["identities"]
    (cell.folder / "run.json").write_text(json.dumps(info))
    cell.run.expected.unlink()
    notes: list[str] = []
    host = plugins.discover()
    study.resume(one, host=host, executor=InProcess(), show=lambda board: notes.extend(board.notes))
    assert len({note for note in notes if "do not say which data they were trained on" in note}) == 1
    assert read(one / "study.yaml")["identities"]["ring"]["samples"] == 100


def test_a_cells_edited_recipe_is_refused_by_key(one: Path):
    (cell,) = Study.open(one).cells
    said = cell.run.recipe.read_text().replace("batch: 4", "batch: 5")
    cell.run.recipe.write_text(said)
    with pytest.raises(UsageError, match=r"recipe.yaml: batch is 5 in this file but 4 in study.yaml"):
        study.resume(one, host=plugins.discover(), executor=InProcess())


def test_a_studys_edited_recipe_is_refused_by_key(one: Path):
    text = (one / "study.yaml").read_text()
    (one / "study.yaml").write_text(text.replace("batch: 4", "batch: 7"))
    with pytest.raises(UsageError, match=r"recipe.yaml: batch is 4 in this file but 7 in study.yaml"):
        study.resume(one, host=plugins.discover(), executor=InProcess())


def test_both_edited_alike_a_cell_that_is_done_is_refused(one: Path):
    (cell,) = Study.open(one).cells
    for path in (one / "study.yaml", cell.run.recipe):
        path.write_text(path.read_text().replace("batch: 4", "batch: 7"))
    with pytest.raises(UsageError, match=r"recipe.yaml: is not the recipe that this cell was trained with"):
        study.resume(one, host=plugins.discover(), executor=InProcess())


@pytest.mark.slow
def test_a_search_does_not_grow_on_other_data(tmp_path: Path):
    points.write(Path("shots/a.json"))
    out, host = tmp_path / "search", plugins.discover()
    given = {"domain": "ring", "set": SETS, "steps": None, "seeds": 1, "fresh": 2}
    search.tune(wish(**given, trials=2), out=out, host=host, executor=InProcess())
    known = read(out / "tuning.yaml")["identities"]["ring"]
    points.write(Path("shots/a.json"), std=0.3)
    with pytest.raises(UsageError, match=r"tuning.yaml: ring: the data were 100 training samples"):
        search.tune(wish(**given, trials=3), out=out, host=host, executor=InProcess())
    points.write(Path("shots/a.json"))
    search.tune(wish(**given, trials=3), out=out, host=host, executor=InProcess())
    assert read(out / "tuning.yaml")["identities"]["ring"] == known


@pytest.mark.slow
def test_a_search_that_stopped_between_trials_is_not_resumed_on_other_data(tmp_path: Path):
    points.write(Path("shots/a.json"))
    out, host = tmp_path / "search", plugins.discover()
    given = {"domain": "ring", "set": SETS, "steps": None, "seeds": 1, "fresh": 2, "trials": 4, "wave": 1}
    left = 2

    def stopping(folder: Path, blocked: list[str]) -> int:
        nonlocal left
        left -= 1
        if left < 0:
            raise Interrupted(2)
        return train_cell(folder, blocked)

    with pytest.raises(Interrupted):
        search.tune(wish(**given), out=out, host=host, executor=InProcess(stopping))
    shutil.rmtree(next(path.parent for path in out.rglob("recipe.yaml") if not (path.parent / "run.json").exists()))
    points.write(Path("shots/a.json"), std=0.3)
    with pytest.raises(UsageError, match=r"tuning.yaml: ring: the data were 100 training samples"):
        search.resume(out, host=host, executor=InProcess())
    points.write(Path("shots/a.json"))
    assert search.resume(out, host=host, executor=InProcess()).is_file()
    shutil.rmtree("shots")
    assert search.resume(out, host=host, executor=InProcess()).is_file()


@pytest.mark.parametrize("said", ["[]", '{"data": 3}', '{"data": "x", "samples": -1}', "{"])
def test_damaged_identities_of_a_cell_are_named(one: Path, said: str):
    (cell,) = Study.open(one).cells
    cell.run.expected.write_text(said)
    with pytest.raises(UsageError, match=r"identities\.json: "):
        compare(one, ["none", "r1"])


@pytest.mark.parametrize("said", [3, {"ring": []}, {"ring": {"data": None}}, {"ring": {"data": "x", "path": 3}}])
def test_damaged_identities_of_a_study_are_named(one: Path, said: object):
    content = {**read(one / "study.yaml"), "identities": said}
    (one / "study.yaml").write_text(dump(content))
    with pytest.raises(UsageError, match=r"study\.yaml: identities"):
        compare(one, ["none", "r1"])


def test_a_dry_run_refuses_other_data(one: Path, capsys: pytest.CaptureFixture[str]):
    points.write(Path("shots/a.json"), std=0.3)
    words = [word for text in SETS for word in ("--set", text)]
    assert (
        cli.main(["compare", "ring", "--reg", "none", "--reg", "r1", "--seeds", "1", *words, "--out", str(one), "-n"])
        == 2
    )
    assert "the data were 100 training samples" in capsys.readouterr().err
    assert {cell.status for cell in Study.open(one).cells} <= set(SETTLED)
