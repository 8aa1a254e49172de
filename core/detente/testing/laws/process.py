"""Laws about what lies outside a regularizer: global generators, settings of the process, memory, waiting."""

import gc
import random
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from detente.engine.forward import call
from detente.engine.game import Game
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Batch, Sample, leaves, to
from detente.engine.step import Step
from detente.engine.streams import Stream
from detente.testing.laws.subject import Broken, Subject, played, where_it_can_be_used

_SETTINGS: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "the default dtype": (torch.get_default_dtype, torch.set_default_dtype),
    "grad mode": (torch.is_grad_enabled, torch.set_grad_enabled),
    "the default device": (torch.get_default_device, torch.set_default_device),
    "the number of threads": (torch.get_num_threads, torch.set_num_threads),
    "deterministic algorithms": (torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms),
    "anomaly detection": (torch.is_anomaly_enabled, torch.autograd.set_detect_anomaly),
}
_OUTSIDE: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "numpy's global generator": (lambda: _plain(numpy.random.get_state()), numpy.random.set_state),  # noqa: NPY002
    "Python's global generator": (random.getstate, random.setstate),
}
TORCH = "torch's global generator"
_POINTS = ("augment", "penalty", "adjust_gradients", "adjust_weights")


def _plain(state: Any) -> Any:
    return tuple(part.tolist() if isinstance(part, numpy.ndarray) else part for part in state)


@contextmanager
def process_kept() -> Iterator[None]:
    """Put settings and generators of the process back as they were."""
    found = [(put, get()) for get, put in (*_SETTINGS.values(), *_OUTSIDE.values())]
    draws = torch.default_generator.get_state()
    try:
        yield
    finally:
        for put, value in found:
            if put is torch.set_default_device:
                if torch.get_default_device() != value:
                    torch.set_default_device(value)
            else:
                put(value)
        torch.default_generator.set_state(draws)


def process_wide_settings_stay(s: Subject) -> None:
    """Default dtype, grad mode, threads and the like are as they were after each of its points."""
    before = settings_of_process()
    game = s.game()
    _compare(before, settings_of_process(), "made and attached, it")
    _guard(s.link(game), lambda point: settings_of_process)
    played(game, s.case, 0, 1)
    _compare(before, settings_of_process(), "it")


def global_generators_are_left_alone(s: Subject) -> None:
    """It leaves the generators of torch, numpy and Python alone, and so does a layer that it inserts."""
    game = s.game()

    def states(point: str) -> Callable[[], dict[str, Any]]:
        # A penalty may call networks, each of which draws from its own seed on.
        return lambda: _generators(with_torch=point != "penalty")

    def seed(*_: Any) -> None:
        raise Broken("it seeds torch's global generator; draw from m.rng.generator()")

    _guard(s.link(game), states)
    with mock.patch("torch.manual_seed", seed), mock.patch("torch.random.manual_seed", seed):
        played(game, s.case, 0, 2)
    if "rewrite" in s.make().defines():
        ends = [_drawn(s, g) for g in (s.case.game(s.role), s.game())]
        if not torch.equal(*ends):
            raise Broken(
                "a layer that it inserts draws from torch's global generator, and so shifts the network's own draws; "
                "use current_pass().generator(purpose, device)"
            )


def _drawn(s: Subject, game: Game) -> Tensor:
    """Where torch's generator stands after a forward of the player's network, whose start is given."""
    batch = s.case.batch()
    x: Sample = batch.x
    if s.role == "generator":
        x = to(s.case.model.latents(s.case.size, Stream(5).generator()), dtype=s.case.dtype)
    call(s.player(game).network, x, batch.labels, Stream(9))
    return torch.default_generator.get_state()


def global_states() -> dict[str, Any]:
    """Where the global generators of torch, NumPy and Python stand, to be compared."""
    return _generators(with_torch=True)


def settings_of_process() -> dict[str, Any]:
    """Default dtype, grad mode, threads and the like."""
    return {name: get() for name, (get, _) in _SETTINGS.items()}


def _generators(with_torch: bool) -> dict[str, Any]:
    found = {name: get() for name, (get, _) in _OUTSIDE.items()}
    return found | ({TORCH: torch.default_generator.get_state().numpy().tobytes()} if with_torch else {})


def _compare(before: dict[str, Any], after: dict[str, Any], who: str) -> None:
    for name, value in before.items():
        if after[name] != value:
            told = f" to {after[name]}" if name in _SETTINGS else ""
            raise Broken(f"{who} changes {name}{told}" + ("; leave it" if told else "; draw from m.rng.generator()"))


