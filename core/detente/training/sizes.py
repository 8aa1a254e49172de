"""Whether what is asked for can fit at all: looked at before anything of that size is allocated.

What is counted is the least that is needed: weights, gradients, what the optimizer and averages keep, and one batch.
Activations come on top. So nothing is refused that would work, and what is far too large is refused in a sentence.
"""

import contextlib
import copy
import math
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor

from detente.domains import room
from detente.domains.contracts import Model, Networks
from detente.domains.room import short_count
from detente.engine.sample import Space, to
from detente.errors import UsageError
from detente.recipe.resolved import Resolved

MOST_UPDATES = 10**10
"""Of a player. Ten thousand updates a second, which small networks can have, are twelve days then."""
_LARGE = 4096
"""Samples of a batch from which on a trial of the networks is worth its time."""
_KEPT = {"adam": 2, "adamw": 2, "rmsprop": 1}
"""Numbers that an optimizer keeps for each weight; of others none is counted."""
_NO_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "invalid buffer size")
_NO_NUMBER = (
    "overflow when unpacking",
    "size calculation overflowed",
    "multiplication overflow",
    "too large to convert",
)


def check_run(resolved: Resolved, model: Model, space: Space, device: torch.device, processes: int = 1) -> None:
    """Compare a recipe with this machine before networks and batches are made.

    Args:
        resolved: the recipe.
        model: as it will build them.
        space: of the samples.
        device: where networks and batches will be.
        processes: how many share each batch; on GPUs each has the memory of its own.

    Raises:
        UsageError: it asks for more than there is; with both numbers.
    """
    recipe = resolved.recipe
    _check_updates("steps", recipe.steps, recipe.critic_steps)
    _check_updates("model.warm_up_steps", getattr(model, "warm_up_steps", 0))
    check_samples("samples", recipe.samples or 0, space, recipe.batch)
    item = 8 if recipe.precision == "fp64" else 4
    networks = _shapes_alone(model, space)
    # Real and generated samples, which ones they are, and what the networks keep of each for their gradients.
    each = 2 * _numbers(space) * item + 8
    if networks is not None and recipe.batch >= _LARGE:
        each += item * _kept_for_gradients(networks, model, space)
    _compare(
        f"batch: {short_count(recipe.batch)} samples of {_shapes(space)}",
        recipe.batch * each // (processes if device.type == "cuda" else 1),
        device,
    )
    for role, network in networks._asdict().items() if networks is not None else ():
        count = sum(p.numel() for p in network.parameters() if p.requires_grad)
        player = getattr(resolved.recipe, role)
        averages = sum(_averages(resolved, role, name) for name in player.regularizers)
        copies = 2 + _KEPT.get(player.optimizer.name, 0) + averages
        _compare(
            f"model: the {role} has {short_count(count)} weights, which with gradients, the optimizer's numbers and"
            f" averages are {copies} × {item} bytes each",
            count * copies * item,
            device,
        )


def _check_updates(key: str, steps: int, critic_steps: int = 1) -> None:
    updates = steps * critic_steps
    if updates > MOST_UPDATES:
        each = f" with {short_count(critic_steps)} updates of the discriminator each" if critic_steps > 1 else ""
        years = updates // (10_000 * 86_400 * 365)
        most = MOST_UPDATES // critic_steps
        do = f"Ask for {short_count(most)} or fewer." if most else "Lower critic_steps."
        raise UsageError(
            f"{key}: {short_count(steps)} steps{each} would take {short_count(years)} years at 10,000 updates a second."
            f" {do}"
        )


def check_samples(key: str, n: int, space: Space, batch: int = 0) -> None:
    """Whether `n` samples, which are collected on the CPU, can fit.

    Raises:
        UsageError: they cannot; with both numbers.
    """
    if n > batch:
        _compare(f"{key}: {short_count(n)} samples of {_shapes(space)}", n * _numbers(space) * 4, torch.device("cpu"))


def is_too_large(error: BaseException) -> bool:
    """Whether an exception of Python, numpy or torch says that something does not fit into memory or a number."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    kinds = RuntimeError | ValueError | TypeError | OverflowError
    return isinstance(error, kinds) and any(said in str(error).lower() for said in _NO_MEMORY + _NO_NUMBER)


def memory(device: torch.device) -> int | None:
    """Bytes that there are for this process in all, whoever uses them now; None where that is not known."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return room.memory()


def _shapes_alone(model: Model, space: Space) -> Networks | None:
    """The networks without memory; None where a model cannot be built so."""
    model = copy.copy(model)  # whatever building it leaves in it has no memory either
    try:
        with _without_memory():
            return model.build(space)
    except Exception as error:  # a stranger's code may need values; it is built anyway, and then says what is wrong
        if is_too_large(error):
            raise UsageError("model: a layer of this size is larger than any array can be. Make it smaller.") from error
        return None


def _kept_for_gradients(networks: Networks, model: Model, space: Space) -> int:
    """Numbers per sample that a pass through both networks keeps; 0 where they cannot be tried without values."""

    def kept(n: int) -> int:
        found: dict[int, int] = {}

        def count(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()  # what several functions keep is there once
            found[storage._cdata] = storage.nbytes() // tensor.element_size()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            fake = networks.generator(to(model.latents(n, torch.Generator()), "meta"))
            logits = networks.discriminator(fake)
        del logits  # until here nothing that was counted is freed, and no address comes twice
        return sum(found.values())

    try:
        with _without_memory():
            return max(0, kept(3) - kept(2))  # the weights that are kept too are the same in both
    except Exception:  # such as labels that a model takes
        return 0


@contextlib.contextmanager
def _without_memory() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]), torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _averages(resolved: Resolved, role: str, name: str) -> bool:
    return bool(getattr(resolved.parts[role, "regularizers", name].target, "averages", False))


def _compare(what: str, needed: int, device: torch.device) -> None:
    there = memory(device)
    if there is not None and needed > there:
        where = "the GPU" if device.type == "cuda" else "this machine"
        raise UsageError(room.too_large(what, needed, where, there))


def _numbers(space: Space) -> int:
    return sum(math.prod(leaf.shape) for leaf in space.leaves)


def _shapes(space: Space) -> str:
    return " and ".join("×".join(map(str, leaf.shape)) or "one number" for leaf in space.leaves)
