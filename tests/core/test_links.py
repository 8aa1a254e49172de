"""Nothing outside a folder changes, whatever links somebody has put into it."""

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import RING
from detente import cli, plugins
from detente.errors import UsageError
from detente.experiments import compare as study
from detente.files import appending, lock, own_folder, staged, sweep, write_atomically
from searches import SMALL, InProcess

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="making links takes a privilege there"),
    pytest.mark.usefixtures("module_cache"),
]


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory, module_cache: None) -> Path:
    """A run that a kill stopped at step 10 of 20."""
    run = tmp_path_factory.mktemp("half") / "run"
    assert cli.main([*RING, "--folder", str(run), "-q"]) == 0
    (run / "checkpoints" / "step-00000020.pt").unlink()
    (run / "report.html").unlink()
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**record, "status": "running"}))
    return run


@pytest.fixture
def run(half: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(half, tmp_path / "run"))


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """Somebody else's folder with a file, both of which must stay as they are."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "thesis").write_text("years of work")
    yield folder
    assert [path.name for path in folder.iterdir()] == ["thesis"]
    assert (folder / "thesis").read_text() == "years of work"


REPLACED = ["run.json", "report.html", "samples/step-000020.png", "checkpoints/step-00000020.pt", "run.json.partial"]
REPLACED += ["checkpoints/step-00000020.pt.partial", "samples/step-000020.png.partial"]


@pytest.mark.parametrize("name", REPLACED)
def test_a_link_where_a_run_replaces_a_file_gives_way_to_the_file(run: Path, outside: Path, name: str) -> None:
    path = run / name
    if path.exists():
        shutil.copy(path, outside.parent / "kept")
        path.unlink()
        path.symlink_to(outside.parent / "kept")
        before = (outside.parent / "kept").read_bytes()
    else:
        path.symlink_to(outside / "thesis")
        before = b""
    assert cli.main(["resume", str(run), "-q"]) == 0
    assert not path.is_symlink()
    if before:
        assert (outside.parent / "kept").read_bytes() == before


@pytest.mark.parametrize("name", ["metrics.jsonl", "log.txt", ".lock"])
def test_a_link_where_a_file_grows_is_refused(
    run: Path, outside: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / name).unlink(missing_ok=True)
    (run / name).symlink_to(outside / "thesis")
    assert cli.main(["resume", str(run), "-q"]) == 2
    assert f"{run / name}: is a link to somewhere else" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["checkpoints", "samples"])
def test_a_link_where_a_run_has_a_folder_is_refused(
    run: Path, outside: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = run.parent / "moved"
    (run / name).rename(moved)
    before = sorted(path.name for path in moved.iterdir())
    (run / name).symlink_to(moved)
    assert cli.main(["resume", str(run), "-q"]) == 2
    assert f"{run / name}: is a link to somewhere else" in capsys.readouterr().err
    assert sorted(path.name for path in moved.iterdir()) == before


def test_a_copy_that_shares_its_files_is_not_written_to(run: Path) -> None:
    backup = run.parent / "backup"
    shutil.copytree(run, backup, copy_function=os.link)
    before = {path.name: path.read_bytes() for path in backup.rglob("*") if path.is_file()}
    assert cli.main(["resume", str(run), "-q"]) == 0
    assert {path.name: path.read_bytes() for path in backup.rglob("*") if path.is_file()} == before


def test_a_folder_of_runs_may_itself_be_a_link(run: Path) -> None:
    (run.parent / "runs").symlink_to(run.parent)
    assert cli.main(["resume", str(run.parent / "runs" / "run"), "-q"]) == 0


def test_sampling_and_exporting_write_through_no_link(run: Path, outside: Path) -> None:
    (run / "sample-step-000010-n4-seed0.png").symlink_to(outside / "thesis")
    assert cli.main(["sample", str(run), "-n", "4"]) == 0
    (run / "export").symlink_to(outside)
    assert cli.main(["export", str(run)]) == 2


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_link_on_the_way_to_a_cell_is_refused(tmp_path: Path, outside: Path, here: InProcess, depth: int) -> None:
    def compare() -> None:
        how = {"sets": [*SMALL, "steps=2"], "executor": here, "host": plugins.host()}
        study.compare(["dirac"], ["none"], 1, out=tmp_path / "study", **how)

    compare()
    way = tmp_path / "study"
    for _ in range(depth):
        (way,) = (path for path in way.iterdir() if path.is_dir())
    shutil.rmtree(way)
    way.symlink_to(outside)
    with pytest.raises(UsageError, match="is a link to somewhere else"):
        compare()


# The parts.


def test_what_grows_is_a_file_of_its_own(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "log").symlink_to(outside / "thesis")
    (tmp_path / "new").symlink_to(outside / "new")
    os.mkfifo(tmp_path / "pipe")
    for name in ("log", "new", "pipe", "outside"):
        for open_ in (appending, lock):
            with pytest.raises(UsageError, match=f"{name}: is a (link|folder|named pipe)"):
                open_(tmp_path / name)
    for text in (b"a", b"b"):
        with appending(tmp_path / "own") as file:
            file.write(text)
    assert (tmp_path / "own").read_bytes() == b"ab"


def test_a_folder_below_is_made_unless_a_link_or_a_file_is_in_the_way(tmp_path: Path, outside: Path) -> None:
    assert own_folder(tmp_path / "a" / "b", tmp_path).is_dir()
    (tmp_path / "a" / "link").symlink_to(outside)
    (tmp_path / "a" / "file").touch()
    for name in ("link", "link/further", "file"):
        with pytest.raises(UsageError, match="nothing outside its folder may change"):
            own_folder(tmp_path / "a" / name, tmp_path)


def test_what_others_write_takes_its_place_all_of_it_or_none(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "step-1.png").symlink_to(outside / "thesis")
    with staged(tmp_path / "step-1.png") as new:
        new.write_text("picture")
        new.with_name("step-1-2.ogg").write_text("sound")
    assert (tmp_path / "step-1.png").read_text() == "picture" and not (tmp_path / "step-1.png").is_symlink()
    assert (tmp_path / "step-1-2.ogg").read_text() == "sound"
    with pytest.raises(ZeroDivisionError), staged(tmp_path / "step-1.png") as new:
        new.write_text(str(1 / 0 if new.write_text("half") else ""))
    assert (tmp_path / "step-1.png").read_text() == "picture"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "step-1-2.ogg", "step-1.png"]


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path: Path, outside: Path) -> None:
    write_atomically(tmp_path / "kept", "x")
    (tmp_path / "a.json.01.partial").touch()
    (tmp_path / "02.partial").mkdir()
    (tmp_path / "03.partial").symlink_to(outside)
    sweep(tmp_path, older=3600)
    assert len(list(tmp_path.iterdir())) == 5
    sweep(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "outside"]
