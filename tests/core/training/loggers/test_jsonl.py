"""metrics.jsonl: what is kept when a run goes on, and numbers that JSON does not know."""

import json
import math
from pathlib import Path

from detente.hookspecs import RunView
from detente.training.loggers.jsonl import JsonLines


def test_a_resumed_log_is_cut_to_the_size_that_its_checkpoint_holds(tmp_path: Path) -> None:
    run = RunView(tmp_path, {}, 10)
    log = JsonLines()
    log.detente_run_started(run)
    log.detente_logged(run, 1, {"D/adversarial": 0.5})
    size = log.sync()
    log.detente_logged(run, 2, {"D/adversarial": 0.25})
    log.detente_run_finished(run)
    again = JsonLines()
    again.size = size
    again.detente_run_started(run)
    again.detente_logged(run, 3, {"D/adversarial": 0.125})
    again.detente_run_finished(run)
    found = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(line["step"], line["terms"]["D/adversarial"]) for line in found] == [(1, 0.5), (3, 0.125)]


def test_a_log_that_lost_its_end_is_not_filled_with_zeros(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_bytes(b'{"step": 1}\n')
    log = JsonLines()
    log.size = 1000
    log.detente_run_started(RunView(tmp_path, {}, 10))
    assert log.sync() == len(b'{"step": 1}\n')
    log.detente_run_finished(RunView(tmp_path, {}, 10))
    assert (tmp_path / "metrics.jsonl").read_bytes() == b'{"step": 1}\n'


def test_numbers_that_json_does_not_know_become_null(tmp_path: Path) -> None:
    run = RunView(tmp_path, {}, 10, scaled=math.nan)
    log = JsonLines()
    log.detente_run_started(run)
    log.detente_evaluated(run, 10, {"distance": math.inf, "modes": 3.0})
    log.detente_run_finished(run)
    line = json.loads((tmp_path / "metrics.jsonl").read_text())
    assert (line["scores"], line["scaled"]) == ({"distance": None, "modes": 3.0}, None)
