"""Checkpoints that somebody changed: refused in a sentence, or the numbers are those that were written."""

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from command_line import assert_same
from detente import plugins, recipe
from detente.errors import UsageError
from detente.training import checkpoint
from detente.training.build import Built, build
from hostile_files import bytes_of, changed

CHAIN = ["d:r1(every=2)+spectral-norm+lecam+g:ema"]


@pytest.fixture(scope="module")
def built() -> Built:
    sets = ["samples=50", "data.size=64", "batch=4", "model.width=4", "steps=4"]
    return build(recipe.load(domain="ring", sets=sets, regs=CHAIN), plugins.host())


@pytest.fixture(scope="module")
def state(built: Built) -> dict[str, Any]:
    for i in range(2):
        built.game.step(built.prepare(built.data.batch(torch.arange(4 * i, 4 * i + 4))))
    scores = [{"modes": 1.0, "distance": float("nan")}, 0.5]
    return {"game": built.game.state_dict(), "step": 2, "seed": 0, "seconds": 1.0, "best": [0.5, 2], "scores": scores,
            "metrics_size": 0}  # fmt: skip


def enter(path: Path, built: Built) -> None:
    checkpoint.enter(path, checkpoint.load(path), built.game, built.recipe, Path("recipe.yaml"))


def taken(path: Path, built: Built) -> bool:
    try:
        enter(path, built)
    except UsageError as error:
        return f"{path}: " not in str(error)
    return True


@pytest.mark.slow
def test_a_checkpoint_that_was_changed_after_it_was_written_is_refused(
    tmp_path: Path, built: Built, state: dict[str, Any]
) -> None:
    path = tmp_path / checkpoint.named(2)
    checkpoint.save(path, state)
    enter(path, built)
    written = torch.load(path, weights_only=True)
    tried = 0
    for key, what, data in islice(changed(written, depth=4, most=2), 0, None, 6):
        if key in ("digest", "seconds", "metrics_size") or (key, what) == ("scores.0.distance", "NaN"):
            continue
        torch.save(data, path)
        assert not taken(path, built), (key, what)
        tried += 1
    assert tried > 50


@pytest.mark.slow
def test_a_checkpoint_without_a_digest_is_refused_where_updates_could_not_go_on_from_it(
    tmp_path: Path, built: Built, state: dict[str, Any]
) -> None:
    path = tmp_path / checkpoint.named(2)
    old = {"format": 1, **{key: value for key, value in state.items() if key != "seed"}}
    torch.save(old, path)
    enter(path, built)
    for key, what, data in changed(old, depth=6, most=1):
        if what not in ("missing", "null", "list", "text", "mapping") or key.startswith(("best", "scores")):
            continue
        above = key.rpartition(".")[0]
        if what == "missing" and above.endswith(("optimizer.state", "last")):  # as of what had no gradient or term yet
            continue
        torch.save(data, path)
        assert not taken(path, built), (key, what)


def test_best_as_a_mapping_or_of_text_is_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    path = tmp_path / checkpoint.named(2)
    for best in ({0: 0.5, 1: 2}, ["0.5", 2], [0.5, 2.5], [0.5], [0.5, 2, 3], 7, "best"):
        checkpoint.save(path, {**state, "best": best})
        with pytest.raises(UsageError, match="best: should be a score and its step"):
            checkpoint.load(path)
    checkpoint.save(path, {**state, "best": None})
    assert checkpoint.load(path)["best"] is None


@pytest.mark.parametrize(
    ("changes", "step", "said"),
    [
        ({"seed": 7}, 2, "is of a run with random seed 7, and recipe.yaml says 0"),
        ({"step": 3}, 3, "says step 3 and 2 updates of the generator"),
        ({}, 3, "which do not go with its name"),
    ],
)
def test_a_checkpoint_of_another_seed_or_step_is_refused(
    tmp_path: Path, built: Built, state: dict[str, Any], changes: dict[str, Any], step: int, said: str
) -> None:
    path = tmp_path / checkpoint.named(step)
    checkpoint.save(path, {**state, **changes})
    with pytest.raises(UsageError, match=said):
        enter(path, built)


def test_bytes_that_are_no_checkpoint_are_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    path = tmp_path / checkpoint.named(2)
    checkpoint.save(path, state)
    for content in bytes_of(path).values():
        path.write_bytes(content)
        with pytest.raises(UsageError, match=r"cannot be read as a checkpoint|checkpoint format"):
            checkpoint.load(path)


def test_what_was_saved_comes_back_to_the_bit(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    tensors = {
        "half": torch.tensor([1.5], dtype=torch.bfloat16),
        "none": torch.empty(0, 3),
        "one": torch.tensor(float("nan")),
        "flag": torch.tensor([True]),
        "complex": torch.tensor([1j]),
        "strided": torch.arange(6).reshape(2, 3).T,
    }
    player = {
        "network": tensors,
        "optimizer": {"state": {0: (1, None, True, "ä")}},
        "regularizer": {},
        "t": 0,
        "last": {},
    }
    state = {"game": {"generator": player, "discriminator": player}, "step": 0, "seconds": 0.0, "best": None,
             "scores": [{}, None], "metrics_size": 0}  # fmt: skip
    checkpoint.save(path, state)
    found = checkpoint.load(path)
    del tensors["one"], found["game"]["generator"]["network"]["one"]  # NaN is not equal to itself
    assert_same(found["game"]["generator"], player)
