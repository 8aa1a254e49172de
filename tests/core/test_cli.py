"""The command line as its users meet it: what it prints where, what it leaves behind, how it ends."""

import contextlib
import errno
import gc
import importlib.metadata
import json
import logging
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock

from detente import cli
from detente.cli import display, flags
from detente.cli.display import Session, messages
from detente.cli.progress import progress
from detente.hookspecs import RunView
from detente.plugins import Host, discover
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin
from detente.training import checkpoint
from detente.training.export import load_exported
from detente.training.trainer import Trainer

SMALL = ["--set", "samples=50", "--set", "metrics=[modes]", "--batch", "16", "--device", "cpu"]
RING = ["train", "ring", *SMALL, "--set", "evaluate_every=10", "--set", "checkpoint_every=10", "--steps", "20"]


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Done]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty current folder, and one cache for all tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process."""

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        code = cli.main([str(argument) for argument in arguments])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run with a rewritten and averaged generator."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        assert cli.main([*RING, "--reg", "g:spectral-norm+g:ema+d:r1(every=4)", "--folder", str(folder), "-q"]) == 0
    return folder


# --- train ------------------------------------------------------------------------------------------------------------


def test_training_leaves_a_complete_run_and_ends_with_report_and_next_command(call: Call) -> None:
    done = call(*RING, "--reg", "r1")
    run = Path("runs/00001-ring-r1")
    assert done.code == 0
    for name in ("recipe.yaml", "run.json", "metrics.jsonl", "log.txt", "report.html", "checkpoints/step-00000020.pt"):
        assert (run / name).is_file(), name
    assert len(list((run / "samples").iterdir())) == 2
    first, *_, report, sample, export = done.out.splitlines()
    assert first.startswith("runs/00001-ring-r1: finished after 20 steps")
    assert report == "report  runs/00001-ring-r1/report.html"
    assert sample == "next    detente sample runs/00001-ring-r1 -n 64"
    assert export.split() == ["detente", "export", "runs/00001-ring-r1"]
    assert "discriminator:" in done.err  # the resolved recipe
    assert "step 20/20" in done.err  # the last evaluation
    assert "\x1b" not in done.err


def test_a_run_records_what_it_ran_with(call: Call) -> None:
    call(*RING, "--reg", "r1", "-q")
    info = json.loads(Path("runs/00001-ring-r1/run.json").read_text())
    assert info["status"] == "finished"
    assert info["argv"][:3] == ["detente", "train", "ring"]
    assert info["threads"] == 1
    assert info["device"]["device"] == "cpu"
    assert info["versions"]["torch"] == torch.__version__.partition("+")[0] or "+" in info["versions"]["torch"]
    assert {"detente", "python", "numpy"} <= info["versions"].keys()
    r1 = next(entry for entry in info["plugins"] if entry["kind"] == "regularizer")
    assert (r1["name"], r1["distribution"], r1["plugin"]) == ("r1", "detente", "core")
    assert "commit" in r1
    assert info["timings"].keys() == {"build", "train", "report"}
    assert info["references"].keys() == {"real", "baseline", "untrained"}


def test_the_log_has_the_progress_that_quiet_hides(call: Call) -> None:
    done = call(*RING, "-q", "--folder", "run")
    assert done.err == ""
    assert "$ detente train ring" in Path("run/log.txt").read_text()


def test_what_a_plugin_warns_of_is_shown_whatever_its_package_is_called(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    point = importlib.metadata.EntryPoint("rhythm", "stranger.plugin", "detente")
    monkeypatch.setattr(display, "entry_points", lambda group: [point])
    with display.messages(display.Session([])):
        logging.getLogger("stranger.data").warning("three lines cannot be read")
        logging.getLogger("somebody.else").warning("not ours")
        logging.getLogger("detente.domains.cache").warning("not kept")
    assert capsys.readouterr().err == "Warning: three lines cannot be read\nWarning: not kept\n"


def test_json_is_all_that_stands_on_standard_output(call: Call) -> None:
    done = call(*RING, "--json")
    assert done.data["status"] == "finished"
    assert done.data["run"] == "runs/00001-ring-none"
    assert done.data["final"]["scores"].keys() >= {"modes"}


def test_a_dry_run_prints_the_recipe_and_writes_nothing(call: Call, tmp_path: Path) -> None:
    done = call(*RING, "--reg", "d:r1(gamma=3)", "-n")
    assert done.code == 0
    assert "r1: {gamma: 3.0" in done.out
    assert list(tmp_path.iterdir()) == []


def test_what_a_dry_run_prints_is_a_recipe_that_says_the_same(call: Call) -> None:
    text = call(*RING, "--reg", "d:r1(gamma=3)", "-n").out
    Path("recipe.yaml").write_text(text)
    assert call("train", "--recipe", "recipe.yaml", "-n").out == text


@pytest.mark.parametrize(
    "wrong",
    [
        ["--reg", "d:batch-norm+r1"],
        ["--device", "cuda:99"],
        ["--log", "nowhere"],
        ["--reg", "d:dropout(where=nothing)"],
        ["--folder", "another"],
    ],
    ids=lambda words: words[1],
)
def test_check_and_a_dry_run_refuse_what_training_refuses(
    call: Call, monkeypatch: pytest.MonkeyPatch, wrong: list[str]
) -> None:
    monkeypatch.setattr("detente.toys.critics.CriticsDomain.refuses", True)  # toys take anything of themselves
    call("train", "ring", *SMALL, "--steps", 5, "--folder", "another", "-q")
    train = ["train", "critics", *wrong, "-q"]
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    done, dry = call(*train), call(*train, "--dry-run")
    assert (dry.code, dry.out, dry.err) == (2, "", done.err)
    assert done.code == 2
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before
    if wrong[0] == "--reg":
        assert call("check", "--domain", "critics", *wrong).code == 2


def test_a_dry_run_says_what_should_be_known_of_the_networks(call: Call) -> None:
    done = call(*RING, "--reg", "l2+dropout+r1", "-n")
    assert done.code == 0
    assert "[l2-under-adam]" in done.err and "[l2-under-adam]" not in done.out


def test_the_last_layer_of_settings_wins(call: Call) -> None:
    Path("recipe.yaml").write_text("domain: ring\nsteps: 7\nbatch: 3\nseed: 5\n")
    said = call(
        "train", "--recipe", "recipe.yaml", "--set", "steps=8", "--steps", 9, "--set", "batch=4", "-n", "--json"
    )
    assert (said.data["steps"], said.data["batch"], said.data["seed"]) == (9, 4, 5)


def test_the_same_command_with_a_folder_goes_on_with_the_run_in_it(call: Call) -> None:
    assert call(*RING, "--folder", "run").code == 0
    written = Path("run/checkpoints/step-00000020.pt").stat().st_mtime_ns
    assert call(*RING, "--folder", "run").code == 0
    assert Path("run/checkpoints/step-00000020.pt").stat().st_mtime_ns == written


def test_a_folder_with_a_run_of_another_recipe_is_refused(call: Call) -> None:
    call(*RING, "--folder", "run", "-q")
    done = call(*RING, "--folder", "run", "--batch", 8, "-q")
    assert done.code == 2
    assert "run: has a run of another recipe (batch: 16 there, 8 here)" in done.err


def test_two_processes_cannot_train_the_same_run(call: Call, trained: Path) -> None:
    with FileLock(trained / ".lock"):
        done = call("resume", trained)
    assert done.code == 2
    assert "another process is training this run" in done.err


# --- the other verbs --------------------------------------------------------------------------------------------------


def test_evaluate_scores_the_generator_beside_its_reference_rows(call: Call, trained: Path) -> None:
    done = call("evaluate", trained, "--json")
    final = json.loads((trained / "run.json").read_text())["final"]
    assert done.data["scores"] == final["scores"]
    assert done.data["scaled"] == final["scaled"]
    assert done.data["references"].keys() == {"real", "baseline", "untrained"}
    assert "50 samples" in done.data["protocol"]


def test_evaluate_leaves_the_run_as_it_is(call: Call, trained: Path) -> None:
    before = (trained / "metrics.jsonl").read_bytes(), (trained / "run.json").read_bytes()
    text = call("evaluate", trained, "-n", 20).out
    assert "untrained" in text
    assert ((trained / "metrics.jsonl").read_bytes(), (trained / "run.json").read_bytes()) == before


def test_samples_are_the_same_for_the_same_seed(call: Call, trained: Path) -> None:
    paths = [Path(call("sample", trained, "-n", 8, "--seed", seed, "--out", f"{i}.png").out.strip()) for i, seed in
             enumerate((1, 1, 2))]  # fmt: skip
    a, b, c = (path.read_bytes() for path in paths)
    assert a == b != c


def test_samples_go_into_the_run_unless_told_otherwise(call: Call, trained: Path) -> None:
    assert Path(call("sample", trained, "-n", 2).out.strip()).parent == trained
    wrong = call("sample", trained, "--out", "samples.mp3")
    assert (wrong.code, "name the file samples." in wrong.err) == (2, True)


def test_an_exported_generator_makes_the_same_samples_once_loaded(call: Call, trained: Path) -> None:
    done = call("export", trained, "--out", "model", "--json")
    assert {Path(file).name for file in done.data["files"]} == {
        *("generator.safetensors", "model.json", "README.md", "recipe.yaml")
    }
    exported = load_exported("model")
    exported.domain.preview(exported.sample(8, seed=1), Path("exported.png"))
    call("sample", trained, "-n", 8, "--seed", 1, "--out", "sampled.png")
    assert Path("exported.png").read_bytes() == Path("sampled.png").read_bytes()
    assert "licence: public domain" in Path("model/README.md").read_text()


@pytest.mark.parametrize("damage", ["generator.safetensors", "model.json"])
def test_a_damaged_export_is_refused_by_name(call: Call, trained: Path, damage: str) -> None:
    call("export", trained, "--out", "model", "-q")
    (Path("model") / damage).write_text('{"format": 1}')
    with pytest.raises(Exception, match=f"model/{damage}"):
        load_exported("model")


def test_report_writes_the_page_again(call: Call, trained: Path) -> None:
    (trained / "report.html").unlink()
    assert call("report", trained).out.strip() == str(trained / "report.html")
    assert (trained / "report.html").is_file()


def test_a_report_that_fails_does_not_take_the_run_with_it(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(run: object) -> None:
        raise ZeroDivisionError("no page")

    monkeypatch.setattr("detente.report.run_report", fail)
    done = call(*RING, "--folder", "run")
    assert done.code == 0
    assert (
        "Warning: could not write the report: ZeroDivisionError: no page; try again with `detente report run`"
        in done.err
    )
    assert "Traceback" not in done.err
    assert "Traceback" in Path("run/log.txt").read_text()


def test_resuming_a_finished_run_changes_no_number(call: Call, trained: Path) -> None:
    before = (trained / "metrics.jsonl").read_bytes()
    assert call("resume", trained).code == 0
    assert (trained / "metrics.jsonl").read_bytes() == before


def test_plugins_are_listed_and_shown(call: Call) -> None:
    assert "spectral-norm" in call("plugins").out
    assert call("plugins", "--json").data["plugins"][0]["name"] == "core"
    assert "gamma" in call("plugins", "show", "r1").out
    assert call("plugins", "show", "r1", "--json").data["entries"][0]["name"] == "r1"
    assert call("plugins", "--json", "show", "r1").data["entries"][0]["name"] == "r1"


def test_a_plugin_can_be_left_out(call: Call) -> None:
    others = [p.origin.plugin for p in discover().plugins if p.origin.plugin != "core"]
    if not others:
        pytest.skip("there is no plugin but the core's own")
    listed = call("plugins", "--no-plugin", others[0], "--json").data["plugins"]
    assert {p["name"]: p["status"] for p in listed}[others[0]] == "blocked"


def test_data_sets_are_listed_with_licence_and_prepared(call: Call) -> None:
    ring = next(each for each in call("data", "--json").data["data"] if each["name"] == "ring")
    assert ring["licence"] == "public domain"
    assert "ring\n" in call("data").out
    assert call("data", "get", "ring", "--json").data["samples"] == 20000
    assert call("data", "get", "ring/ring", "--json").code == 0


def test_doctor_finds_this_machine_well(call: Call) -> None:
    done = call("doctor", "--json")
    assert {check["what"] for check in done.data["checks"]} >= {"python", "torch", "cache", "disk", "plugin core"}
    assert done.code == (3 if done.data["broken"] else 0)


def test_doctor_says_what_is_broken(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = Plugin(Origin("bad", "detente-bad", "1"), "failed", error="It broke.")
    monkeypatch.setattr(flags, "discover", lambda block: Host([*discover(block).plugins, failed]))
    Path("file").touch()
    monkeypatch.setenv("DETENTE_CACHE", "file/cache")
    done = call("doctor")
    assert done.code == 3
    assert "broken  plugin bad" in done.out
    assert "set DETENTE_CACHE to another folder" in done.out
    assert "2 broken" in done.out


def test_compare_trains_every_cell_and_can_be_planned_first(call: Call, tmp_path: Path) -> None:
    study = ["ring", *SMALL[:4], "--batch", 16, "--steps", 5, "--seeds", 1, "--reg", "none", "--out", "study"]
    planned = call("compare", *study, "-n", "--json")
    assert planned.data["cells"] == 1
    assert list(tmp_path.iterdir()) == []
    done = call("compare", *study, "--jobs", 1, "--json")
    assert [(cell["arm"], cell["status"]) for cell in done.data["cells"]] == [("none", "finished")]
    assert Path(done.data["report"]).is_file()
    assert call("resume", "study", "-q", "--jobs", 2).code == 0
    for flag, value in (("--device", "cpu"), ("--threads", 1)):
        refused = call("resume", "study", flag, value)
        assert (refused.code, "study: has many runs" in refused.err) == (2, True)
    (cell,) = Path("study").rglob("recipe.yaml")
    refused = call("resume", cell.parent, "--jobs", 2)
    assert (refused.code, "is a single run; --jobs only works for a study or a search" in refused.err) == (2, True)
    assert call("report", "study").out.strip() == "study/report.html"


# --- errors -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("trian ring", "Did you mean 'train'?"),
        ("train ring --stpes 3", "--steps"),
        ("train ring --steps", "requires an argument"),
        ("train ring --steps many", "'--steps'"),
        ("train", "needs a DOMAIN"),
        ("train rign", "There is no domain 'rign'. Did you mean 'ring'?"),
        ("train ring --reg r11", "There is no regularizer 'r11'. Did you mean 'r1'?"),
        ("train ring --reg r1(gama=3)", "r1.gama: unknown option. Did you mean 'gamma'?"),
        ("train ring --reg r1(", "--reg"),
        ("train ring --set stpes=3", "Did you mean 'steps'?"),
        ("train ring --set steps=x", "steps: should be an integer, but is 'x'"),
        ("train ring --steps 0", "steps"),
        ("train ring --precision fp8", "precision"),
        ("train ring --device tpu", "device"),
        ("train ring --device cuda:99", "cuda:99"),
        ("train ring --model mpl", "There is no model 'mpl'"),
        ("train ring --no-plugin nobody", "--no-plugin names 'nobody'"),
        ("train --recipe missing.yaml", "missing.yaml: file not found"),
        ("resume nowhere", "nowhere: not the folder of a run"),
        ("evaluate nowhere", "nowhere: not the folder of a run"),
        ("sample nowhere", "nowhere: not the folder of a run"),
        ("export nowhere", "nowhere: not the folder of a run"),
        ("report nowhere", "nowhere: not the folder of a run"),
        ("plugins show nobody", "Nothing is installed under the name 'nobody'"),
        ("plugins r1", "No such command 'r1'"),
        ("plugins show", "Missing argument 'NAME'"),
        ("data get rign", "Did you mean 'ring'?"),
        ("data get nowhere/ring", "There is no domain 'nowhere'"),
        ("compare ring", "--reg none"),
        ("compare --reg r1", "needs a DOMAIN"),
        ("compare ring --reg r1 --seeds few", "--seeds few"),
        ("compare ring --reg r1 --preset nothing", "--preset"),
    ],
)
def test_a_mistake_in_the_call_is_one_sentence_and_exit_code_2(
    call: Call, tmp_path: Path, arguments: str, message: str
) -> None:
    done = call(*arguments.split())
    assert (done.code, done.out) == (2, "")
    last = done.err.splitlines()[-1]
    assert last.startswith("Error: ")
    assert message in last
    assert "Traceback" not in done.err
    assert not (tmp_path / "runs").exists()


def test_every_mistake_of_a_recipe_is_told_at_once(call: Call) -> None:
    Path("recipe.yaml").write_text("domain: ring\nsteps: -1\nbatch: many\nobjective: hing\n")
    done = call("train", "--recipe", "recipe.yaml")
    assert done.code == 2
    assert all(f"recipe.yaml: {key}" in done.err for key in ("steps", "batch", "objective"))


@pytest.mark.parametrize("out", ["file", "file/runs"])
def test_an_output_folder_that_is_a_file_is_refused(call: Call, out: str) -> None:
    Path("file").touch()
    done = call(*RING, "--out", out, "-q")
    assert done.code == 2
    assert done.err.startswith(f"Error: {out}: cannot create a run folder there")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_output_folder_is_refused(call: Call) -> None:
    Path("locked").mkdir(mode=0o500)
    done = call(*RING, "--out", "locked/runs", "-q")
    assert done.code == 2
    assert "cannot create a run folder there" in done.err


def test_a_read_only_file_system_is_refused(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(parent: Path, label: str) -> Path:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(parent))

    monkeypatch.setattr("detente.training.run_folder.new_folder", refuse)
    done = call(*RING, "-q")
    assert (done.code, done.err) == (2, "Error: runs: is read-only. Choose another folder.\n")


def test_a_component_of_a_failed_plugin_ends_with_3(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    origin = Origin("bad", "detente-bad", "1")
    lost = Entry("regularizer", "soothe", "bad:Soothe", None, "", {}, origin)
    failed = Plugin(origin, "failed", (lost,), "It broke.")
    monkeypatch.setattr(flags, "discover", lambda block: Host([*discover(block).plugins, failed]))
    done = call(*RING, "--reg", "soothe")
    assert done.code == 3
    assert "which was not loaded: It broke." in done.err


DIVERGES = ["--set", "discriminator.optimizer={name: sgd, lr: 1e30}", "--set", "log_every=1"]


def test_divergence_ends_with_4_and_keeps_what_was_good(call: Call) -> None:
    done = call(*RING, *DIVERGES, "--folder", "run")
    assert done.code == 4
    assert "is not finite" in done.err
    assert "Traceback" not in done.err
    info = json.loads(Path("run/run.json").read_text())
    assert info["status"] == "diverged"
    assert "is not finite" in info["error"]
    assert "Traceback" in Path("run/log.txt").read_text()


def test_verbose_shows_the_traceback(call: Call) -> None:
    assert "Traceback" in call(*RING, *DIVERGES, "-v").err


def test_a_mistake_of_ours_is_one_line_that_names_the_log(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(trainer: Trainer) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(Trainer, "train", fail)
    done = call(*RING, "--folder", "run", "-q")
    assert done.code == 1
    message, where = done.err.split(" This is a bug in détente or in a plugin. ")
    assert message == "Error: ZeroDivisionError: by zero."
    assert where == "The traceback is in run/log.txt.\n"
    assert "ZeroDivisionError" in Path("run/log.txt").read_text()


def test_a_full_disk_is_said_plainly_and_the_run_can_go_on(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    save = checkpoint.save

    def full(path: Path, state: dict[str, Any]) -> None:
        if "20" in path.name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        save(path, state)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", full)
        done = call(*RING, "--folder", "run", "-q")
    assert done.code == 1
    assert "There is no space left on the disk at run/checkpoints/step-00000020.pt." in done.err
    assert "detente resume run" in done.err
    assert call("resume", "run", "-q").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_checkpoint_that_cannot_be_written_whole_says_why_whatever_torch_makes_of_it() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            checkpoint.save(Path("step-1.pt"), {"x": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.errno == errno.EFBIG
    assert list(Path().iterdir()) == []


def test_without_a_checkpoint_there_is_nothing_to_sample(call: Call) -> None:
    call(*RING, *DIVERGES, "--folder", "run", "-q")
    done = call("sample", "run")
    assert done.code == 2
    assert "Error: run: no checkpoint yet; train longer (detente resume run)." in done.err


# --- terminals, pipes, speed ------------------------------------------------------------------------------------------


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m detente plugins | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("plugins\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["plugins"], ["plugins", "--json"], ["train", "--help"]])
def test_help_and_plugins_are_light(arguments: list[str]) -> None:
    # pydantic is missing here: typer itself reads arguments with it.
    code = (
        "import sys, time\n"
        "from detente.cli import main\n"
        f"code = main({arguments!r})\n"
        "heavy = {'torch', 'numpy', 'scipy', 'jinja2', 'rich'} & set(sys.modules)\n"
        "print(code, sorted(heavy), time.process_time(), file=sys.stderr)"
    )
    used = 9.0
    for _ in range(6):  # the least of several: a busy machine only ever adds
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        status, heavy, seconds = done.stderr.split()
        assert (status, heavy) == ("0", "[]")
        if (used := min(used, float(seconds))) < 0.4:
            break
    assert used < 0.4


def test_the_package_can_be_run() -> None:
    done = subprocess.run([sys.executable, "-m", "detente", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("detente 0.")


def test_without_arguments_there_is_help(call: Call) -> None:
    done = call()
    assert done.code == 0
    assert "Usage: detente" in done.out


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_gets_a_bar_and_colour_unless_it_declines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, colour: bool
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    session = Session([])
    with progress(session) as show:
        show(RunView(Path(), {}, 10, "modes", 5, terms={"D/adversarial": 1.0}, scores={"modes": 3.0}, scaled=0.5))
    session.error("It broke.")
    shown = capsys.readouterr().err
    assert "5/10" in shown
    assert "modes 3  scaled 0.5" in shown
    assert ("\x1b[1;31m" in shown) == colour
    assert "Error:" in shown


# --- stops and resumes ------------------------------------------------------------------------------------------------

# Long enough to be met in the middle, with a lazy penalty, clipping, an average and fused Adam in it.
LONG = ["train", "ring", *SMALL, "--steps", "200", "--set", "evaluate_every=50", "--set", "checkpoint_every=10"]
LONG += ["--reg", "d:r1(every=4)+clip-norm+g:ema", "-q"]


def child(arguments: list[str], output: str) -> None:
    """A command in a process of its own; called by a server that has the imports behind it."""
    gc.freeze()  # what was imported need not be walked again, which would copy it
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.exit(cli.main(arguments))


@pytest.fixture(scope="module")
def start() -> Callable[..., BaseProcess]:
    """Starts a command in a process that need not import torch first, as a fork of one that has."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["detente.cli.train", "detente.training.trainer", "detente.recipe"])

    def run(arguments: list[str], output: Path) -> BaseProcess:
        process = context.Process(target=child, args=(arguments, str(output)))
        process.start()
        return process

    return run


