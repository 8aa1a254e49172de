"""Loggers: switched on by name, each step once, and no number changed."""

import importlib
import importlib.util
import json
import struct
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from detente import cli
from detente.cli import flags
from detente.errors import Interrupted, PluginError, UsageError
from detente.hookspecs import RunView, hookimpl
from detente.plugins import discover
from detente.recipe import Recipe, fingerprint, load
from detente.training.loggers import make_loggers
from observers import SETS, STEPS, Stop, assert_same_numbers, lines, train, watched_by

pytestmark = pytest.mark.usefixtures("module_cache")

KNOWN = {"recipe.yaml", "run.json", "metrics.jsonl", "checkpoints", "samples"}
DIRAC = ["dirac", *(word for text in SETS for word in ("--set", text)), "-q"]


def needs(package: str) -> pytest.MarkDecorator:
    missing = importlib.util.find_spec(package) is None
    return pytest.mark.skipif(missing, reason=f"{package} is not installed: pip install 'detente[{package}]'")


class Mine:
    """A stranger's logger: a file in a place of its own."""

    @hookimpl
    def detente_run_started(self, run: RunView) -> None:
        self.path = run.folder / "mine.txt"

    @hookimpl
    def detente_logged(self, step: int, terms: Mapping[str, float]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(f"{step} {terms['D/adversarial']}\n")


class Raising(Mine):
    @hookimpl
    def detente_logged(self, step: int) -> None:
        raise OSError("the line is dead")


class Unmakeable:
    def __init__(self) -> None:
        raise ValueError("no address")

    @hookimpl
    def detente_logged(self, step: int) -> None: ...


@pytest.fixture(scope="module")
def plain(module_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody observes."""
    folder = tmp_path_factory.mktemp("plain") / "run"
    train(folder)
    return folder


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty current folder where tensorboard and wandb cannot be imported."""
    for name in ("tensorboard", "torch.utils.tensorboard", "wandb"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# --- switching on ---------------------------------------------------------------------------------------------------


def test_without_log_a_run_writes_its_known_files_and_no_others(plain: Path) -> None:
    assert {path.name for path in plain.iterdir()} == KNOWN


def test_a_recipe_without_log_reads_as_it_did_before_there_was_one() -> None:
    none, empty = load(domain="dirac"), load(domain="dirac", flags={"log": []})
    assert "log" not in none.plain() and "log:" not in none.to_yaml()
    assert empty.to_yaml() == none.to_yaml()
    assert fingerprint(empty) == fingerprint(none)


def test_a_recipe_keeps_the_loggers_that_it_names() -> None:
    found = load(domain="dirac", sets=["log=[tensorboard]"], flags={"log": ["wandb", "tensorboard"]})
    assert found.log == ["wandb", "tensorboard"]
    assert "\nlog: [wandb, tensorboard]\n" in found.to_yaml()
    assert Recipe.model_validate(found.plain()) == found


def test_a_logger_that_there_is_not_or_that_is_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"log: There is no logger 'tensorbord'. Did you mean 'tensorboard'\?"):
        load(domain="dirac", flags={"log": ["tensorbord"]})
    with pytest.raises(UsageError, match="log: contains 'wandb' twice"):
        load(domain="dirac", flags={"log": ["wandb", "wandb"]})
    with pytest.raises(UsageError, match="log: should be a list"):
        load(domain="dirac", sets=["log=wandb"])


def test_a_strangers_logger_is_switched_on_by_its_name(plain: Path, tmp_path: Path) -> None:
    host = watched_by(loggers=["test_loggers:Mine"])
    train(tmp_path / "off", host)
    assert {path.name for path in (tmp_path / "off").iterdir()} == KNOWN
    train(tmp_path / "on", host, ["mine-0"])
    terms = [line["terms"] for line in lines(plain) if "terms" in line]
    expected = [f"{step} {at['D/adversarial']}" for step, at in zip(STEPS, terms, strict=True)]
    assert (tmp_path / "on" / "mine.txt").read_text(encoding="utf-8").splitlines() == expected


def test_a_logger_that_raises_is_reported_once_and_changes_no_number(
    plain: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    train(tmp_path, watched_by(loggers=["test_loggers:Raising"]), ["mine-0"])
    (record,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert record.getMessage() == (
        "detente_logged of plugin 'mine-0' (detente-mine 1.0) raised OSError: the line is dead; training continues"
    )
    assert_same_numbers(plain, tmp_path)


def test_a_logger_that_cannot_be_made_is_named() -> None:
    host = watched_by(loggers=["test_loggers:Unmakeable", "test_loggers:SETS"])
    with pytest.raises(PluginError, match=r"log: logger 'mine-0' of detente-mine 1.0 cannot be made: .*no address"):
        make_loggers(["mine-0"], host)
    with pytest.raises(PluginError, match=r"log: logger 'mine-1' of detente-mine 1.0 cannot be made"):
        make_loggers(["mine-1"], host)


def test_loggers_are_switched_on_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flags, "discover", lambda block: watched_by(loggers=["test_loggers:Mine", "test_loggers:Mine"]))
    assert cli.main(["train", *DIRAC, "--log", "mine-0, mine-1", "--folder", str(tmp_path / "run")]) == 0
    assert len((tmp_path / "run" / "mine.txt").read_text(encoding="utf-8").splitlines()) == 2 * len(STEPS)


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_a_missing_package_is_one_sentence_before_anything_is_written(
    name: str, without: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in (
        ["train", *DIRAC, "--folder", "run"],
        ["train", *DIRAC, "-n"],
        ["compare", *DIRAC, "--reg", "none", "--out", "study"],
        ["tune", *DIRAC, "--reg", "r1", "--search", "r1.gamma=log:1..10", "--trials", "2", "--out", "search"],
    ):
        assert cli.main([*verb, "--log", name]) == 3
        said = f"Error: log: {name} needs the package {name}: pip install 'detente[{name}]'\n"
        assert capsys.readouterr().err.endswith(said)
    assert list(without.iterdir()) == []


def test_a_run_can_be_read_where_its_logger_cannot_be_imported(
    plain: Path, without: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = discover()
    assert load(plain / "recipe.yaml", flags={"log": ["wandb"]}, host=host).log == ["wandb"]


# --- TensorBoard ----------------------------------------------------------------------------------------------------


def events(folder: Path) -> Any:
    """An event file as TensorBoard's own reader has it."""
    reader = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")
    found = reader.EventAccumulator(str(folder / "tensorboard"), size_guidance={"scalars": 0, "images": 0})
    found.Reload()
    return found


@needs("tensorboard")
def test_tensorboard_shows_the_numbers_of_the_runs_own_log(plain: Path, tmp_path: Path) -> None:
    train(tmp_path, log=["tensorboard"])
    found = events(tmp_path)
    for line in lines(plain):
        for group in ("terms", "watched", "scores", "spectral"):
            for name, value in line.get(group, {}).items():
                shown = [e.value for e in found.Scalars(f"{group}/{name}") if e.step == line["step"]]
                assert shown == [pytest.approx(value, rel=1e-6)], (group, name)  # event files hold single precision
    assert [e.step for e in found.Scalars("scaled")] == [20, 40]
    assert_same_numbers(plain, tmp_path)


@needs("tensorboard")
def test_tensorboard_shows_each_step_of_a_resumed_run_once(tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, watched_by(Stop(30)), ["tensorboard"])
    train(tmp_path, log=["tensorboard"])
    assert len(list((tmp_path / "tensorboard").iterdir())) == 2
    found = events(tmp_path)
    assert [e.step for e in found.Scalars("terms/D/adversarial")] == STEPS
    assert [e.step for e in found.Scalars("scaled")] == [20, 40]


@needs("tensorboard")
def test_tensorboard_shows_previews_that_are_pictures(tmp_path: Path) -> None:
    train(tmp_path, log=["tensorboard"], domain="ring", sets=["metrics=[modes]", "data.size=500"])
    found = events(tmp_path).Images("samples")
    assert [image.step for image in found] == [20, 40]
    assert found[0].encoded_image_string.startswith(b"\x89PNG") and found[0].width > 100


# --- Weights & Biases -----------------------------------------------------------------------------------------------


def records(folder: Path) -> list[Any]:
    """What the files of offline runs hold, oldest first, once wandb's own process has written their ends."""
    found: list[Any] = []
    for path in sorted(folder.glob("wandb/offline-run-*/*.wandb"), key=lambda path: path.parent.stat().st_mtime_ns):
        until = time.monotonic() + 30
        while not (own := list(_records(path.read_bytes()))) or own[-1].WhichOneof("record_type") != "exit":
            assert time.monotonic() < until, f"{path}: has no end"
            time.sleep(0.02)
        found += own
    return found


def _records(data: bytes) -> Iterator[Any]:
    """Messages in frames of LevelDB's log format, after a header of 7 bytes."""
    messages = importlib.import_module("wandb.proto.wandb_internal_pb2")
    at, message = 7, b""
    while at + 7 <= len(data):
        if (left := 32768 - at % 32768) < 7:  # the end of a block is padded
            at += left
            continue
        _, size, kind = struct.unpack_from("<IHB", data, at)
        message += data[at + 7 : at + 7 + size]
        at += 7 + size
        if kind in (1, 4) and at <= len(data):  # a whole message, or the end of one
            record = messages.Record()
            record.ParseFromString(message)
            yield record
            message = b""


def rows(folder: Path) -> list[dict[str, Any]]:
    return [
        {"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in record.history.item}
        for record in records(folder)
        if record.WhichOneof("record_type") == "history"
    ]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing is sent; and nothing that wandb raises, which would be reported alone, is passed over."""
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    yield
    assert [record.getMessage() for record in caplog.records if record.name.startswith("detente")] == []


@needs("wandb")
def test_wandb_has_the_recipe_and_the_numbers_of_the_runs_own_log(plain: Path, tmp_path: Path, offline: None) -> None:
    train(tmp_path, log=["wandb"])
    (run,) = [r.run for r in records(tmp_path) if r.WhichOneof("record_type") == "run"]
    config = {item.key: json.loads(item.value_json) for item in run.config.update}
    assert config["discriminator"]["regularizers"]["r1"]["every"] == 4
    assert run.project == "detente"
    by_step = {row["_step"]: row for row in rows(tmp_path)}
    assert list(by_step) == STEPS
    for line in lines(plain):
        for group in ("terms", "watched", "scores", "spectral"):
            for name, value in line.get(group, {}).items():
                assert by_step[line["step"]][f"{group}/{name}"] == value
    assert_same_numbers(plain, tmp_path)


@needs("wandb")
def test_wandb_has_each_step_of_a_resumed_run_once(tmp_path: Path, offline: None) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, watched_by(Stop(30)), ["wandb"])
    train(tmp_path, log=["wandb"])
    assert [row["_step"] for row in rows(tmp_path)] == STEPS
    assert len({r.run.run_id for r in records(tmp_path) if r.WhichOneof("record_type") == "run"}) == 1
