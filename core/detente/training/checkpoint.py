"""Checkpoints: everything the next update depends on, written whole or not at all, read without running code."""

import warnings
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import AfterValidator, ConfigDict
from torch import Tensor

from detente.engine.game import Game
from detente.errors import UsageError, one_line
from detente.files import regular, replace_atomically
from detente.files.records import Amount, Count, Record, checked
from detente.recipe.schema import Recipe
from detente.training.averaged import Average
from detente.training.run_record import IdentitiesRecord

CHECKPOINT_FORMAT = 1
_TIMED = ("seconds", "metrics_size")  # how long a log is depends on how many digits its seconds have
_FIX = "use an older one in the same folder, or a copy"


class _Player(Record):
    network: dict[str, Any]
    optimizer: dict[str, Any]
    regularizer: dict[str, Any]
    t: Count
    last: dict[str, Any]


class _Game(Record):
    generator: _Player
    discriminator: _Player


def _best(pair: Any) -> Any:
    if pair is not None and [type(part) for part in _list(pair)] not in ([float, int], [int, int]):
        raise ValueError("should be a score and its step")
    return pair


def _scores(pair: Any) -> Any:
    scores, scaled = _list(pair) if len(_list(pair)) == 2 else (None, None)
    numbers = [*scores.values(), 0.0 if scaled is None else scaled] if isinstance(scores, dict) else [None]
    if not all(type(number) in (float, int) for number in numbers):
        raise ValueError("should be scores by name, and the scaled one")
    return pair


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


class CheckpointRecord(Record):
    """What a checkpoint holds beside its format."""

    model_config = ConfigDict(allow_inf_nan=True)  # a score may not be finite

    format: Literal[1]
    game: _Game
    step: Count
    seconds: Amount
    best: Annotated[Any, AfterValidator(_best)]
    """The highest scaled score, and its step."""
    scores: Annotated[Any, AfterValidator(_scores)]
    """Those of the last evaluation, and the primary one scaled."""
    metrics_size: Count
    seed: Count | None = None
    """That of the run; versions before 0.2 did not write it, nor what follows."""
    recipe: dict[str, Any] | None = None
    identities: IdentitiesRecord | None = None
    average: dict[str, Any] | None = None
    """Of the generator's weights, where evaluations look at that."""


def named(step: int) -> str:
    """The name of the checkpoint of a step."""
    return f"step-{step:08d}.pt"


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors, numbers, strings, lists, dicts) under `path`.

    Raises:
        OSError: the disk is full or the folder cannot be written; nothing of the old state is lost.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"format": CHECKPOINT_FORMAT, **state}
    content["digest"] = digest(content)
    replace_atomically(path, lambda partial: _save(content, partial))


def _save(state: dict[str, Any], path: Path) -> None:
    try:
        with path.open("wb") as file:
            torch.save(state, file)
    except RuntimeError as error:
        # What the file said is lost on the way through torch: a full disk becomes "unexpected pos 25024 vs 24976".
        if isinstance(error.__context__, OSError):
            raise error.__context__ from None
        raise


def load(path: Path) -> dict[str, Any]:
    """Read a checkpoint; tensors and plain values only, on the CPU.

    Raises:
        UsageError: it is damaged, was changed after it was written, holds anything but data, or has a format that this
            version does not know.
    """
    regular(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns of files that are not its own; the errors below say more
            state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what the bytes of a damaged file make of torch's reader, nobody lists
        raise UsageError(
            f"{path}: cannot be read as a checkpoint ({type(error).__name__}); use an older one in the same folder."
        ) from error
    if not isinstance(state, dict) or state.get("format") != CHECKPOINT_FORMAT:
        found = state.get("format") if isinstance(state, dict) else type(state).__name__
        raise UsageError(
            f"{path}: has checkpoint format {found!r}, this version reads {CHECKPOINT_FORMAT}; use the version "
            "of détente that wrote it."
        )
    checked(CheckpointRecord, state, f"{path}", _FIX)
    if state.pop("digest", None) not in (None, digest(state)):
        raise UsageError(f"{path}: was changed after it was written; {_FIX}.")
    return state


def digest(state: Mapping[str, Any]) -> str:
    """A hash of all that a checkpoint or a part of it holds, to the bit, but for what clocks say."""
    found = blake2b(digest_size=16)
    for part in _parts({key: value for key, value in state.items() if key not in _TIMED}):
        found.update(part)
    return found.hexdigest()


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Tensor):
        bits = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        yield f"tensor {value.dtype} {tuple(value.shape)} ".encode()
        yield bits.numpy().data
    elif isinstance(value, Mapping):
        yield f"mapping {len(value)} ".encode()
        for key, inner in value.items():
            yield from _parts(key)
            yield from _parts(inner)
    elif isinstance(value, list | tuple):
        yield f"list {len(value)} ".encode()
        for inner in value:
            yield from _parts(inner)
    else:
        yield f"{type(value).__name__} {value!r} ".encode()