def lines(run: Path) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in json.loads(line).items() if key != "seconds"}
        for line in (run / "metrics.jsonl").read_text().splitlines()
    ]


def wait_for_step(run: Path, step: int, alive: Callable[[], bool]) -> None:
    """Until the metrics have come to a step; the process must not end before."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError, ValueError, IndexError):
            if json.loads((run / "metrics.jsonl").read_bytes().splitlines()[-1])["step"] >= step:
                return
        assert alive(), "ended before it was stopped"
        time.sleep(0.002)
    raise AssertionError(f"no step {step} within a minute")


def assert_same(a: Any, b: Any, at: str = "") -> None:
    """Equal to the bit."""
    assert type(a) is type(b), at
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b), at
    elif isinstance(a, dict):
        assert a.keys() == b.keys(), at
        for key in a:
            assert_same(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list | tuple):
        assert len(a) == len(b), at
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            assert_same(x, y, f"{at}[{i}]")
    else:
        assert a == b, at


def assert_same_run(a: Path, b: Path) -> None:
    assert lines(a) == lines(b)
    last = [checkpoint.load(run / "checkpoints" / "step-00000200.pt") for run in (a, b)]
    for state in last:
        del state["seconds"], state["metrics_size"]  # of clocks, and of how many digits those show
    assert_same(*last)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The long run, never stopped."""
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))
        assert cli.main([*LONG, "--folder", str(folder)]) == 0
    return folder


