"""Folders as bytes: what goes, what comes, and what is refused."""

import json
import os

import pytest

from detente.errors import UsageError
from detente.experiments.executors.cluster.transfer import OURS, Changes, readdressed, unpack


def fill(folder, names, content="x"):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def test_a_folder_comes_back_as_it_went_with_its_newest_checkpoint(tmp_path):
    there, here = tmp_path / "there", tmp_path / "here"
    names = ["recipe.yaml", "run.json", "metrics.jsonl", "samples/step-1.png", "samples/deep/é.txt"]
    fill(there, [*names, "checkpoints/step-00000010.pt", "checkpoints/step-00000020.pt"])
    unpack(Changes(there).take(), here)
    found = sorted(path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file())
    assert found == sorted([*names, "checkpoints/step-00000020.pt"])


def test_locks_links_and_what_is_half_written_stay_behind(tmp_path):
    fill(tmp_path, ["there/.lock", "there/run.json.1a.partial", "there/1b.partial/a.png", "secret", "there/log.txt"])
    (tmp_path / "there" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "there" / "folder").symlink_to(tmp_path)
    assert set(Changes(tmp_path / "there").take()) == {"log.txt"}


def test_only_what_has_changed_goes_again_and_what_is_gone_is_said(tmp_path):
    fill(tmp_path, ["metrics.jsonl", "warm-up.json", "checkpoints/step-00000010.pt"])
    changes = Changes(tmp_path)
    assert len(changes.take()) == 3
    assert changes.take() == {}
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write("y")
    (tmp_path / "warm-up.json").unlink()
    fill(tmp_path, ["checkpoints/step-00000020.pt"], "new")
    (tmp_path / "checkpoints" / "step-00000010.pt").unlink()
    expected = {"metrics.jsonl": b"xy", "warm-up.json": None, "checkpoints/step-00000020.pt": b"new"}
    assert changes.take() == expected


def test_a_checkpoint_is_read_before_the_log_and_written_after_it(tmp_path, monkeypatch):
    fill(tmp_path / "there", ["metrics.jsonl", "a", "checkpoints/step-00000010.pt"])
    files = Changes(tmp_path / "there").take()
    assert next(iter(files)) == "checkpoints/step-00000010.pt"
    written: list[str] = []
    monkeypatch.setattr(
        "detente.experiments.executors.cluster.transfer.write_atomically",
        lambda path, content: written.append(path.name),
    )
    unpack(files, tmp_path / "here")
    assert written == ["a", "metrics.jsonl", "step-00000010.pt"]


@pytest.mark.parametrize(
    "name",
    ["../out", "a/../../out", "/etc/out", "", ".", "a//b", "./a", ".lock", "a/..", "nul\0", "samples/../../../x"],
)
def test_a_name_that_leads_out_is_refused_and_nothing_is_written(tmp_path, name):
    with pytest.raises(UsageError, match="no name in a folder"):
        unpack({"fine": b"x", name: b"x"}, tmp_path / "cell")
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_the_place_of_a_folder_is_refused_and_one_in_the_place_of_a_file_is_replaced(tmp_path):
    cell = tmp_path / "cell"
    fill(tmp_path, ["outside/kept"], "mine")
    cell.mkdir()
    (cell / "samples").symlink_to(tmp_path / "outside")
    with pytest.raises(UsageError, match="link to somewhere else"):
        unpack({"samples/kept": b"theirs"}, cell)
    (cell / "run.json").symlink_to(tmp_path / "outside" / "kept")
    unpack({"run.json": b"theirs"}, cell)
    assert (tmp_path / "outside" / "kept").read_text() == "mine"
    assert not (cell / "run.json").is_symlink()


def test_the_studys_own_files_are_not_overwritten(tmp_path):
    fill(tmp_path, OURS, "ours")
    unpack({**dict.fromkeys(OURS, b"theirs"), "run.json": b"{}"}, tmp_path, OURS)
    assert {(tmp_path / name).read_text() for name in OURS} == {"ours"}
    assert (tmp_path / "run.json").exists()


@pytest.mark.parametrize("here", ["/home/me/studies/a", 'C:\\studies\\"x"', "/data/Müller"])
def test_paths_of_another_machine_become_those_of_this_one(here):
    there = f"{os.sep}tmp{os.sep}detente-ray-x{os.sep}cell"
    record = {"argv": ["--folder", there, f"{there}/recipe.yaml"], "seed": 1}
    content = json.dumps(record, ensure_ascii=False).encode()
    assert json.loads(readdressed(content, {there: here})) == {
        "argv": ["--folder", here, f"{here}/recipe.yaml"],
        "seed": 1,
    }
