"""Weights & Biases has the numbers of the run's own log, each step once."""

import importlib
import json
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from detente.errors import Interrupted
from logger_packages import needs
from observers import STEPS, Stop, assert_same_numbers, lines, train, watched_by

pytestmark = pytest.mark.usefixtures("module_cache")


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


@pytest.mark.slow
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


@pytest.mark.slow
@needs("wandb")
def test_wandb_has_each_step_of_a_resumed_run_once(tmp_path: Path, offline: None) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, watched_by(Stop(30)), ["wandb"])
    train(tmp_path, log=["wandb"])
    assert [row["_step"] for row in rows(tmp_path)] == STEPS
    assert len({r.run.run_id for r in records(tmp_path) if r.WhichOneof("record_type") == "run"}) == 1
