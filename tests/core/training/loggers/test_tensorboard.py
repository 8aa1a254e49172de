"""TensorBoard shows the numbers of the run's own log, each step once."""

import errno
import importlib
import logging
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from detente.errors import Interrupted
from logger_packages import needs
from observers import STEPS, Stop, assert_same_numbers, lines, train, watched_by

pytestmark = pytest.mark.usefixtures("module_cache")


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


@needs("tensorboard")
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_is_one_warning_no_traceback_and_no_end(
    plain: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any, caplog: Any, number: int
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    records = importlib.import_module("tensorboard.summary.writer.record_writer")
    monkeypatch.setattr(records.RecordWriter, "write", full)
    before = threading.excepthook
    with caplog.at_level(logging.WARNING):
        train(tmp_path, log=["tensorboard"])
    assert "Traceback" not in capfd.readouterr().err
    assert [r for r in caplog.messages if "tensorboard" in r and os.strerror(number) in r]
    assert threading.excepthook is before
    assert_same_numbers(plain, tmp_path)
