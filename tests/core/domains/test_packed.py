"""Packed arrays in the cache: mapped, equal, and made once."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
import torch

from detente import Leaf, Space
from detente.domains.packed import Packed, PackedData, packed


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


@pytest.mark.slow
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


class Labelled(PackedData):
    """Four rows, of which the last two are held out."""

    def __init__(self, keep: bool) -> None:
        of = Packed({"x": np.arange(4.0), "labels": np.array([3, 1, 2, 0])}, {"train": 2, "held_out": 2})
        x = torch.from_numpy(of.arrays["x"])
        super().__init__(Space((Leaf((1,)),), 4), x[:2], x[2:], x[2:], "labelled", torch.tensor([3, 1]))
        if keep:
            self.packed = of


def test_labels_of_held_out_rows_are_known_where_the_arrays_are_kept():
    found = Labelled(keep=True).real_labels(1)
    assert found is not None and found.tolist() == [2]
    assert Labelled(keep=False).real_labels(2) is None
