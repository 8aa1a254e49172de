"""A study on a Ray cluster of this machine alone, and what is asked of Ray before."""

import csv
import os
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="Ray is not installed; `make install-dev` brings it")
import ray

from detente import plugins
from detente.experiments import compare as study
from detente.experiments.executors.cluster.cluster import _SET
from detente.experiments.executors.ray import RayExecutor
from searches import SMALL, InProcess

TIMED = ("seconds", "seconds_per_step")


def rows(results: Path) -> list[dict[str, str]]:
    """results.csv without what depends on the machine's speed."""
    with results.open(encoding="utf-8") as file:
        return [{key: value for key, value in row.items() if key not in TIMED} for row in csv.DictReader(file)]


def compare(out: Path, executor) -> Path:
    how = {"sets": SMALL, "flags": {"steps": 20}, "executor": executor, "host": plugins.host()}
    return study.compare(["dirac"], ["none", "r1"], 2, out=out, **how).parent / "results.csv"


def test_nothing_is_connected_to_before_it_is_needed():
    executor = RayExecutor(2)
    executor.close()
    assert not ray.is_initialized()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own, of its sockets and threads
def test_a_study_on_a_cluster_of_one_node_is_the_one_that_is_trained_here(tmp_path, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    environment = {name: os.environ.get(name) for name in _SET}
    there, here = compare(tmp_path / "ray", RayExecutor(1)), compare(tmp_path / "here", InProcess())
    assert rows(there) == rows(here)
    assert len(rows(there)) == 4 and {row["status"] for row in rows(there)} == {"finished"}
    assert not ray.is_initialized()
    assert {name: os.environ.get(name) for name in _SET} == environment
    cell = next((tmp_path / "ray" / "cells").rglob("run.json")).parent
    assert str(cell) in (cell / "run.json").read_text() and "detente-ray-" not in (cell / "run.json").read_text()
    assert [path.suffix for path in (cell / "checkpoints").iterdir()] == [".pt"]
