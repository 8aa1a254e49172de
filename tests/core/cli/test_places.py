"""Folders and files that are not what they should be: said before anything is trained, and with what to do."""

import errno
import os
import re
from pathlib import Path
from typing import Any

import pytest

from command_line import RING, SMALL, Call
from detente import files
from detente.experiments.experiment import Experiment
from detente.results.manifest import Manifest
from detente.results.study import Study
from detente.training.run_folder import Run

STUDY = ["compare", "ring", "--reg", "none", "--seeds", "1", "--jobs", "1", "--steps", "2", *SMALL, "-q"]
SEARCH = ["tune", "ring", "--reg", "r1", "--search", "r1.gamma=log:0.1..10", "--trials", "1", "--seeds", "1"]
SEARCH += ["--fresh", "2", "--jobs", "1", "--steps", "2", *SMALL, "-q"]
CHOICE = ["choose", "ring", "--cells", "24", "--jobs", "1", "--steps", "2", *SMALL, "-q"]
MANIFESTS = ("recipe.yaml", "study.yaml", "tuning.yaml", "selection.yaml")
VERBS = ("resume", "report", "doctor", "sample", "evaluate", "export")


def _full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("words", "owner"),
    [(STUDY, Manifest), (SEARCH, Manifest), pytest.param(CHOICE, Manifest, marks=pytest.mark.slow), (RING, Run)],
)
def test_what_never_began_is_started_again_and_not_resumed(
    call: Call, monkeypatch: pytest.MonkeyPatch, words: list[str], owner: type
) -> None:
    where = "--folder" if owner is Run else "--out"
    monkeypatch.setattr(owner, "create" if owner is Run else "write", _full)
    done = call(*words, where, "new one")
    assert done.code == 1 and "Free some space, then run: detente " in done.err
    advised = done.err.split("then run: ")[1]
    assert advised.startswith(f"detente {words[0]} ring ") and f"{where} 'new one'" in advised


def test_a_stopped_start_leaves_no_folder_that_the_user_did_not_name(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: Manifest) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Manifest, "write", stop)
    done = call(*STUDY)
    assert done.code == 130 and re.search(r"Interrupted\. Start again with: detente compare ring ", done.err)
    assert not Path("studies").exists()


@pytest.mark.parametrize("name", MANIFESTS)
def test_what_stands_in_the_place_of_a_manifest_is_named_by_every_verb(call: Call, name: str) -> None:
    Path("pipe").mkdir()
    os.mkfifo(f"pipe/{name}")
    Path(f"folder/{name}").mkdir(parents=True)
    Path("link").mkdir()
    Path(f"link/{name}").symlink_to("nowhere")
    kinds = (
        ("pipe", "a named pipe", VERBS),
        ("folder", "a folder", VERBS[:1]),
        ("link", "a link to nothing", VERBS[1:2]),
    )
    for place, what, verbs in kinds:
        for verb in verbs:
            done = call(verb, place)
            said = f"Error: {place}/{name}: is {what}, not a file; move it away, and put the file back.\n"
            assert (done.code, done.err) == (2, said), verb


@pytest.mark.parametrize("name", ["run.json", "generator.json", "report.html", "recipe.yaml"])
def test_a_run_that_could_not_be_written_is_not_trained(call: Call, name: str) -> None:
    os.mkdir("run")
    for make, what in ((os.mkdir, "a folder"), (os.mkfifo, "a named pipe")):
        make(f"run/{name}")
        done = call(*RING, "--folder", "run", "-q")
        assert done.code == 2 and f"run/{name}: is {what}, " in done.err and "move it away" in done.err
        assert "choose another name" not in done.err and not list(Path("run").glob("checkpoints/*.pt"))
        os.rmdir(f"run/{name}") if what == "a folder" else os.unlink(f"run/{name}")


def test_nor_is_a_study(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Experiment, "train", stop)
        assert "Resume with: detente resume study" in call(*STUDY, "--out", "study").err
    for name in Study.writes:
        Path("study", name).unlink(missing_ok=True)
        os.mkfifo(f"study/{name}")
        for words in (["resume", "study", "-q"], [*STUDY, "--out", "study"]):
            done = call(*words)
            assert done.code == 2
            assert done.err == f"Error: study/{name}: is a named pipe, which no file replaces; move it away.\n"
        Path("study", name).unlink()
    assert not list(Path("study").glob("cells/*/*/*/checkpoints"))
    cell = Path("study/cells/ring") / Study.open(Path("study")).arms[0].slug / "0"
    cell.mkdir(parents=True)
    os.mkfifo(cell / "recipe.yaml")
    done = call("resume", "study", "-q")
    fix = "move it away, and resume the study, which writes it again"
    assert (done.code, done.err) == (2, f"Error: {cell}/recipe.yaml: is a named pipe, not a file; {fix}.\n")


@pytest.mark.parametrize("words", [STUDY, SEARCH, CHOICE, RING], ids=["compare", "tune", "choose", "train"])
def test_what_is_in_the_way_of_a_folder_is_named_in_a_dry_run_too(call: Call, words: list[str]) -> None:
    os.mkfifo("pipe")
    Path("file").touch()
    Path("lost").symlink_to("nowhere")
    Path("loop").symlink_to("loop")
    for name, what in (("pipe", "a named pipe"), ("file", "a file"), ("lost", "a link to nothing"), ("loop", "a link")):
        for place in (name, f"{name}/x"):
            done = call(*words, "--out", place, "-n")
            assert done.code == 2 and f"Error: {name}: is {what}" in done.err and ", not a folder. Choose" in done.err


def test_an_export_is_no_run_to_go_on_with(call: Call) -> None:
    Path("model").mkdir()
    for name in ("recipe.yaml", "model.json", "generator.safetensors"):
        Path("model", name).write_text("domain: ring\n")
    for words in (["resume", "model"], [*RING, "--folder", "model", "-q"]):
        done = call(*words)
        assert done.code == 2 and "is an exported generator" in done.err
    assert sorted(path.name for path in Path("model").iterdir()) == sorted(
        ["recipe.yaml", "model.json", "generator.safetensors"]
    )


@pytest.mark.parametrize("name", ["a\nb", "tab\tx", "\x1b[31mred"])
def test_no_name_of_a_folder_reaches_the_terminal_as_it_is(call: Call, name: str) -> None:
    Path(name).mkdir()
    Path(name, "study.yaml").write_text("format: [")
    Path(name, "x").mkdir()
    Path(name, "x", "recipe.yaml").write_text("steps: [")
    calls = [[verb, f"./{name}{below}"] for verb in VERBS for below in ("", "/none")]
    calls += [["resume", f"./{name}/x"], ["report", f"./{name}/x/recipe.yaml"]]
    calls += [["train", "--recipe", f"./{name}/x/recipe.yaml"], ["check", f"./{name}/study.yaml"]]
    calls += [[*words, "--out", f"./{name}/study.yaml"] for words in (RING, STUDY)]
    for words in calls:
        done = call(*words)
        said = done.out + done.err
        assert done.code == 2 and said.count("\n") == 1 and said.strip().isprintable(), words


def test_the_sentence_about_a_file_that_cannot_be_written_has_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as refused:
        files.write_atomically(tmp_path / "no" / "x", "")
    assert refused.value.filename == str(tmp_path / "no" / "x")