def test_killed_again_and_again_a_run_ends_with_the_same_numbers(
    unbroken: Path, start: Callable[..., BaseProcess]
) -> None:
    run, output = Path("run").resolve(), Path("output").resolve()
    moments = random.Random(7)
    process = start([*LONG, "--folder", str(run)], output)
    for target in (10, 50, 120):
        wait_for_step(run, target, process.is_alive)
        time.sleep(moments.uniform(0, 0.1))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        process = start(["resume", str(run), "-q"], output)
    process.join()
    assert process.exitcode == 0, output.read_text()
    assert_same_run(unbroken, run)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_saves_a_checkpoint_and_goes_on_to_the_same_end(
    unbroken: Path, call: Call, start: Callable[..., BaseProcess], number: int, code: int
) -> None:
    run, output = Path("run").resolve(), Path("output").resolve()
    process = start([*LONG, "--folder", str(run)], output)
    wait_for_step(run, 50, process.is_alive)
    assert process.pid is not None
    os.kill(process.pid, number)
    process.join()
    assert process.exitcode == code
    assert output.read_text() == f"Error: Interrupted. Resume with: detente resume {run}\n"
    info = json.loads((run / "run.json").read_text())
    assert info["status"] == "interrupted"
    assert f"step-{info['step']:08d}.pt" in {path.name for path in (run / "checkpoints").iterdir()}
    assert 50 <= info["step"] < 200
    assert call("resume", run, "-q").code == 0
    assert_same_run(unbroken, run)