def _guard(link: Regularizer, states: Callable[[str], Callable[[], dict[str, Any]]]) -> None:
    """Compare what `states` returns before and after each call of a point."""
    for point in _POINTS:
        if point in link.defines():
            inner = getattr(link, point)

            def guarded(*args: Any, _inner: Any = inner, _point: str = point) -> Any:
                look = states(_point)
                before = look()
                out = _inner(*args)
                _compare(before, look(), _point)
                return out

            link.__dict__[point] = guarded


def nothing_of_a_step_is_kept(s: Subject) -> None:
    """After the update no step and no graph is alive: they hold the memory of a whole update."""
    game = s.game()
    seen: list[weakref.ref[Any]] = []

    def look(player: Player, step: Step) -> None:
        seen.extend(weakref.ref(x) for x in (step, *leaves(step.fake), *leaves(step.real)))

    game.watch = look
    played(game, s.case, 0, 2)
    one = s.link(game)
    for name, tensor in _tensors(one):
        if tensor.grad_fn is not None:
            raise Broken(f"self.{name} keeps the graph of an update; store `.detach()`ed values")
    if any(ref() is not None for ref in seen):
        gc.collect()
    if any(ref() is not None for ref in seen):
        raise Broken("it keeps the step, or samples of it, after the update; keep detached values alone")


def _tensors(module: nn.Module) -> Iterator[tuple[str, Tensor]]:
    for name, value in {**vars(module), **module._buffers}.items():
        for part in (
            value if isinstance(value, list | tuple) else value.values() if isinstance(value, dict) else [value]
        ):
            if isinstance(part, Tensor):
                yield name, part


class _NoWaiting(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.ops.aten._local_scalar_dense.default:
            raise Broken(
                "a training step reads a tensor's value on the host (.item(), bool(), float()), so it waits"
                "; use torch.where, or keep the value as a tensor"
            )
        return func(*args, **(kwargs or {}))


class _MetaGenerator(torch.Generator):
    """For tensors without data: the draws are none, their shapes are right."""

    @property
    def device(self) -> torch.device:  # pyright: ignore[reportIncompatibleVariableOverride]
        return torch.device("meta")


def nothing_waits_for_the_device(s: Subject) -> None:
    """No value is read on the host during an update, and all tensors are where the networks are.

    A step is played on torch's meta device, whose tensors have shapes and no values.
    """
    game = s.game(adam=False)
    batch = s.case.batch()
    with _NoWaiting(), where_it_can_be_used():
        game.step(batch)
    if not _runs_without_values(s):
        return
    game = s.game(adam=False)
    try:
        with _without_values(game):
            game.step(_meta(batch))
    except (NotImplementedError, RuntimeError, TypeError) as error:
        if "meta" not in str(error).lower():
            raise
        raise Broken(
            "a training step reads a tensor's value on the host (.cpu(), .tolist(), a mask as an index), so it waits, "
            f"or it uses a tensor on another device; use torch.where and x.new_zeros: {str(error).splitlines()[0]}"
        ).with_traceback(error.__traceback__) from error


def _runs_without_values(s: Subject) -> bool:
    """Whether the networks of the case do: what they read is not the regularizer's fault."""
    game = s.case.game(s.role, adam=False, **s.play(s.make()))
    try:
        with _without_values(game):
            game.step(_meta(s.case.batch()))
    except Exception:
        return False
    return True


def _meta(batch: Batch) -> Batch:
    return Batch(to(batch.x, "meta"), None if batch.labels is None else batch.labels.to("meta"))


@contextmanager
def _without_values(game: Game) -> Iterator[None]:
    """The game with all its tensors on the meta device; each stays the object that a regularizer may hold."""
    swapped: set[int] = set()

    def swap(tensor: Tensor) -> None:
        if id(tensor) not in swapped and tensor.device.type == "cpu":
            swapped.add(id(tensor))
            new: Tensor = tensor.detach().to("meta")
            if isinstance(tensor, nn.Parameter):
                new = nn.Parameter(new, requires_grad=tensor.requires_grad)
            torch.utils.swap_tensors(tensor, new)

    for player in (game.generator, game.discriminator):
        for module in (*player.network.modules(), *player.regularizer.modules()):
            for tensor in (*module.parameters(False), *module.buffers(False)):
                swap(tensor)
            for _, tensor in _tensors(module):
                swap(tensor)
    latents, generator = game.latents, Stream.generator

    def generated(stream: Stream, device: torch.device | str = "cpu") -> torch.Generator:
        if torch.device(device).type != "meta":
            return generator(stream, device)
        made = _MetaGenerator()
        made.manual_seed(stream.key)
        return made

    game.latents = lambda n, g: to(latents(n, g), "meta")
    with mock.patch.object(Stream, "generator", generated):
        yield
