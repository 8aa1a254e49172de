"""What is kept on disk because it can be computed again: packed arrays and warm-ups."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from detente.domains.cache import cache_folder
from detente.domains.contracts import Model, Networks
from detente.domains.packed import Packed, packed
from detente.toys.mixture import RingData
from detente.training.warmup import fresh, start, weights_hash


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def some() -> Packed:
    return Packed({"x": np.arange(12, dtype=np.uint8).reshape(3, 4), "none": np.zeros((0, 2))}, {"train": 2, "rest": 1})


def test_packed_arrays_come_back_mapped_and_equal():
    made = packed("things", {"of": "x"}, some)
    again = packed("things", {"of": "x"}, lambda: pytest.fail("made again"))
    assert isinstance(again.arrays["x"], np.memmap)
    assert np.array_equal(again.arrays["x"], some().arrays["x"]) and again.arrays["none"].shape == (0, 2)
    assert again.digest == made.digest == some().digest
    assert (again.rows("train"), again.rows("rest")) == (slice(0, 2), slice(2, 3))


def test_what_else_it_is_made_of_is_another_entry():
    packed("things", {"of": "x"}, some)
    other = packed("things", {"of": "y"}, lambda: Packed({"x": np.ones(1)}, {"train": 1}))
    assert other.digest != some().digest


def test_the_content_alone_decides_the_digest():
    assert some().digest == some().digest
    assert some().digest != Packed(some().arrays, {"train": 1, "rest": 2}).digest
    wider = {**some().arrays, "x": some().arrays["x"].astype(np.int16)}
    assert some().digest != Packed(wider, some().sizes).digest


def _make(folder: str, made: "multiprocessing.Queue[int]") -> None:
    def make() -> Packed:
        made.put(1)
        return some()

    import os

    os.environ["DETENTE_CACHE"] = folder
    packed("things", {"of": "x"}, make)


def test_of_several_processes_one_makes_it_and_the_others_wait(own_cache: Path):
    context = multiprocessing.get_context("spawn")
    made = context.Queue()
    processes = [context.Process(target=_make, args=(str(own_cache), made)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    assert made.get(timeout=5) == 1 and made.empty()


class Warm(Model):
    """Counts its warm-ups, and draws in them."""

    def __init__(self, width: int = 3) -> None:
        self.width, self.warmed = width, []

    def build(self, space):
        tied = nn.Linear(self.width, self.width)
        generator = nn.Sequential(tied, nn.Linear(self.width, 2))
        generator.register_module("same", tied)
        return Networks(generator, nn.Linear(2, 1))

    def warm_up(self, networks, data, rng, show):
        self.warmed.append(rng)
        show(1, 2)
        with torch.no_grad():
            networks.generator[0].weight.add_(torch.randn(self.width, self.width))
            networks.discriminator.weight.add_(torch.randn(1, 2, generator=rng.generator()))


@pytest.fixture(scope="module")
def data():
    return RingData()


def test_a_warm_up_is_made_once_and_shared_by_runs_that_start_alike(data, own_cache: Path):
    model, told = Warm(), []
    first = start(model, data, 0, show=lambda done, of: told.append((done, of)))
    again = start(model, data, 0)
    assert len(model.warmed) == 1 and told == [(1, 2)]
    assert [weights_hash(net) for net in first] == [weights_hash(net) for net in again]
    assert weights_hash(first.generator) != weights_hash(fresh(model, data.space, 0).generator)
    start(model, data, 1)
    start(Warm(4), data, 0)
    assert len(model.warmed) == 2, "another seed is another start"
    assert len(list((own_cache / "warm-up").glob("*.safetensors"))) == 3


def test_a_damaged_warm_up_is_made_again_to_the_same_weights(data, own_cache: Path):
    model = Warm()
    first = start(model, data, 0)
    (kept,) = (own_cache / "warm-up").glob("*.safetensors")
    kept.write_bytes(b"nothing")
    again = start(model, data, 0)
    assert len(model.warmed) == 2
    assert [weights_hash(net) for net in first] == [weights_hash(net) for net in again]
    assert load_file(kept)


def test_without_a_cache_a_warm_up_costs_time_and_nothing_else(data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = start(Warm(), data, 0)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "file"))
    again = start(Warm(), data, 0)
    assert [weights_hash(net) for net in first] == [weights_hash(net) for net in again]


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("DETENTE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == Path("/somewhere/detente")