def test_warnings_of_plugins_and_progress_of_preparation_are_shown_unless_it_is_quiet(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for quiet in (False, True):
        session = Session([])
        session.quiet = quiet
        with messages(session):
            logging.getLogger("detente_stranger.data").warning("skipped 1 file")
            logging.getLogger("detente.progress").info("decoded 1 of 2")
            logging.getLogger("unrelated").warning("not ours")
        shown = capsys.readouterr().err.splitlines()
        assert shown == ["Warning: skipped 1 file"] + ([] if quiet else ["decoded 1 of 2"])


def test_ctrl_c_ends_the_installed_command_with_130() -> None:
    command = [sys.executable, "-m", "detente", *LONG, "--steps", "100000", "--folder", "run"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for_step(Path("run"), 10, lambda: process.poll() is None)
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr is not None
        assert process.stderr.read() == "Error: Interrupted. Resume with: detente resume run\n"


def test_a_damaged_newest_checkpoint_costs_only_what_came_after_the_one_before(call: Call, unbroken: Path) -> None:
    shutil.copytree(unbroken, "run")
    newest = Path("run/checkpoints/step-00000200.pt")
    newest.write_bytes(newest.read_bytes()[:1000])
    done = call("resume", "run")
    assert done.code == 0
    assert "Warning: run/checkpoints/step-00000200.pt: cannot be read as a checkpoint (RuntimeError)" in done.err
    assert_same_run(unbroken, Path("run"))


def test_a_run_killed_before_its_record_was_written_starts_anew(call: Call, trained: Path) -> None:
    Path("run").mkdir()
    shutil.copy(trained / "recipe.yaml", "run")
    assert call("resume", "run", "-q").code == 0
    assert lines(Path("run")) == lines(trained)