def enter(
    path: Path, state: dict[str, Any], game: Game, recipe: Recipe, source: Path, average: Average | None = None
) -> None:
    """Put what a checkpoint holds into the game of a recipe.

    Args:
        path: of the checkpoint, which is named after its step.
        state: what it holds.
        source: where the recipe stands.
        average: what evaluations look at instead of the generator.

    Raises:
        UsageError: it is not of this recipe, or not what was written.
    """
    step, restore = state["step"], "restore the recipe that the run was trained with, or start a new run"
    if (seed := state.get("seed", recipe.seed)) != recipe.seed:
        raise UsageError(f"{path}: is of a run with random seed {seed}, and {source} says {recipe.seed}; {restore}.")
    players = (game.generator, game.discriminator)
    wrong = next((f"{p.role}: {u}" for p in players if (u := _unlike(state["game"][p.role], p.state_dict()))), None)
    try:
        if wrong is None:
            game.load_state_dict(state["game"])
            if average is not None:
                average.load_state_dict(state.get("average") or {})
    except Exception as error:  # of the network's, the optimizer's or a stranger's regularizer's
        wrong = one_line(error)[:200]
    if wrong is not None:
        raise UsageError(f"{path}: does not fit the networks of {source} ({wrong}); {restore}.")
    for player in players:
        if player.t != step * recipe.updates(player.role) // recipe.steps or path.name != named(step):
            raise UsageError(
                f"{path}: says step {step} and {player.t} updates of the {player.role}, which do not go with its name; "
                f"{_FIX}."
            )


def _unlike(found: Mapping[str, Any], fresh: Mapping[str, Any]) -> str | None:
    """In what a player's state cannot be one of a player as he is made, in words; None where it can.

    Loading finds what is missing in a network; this finds what would be converted, or would fail updates later.
    """
    for name, tensor in fresh["network"].items():
        if name in found["network"] and _kind(found["network"][name]) != _kind(tensor):
            return f"network.{name} is {_kind(found['network'][name])} and should be {_kind(tensor)}"
    groups, mine = found["optimizer"].get("param_groups"), fresh["optimizer"]["param_groups"]
    state = found["optimizer"].get("state")
    if not isinstance(groups, list) or len(groups) != len(mine) or not isinstance(state, dict):
        return "optimizer has other groups of parameters"
    for group, own in zip(groups, mine, strict=True):
        for key, value in own.items():
            if not isinstance(group, dict) or key not in group or _kind(group[key]) != _kind(value):
                return f"optimizer.param_groups has no usable {key}"
    if len({frozenset(one) if isinstance(one, dict) else None for one in state.values()} - {None}) > 1:
        return "optimizer.state has other entries for one parameter than for another"
    for key, one in state.items():
        if not isinstance(one, dict) or not all(isinstance(part, Tensor | float | int) for part in one.values()):
            return f"optimizer.state.{key} holds something other than numbers"
    return None


def _kind(value: Any) -> str:
    """What two values must have in common to stand in for each other."""
    if isinstance(value, Tensor):
        return f"a tensor of {str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_kind, value))}]"
    return "a number" if type(value) in (int, float) else type(value).__name__


def checkpoints(folder: Path) -> list[Path]:
    """The finished checkpoints in a folder, newest last."""
    return sorted(folder.glob("step-*.pt"))


def prune(folder: Path, keep: int = 2) -> None:
    """Delete all but the newest `keep`."""
    for old in checkpoints(folder)[:-keep]:
        old.unlink(missing_ok=True)
