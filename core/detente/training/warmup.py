"""How networks start: initialized from the run's stream, then warmed up where their model does that."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from detente.domains.cache import alone, cache_folder, code_of, named, not_kept
from detente.domains.contracts import Data, Metric, Model, Networks, ProgressCallback
from detente.engine.sample import Space
from detente.engine.streams import Stream, enter, leave
from detente.errors import UsageError
from detente.files import in_utf8, regular, replace_atomically

_log = logging.getLogger(__name__)


def warms_up(model: Model) -> bool:
    """Whether a model trains something before the game."""
    return type(model).warm_up is not Model.warm_up


def fresh(model: Model, space: Space, seed: int) -> Networks:
    """Networks on the CPU, initialized from the run's stream of that name; the default generator is left as it was."""
    with drawing(Stream(seed).at("initialization")):
        return model.build(space)


def start(
    model: Model,
    data: Data,
    seed: int,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    versions: str = "",
    show: ProgressCallback = lambda done, of: None,
) -> Networks:
    """New networks after their warm-up.

    What a warm-up makes is kept in the cache under a hash of all that it depends on: the model and its options, the
    weights that it starts from, the data, the seed, the versions, the code. Runs with the same start share it; while
    one process warms up, the others wait.

    Args:
        versions: the distributions that model and data come from, with their versions.
        show: told how far a warm-up is.
    """
    networks = Networks(*(net.to(device, dtype) for net in fresh(model, data.space, seed)))
    if not warms_up(model):
        return networks
    place = _place(networks, model, data, seed, device, dtype, versions)
    if _take(networks, place):
        return networks
    with alone(place):
        if _take(networks, place):  # made while we waited
            return networks
        stream = Stream(seed).at("warm-up")
        with drawing(stream):
            model.warm_up(networks, data, stream, show)
        _keep(networks, place)
    return networks


_LOOKED_AT = 2.0
"""Seconds of a warm-up that are timed."""


class _SeenEnoughError(Exception):
    pass


def seconds(
    model: Model,
    data: Data,
    seed: int,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    versions: str = "",
) -> float:
    """About how long `start` would warm up: its beginning is timed, and dropped; 0 where there is nothing to do."""
    if not warms_up(model):
        return 0.0
    networks = Networks(*(net.to(device, dtype) for net in fresh(model, data.space, seed)))
    if _place(networks, model, data, seed, device, dtype, versions).exists():
        return 0.0
    began = time.perf_counter()
    seen: list[tuple[float, int, int]] = []

    def show(done: int, of: int) -> None:
        seen.append((time.perf_counter() - began, done, of))
        if seen[-1][0] > _LOOKED_AT and len(seen) > 1:
            raise _SeenEnoughError

    with drawing(Stream(seed).at("warm-up")), suppress(_SeenEnoughError):
        model.warm_up(networks, data, Stream(seed).at("warm-up"), show)
        return time.perf_counter() - began
    (first, done_first, _), (last, done, of) = seen[0], seen[-1]
    return first + (last - first) / max(1, done - done_first) * (of - done_first)


def _place(
    networks: Networks,
    model: Model,
    data: Data,
    seed: int,
    device: torch.device | str,
    dtype: torch.dtype,
    versions: str,
) -> Path:
    """The file that keeps what a warm-up makes of these networks."""
    made_of = {
        "model": described(model),
        "weights": [weights_hash(net) for net in networks],
        "data": data.identity,
        "seed": seed,
        "versions": versions,
        "code": code_of(type(model).__module__),
        "torch": torch.__version__,
        "on": [torch.device(device).type, str(dtype)],
    }
    return cache_folder() / "warm-up" / f"{named(made_of)}.safetensors"


@contextmanager
def drawing(stream: Stream) -> Iterator[None]:
    """Let the default generator stand at the start of a stream, and put it back afterwards.

    Networks are made on the CPU whatever they run on later, so its generator is the one that matters.
    """
    with torch.random.fork_rng(devices=[]):
        enter(stream, torch.device("cpu"))
        try:
            yield
        finally:
            leave()


def described(component: Model | Metric) -> list[Any]:
    """Class and options of a component, as far as its attributes show them as plain data."""
    cls = type(component)
    plain = {k: v for k, v in vars(component).items() if isinstance(v, bool | int | float | str | None)}
    return [cls.__module__, cls.__qualname__, plain]


def weights_hash(network: nn.Module) -> str:
    """A hash of all parameters and buffers."""
    content = blake2b(digest_size=16)
    for name, value in network.state_dict().items():
        content.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        content.update(value.cpu().contiguous().flatten().view(torch.uint8).numpy())
    return content.hexdigest()


def _take(networks: Networks, place: Path) -> bool:
    """Load what is kept at `place`; False where there is nothing that fits."""
    try:
        with in_utf8(regular(place)) as name:
            found = load_file(name)
        for role, net in networks._asdict().items():
            own = {key.removeprefix(f"{role}."): v for key, v in found.items() if key.startswith(f"{role}.")}
            net.load_state_dict(own)
    except FileNotFoundError:
        return False
    except (OSError, UsageError, SafetensorError, RuntimeError) as error:
        _log.warning("%s: cannot use the cached warm-up (%s); repeating it", place, type(error).__name__)
        return False
    return True


def _keep(networks: Networks, place: Path) -> None:
    """Write the networks whole or not at all; a folder that cannot be written to costs time, not the run."""
    tensors: dict[str, Tensor] = {
        # A copy each: safetensors refuses tensors that share memory, as tied embeddings do.
        f"{role}.{name}": value.detach().cpu().clone().contiguous()
        for role, net in networks._asdict().items()
        for name, value in net.state_dict().items()
    }
    try:
        replace_atomically(place, lambda partial: _save(tensors, partial))
    except (OSError, UsageError, SafetensorError) as error:  # what safetensors makes of a full disk
        not_kept(OSError(str(error)))


def _save(tensors: dict[str, Tensor], path: Path) -> None:
    with in_utf8(path, write=True) as name:
        save_file(tensors, name)
