"""Checkpoints are written whole or not at all, and read without running code."""

import errno
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from detente.errors import UsageError
from detente.training import checkpoint


def holding(x: torch.Tensor) -> dict[str, Any]:
    """The least that is a checkpoint, with `x` as a weight of the generator."""
    player = {"network": {"x": x}, "optimizer": {}, "regularizer": {}, "t": 7, "last": {}}
    return {
        "game": {"generator": player, "discriminator": {**player, "network": {}}},
        "step": 1,
        "seconds": 0.5,
        "best": None,
        "scores": [{"quality": 0.25}, None],
        "metrics_size": 0,
    }


def test_checkpoints_are_whole_or_absent(tmp_path, monkeypatch):
    path = tmp_path / "step-1.pt"
    checkpoint.save(path, holding(torch.ones(2)))
    monkeypatch.setattr(torch, "save", lambda *a, **k: (_ for _ in ()).throw(OSError(28, "no space")))
    with pytest.raises(OSError, match="no space"):
        checkpoint.save(path, holding(torch.zeros(2)))
    assert checkpoint.load(path)["game"]["generator"]["network"]["x"].tolist() == [1.0, 1.0]
    assert [p.name for p in tmp_path.iterdir()] == ["step-1.pt"]


@pytest.mark.parametrize("content", [b"", b"nonsense", pickle.dumps(print)])
def test_what_is_no_checkpoint_is_named_and_never_run(tmp_path, content):
    path = tmp_path / "step-1.pt"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"step-1\.pt"):
        checkpoint.load(path)


def test_a_checkpoint_with_code_in_it_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("executed",))

    path = tmp_path / "step-1.pt"
    torch.save({"format": 1, "x": Evil()}, path)
    with pytest.raises(UsageError, match="cannot be read as a checkpoint"):
        checkpoint.load(path)


def test_another_format_is_named(tmp_path):
    path = tmp_path / "step-1.pt"
    torch.save({"format": 99}, path)
    with pytest.raises(UsageError, match="99"):
        checkpoint.load(path)


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files as POSIX does")
def test_a_checkpoint_that_cannot_be_written_whole_says_why_whatever_torch_makes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    monkeypatch.chdir(tmp_path)

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            checkpoint.save(Path("step-1.pt"), {"x": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.errno == errno.EFBIG
    assert list(Path().iterdir()) == []


def test_what_was_saved_comes_back_as_it_was_on_the_cpu(tmp_path):
    state = holding(torch.randn(3, dtype=torch.float64))
    checkpoint.save(tmp_path / "deep" / "step-1.pt", state)
    found = checkpoint.load(tmp_path / "deep" / "step-1.pt")
    assert found.keys() == {*state, "format"}
    x = found["game"]["generator"]["network"].pop("x")
    assert x.device.type == "cpu" and torch.equal(x, state["game"]["generator"]["network"].pop("x"))
    assert {key: found[key] for key in state} == state


def test_checkpoints_are_listed_by_step_and_the_oldest_are_pruned(tmp_path):
    for step in (5, 100, 20):
        checkpoint.save(tmp_path / f"step-{step:08d}.pt", {"step": step})
    (tmp_path / "step-00000200.pt.1234.partial").touch()
    (tmp_path / "notes.txt").touch()
    assert [path.stem for path in checkpoint.checkpoints(tmp_path)] == [f"step-{s:08d}" for s in (5, 20, 100)]
    checkpoint.prune(tmp_path, keep=2)
    assert [path.stem for path in checkpoint.checkpoints(tmp_path)] == ["step-00000020", "step-00000100"]
    assert (tmp_path / "notes.txt").exists()
    checkpoint.prune(tmp_path, keep=5)
    assert len(checkpoint.checkpoints(tmp_path)) == 2 and checkpoint.checkpoints(tmp_path / "nowhere") == []


def test_a_checkpoint_that_is_not_there_or_cut_short_is_named(tmp_path):
    path = tmp_path / "step-1.pt"
    with pytest.raises(UsageError, match=r"step-1\.pt: cannot be read as a checkpoint"):
        checkpoint.load(path)
    checkpoint.save(path, {"x": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:-500])
    with pytest.raises(UsageError, match="use an older one in the same folder"):
        checkpoint.load(path)
