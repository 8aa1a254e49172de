"""Several processes that play one game: each has a part of every batch, and all have the same weights.

Draws are made for the joint batch, of which each process keeps its own rows; what depends on the joint batch in any way
that is not a mean over samples comes from sums over processes (`mean`, `joint_batch`), which can be differentiated as
often as one likes; and after backward the gradients are averaged. So the weights are those of one process on the joint
batch. Outside `together` there is one process, and everything here is the identity.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from detente.engine.sample import Augmentation, Sample, batch_size, each, rows
from detente.errors import PeerLost

S = TypeVar("S", bound=Sample)
size = 1
"""How many processes play the game that is being played."""
index = 0
"""Which of them this one is."""
_draws: "_JointDraws | None" = None


@contextmanager
def together(batch: int) -> Iterator[None]:
    """Play as one of the processes of torch's default group, which all make the same calls in here.

    Args:
        batch: samples that each process has. A draw whose first dimension is that, or a multiple of it, is made for the
            joint batch; all other draws are the same in every process.
    """
    global size, index, _draws
    size, index, _draws = dist.get_world_size(), dist.get_rank(), _JointDraws(batch)
    try:
        with _draws:
            yield
    finally:
        size, index, _draws = 1, 0, None


@contextmanager
def _not_enlarged() -> Iterator[None]:
    """Meanwhile draws are as large as they are asked for."""
    assert _draws is not None, "there is a mode where there is more than one process"
    before, _draws.paused = _draws.paused, True
    try:
        yield
    finally:
        _draws.paused = before


def in_common(call: Callable[..., Any]) -> Callable[..., Any]:
    """What changes weights or gradients, which all have in common: its draws are the same in every process."""

    def run(*args: Any) -> Any:
        with _not_enlarged():
            return call(*args)

    return run


def all_reduce(x: Tensor) -> Tensor:
    """`x`, summed over processes in place.

    Raises:
        PeerLost: one of them has ended.
    """
    try:
        dist.all_reduce(x)
    except RuntimeError as error:  # backends agree on no other class
        raise PeerLost from error
    return x


class _Total(torch.autograd.Function):
    """Σ over processes, of which every process has the value: so its derivative is the sum of theirs."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return all_reduce(x.detach().clone(memory_format=torch.contiguous_format))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        (grad,) = grads
        return _Total.apply(grad)


def mean(x: Tensor) -> Tensor:
    """The mean over processes of what each has computed of its part of the batch, with the graph of all."""
    return x if size == 1 else _Total.apply(x) / size


def means(parts: Sequence[Tensor]) -> Sequence[Tensor]:
    """The mean of each, in one message."""
    if size == 1:
        return parts
    flat = mean(torch.cat([part.reshape(-1) for part in parts]))
    return [x.view(part.shape) for x, part in zip(flat.split([p.numel() for p in parts]), parts, strict=True)]


def joint_batch(x: S) -> S:
    """The joint batch, of which `x` [B, ...] are this process's rows, with the graph of all: [size · B, ...]."""
    return x if size == 1 else cast(S, each(_gathered, x))


def _gathered(leaf: Tensor) -> Tensor:
    n = len(leaf)
    before, after = leaf.new_zeros(index * n, *leaf.shape[1:]), leaf.new_zeros((size - 1 - index) * n, *leaf.shape[1:])
    return _Total.apply(torch.cat([before, leaf, after]))


def own_rows(x: S) -> S:
    """This process's rows [B, ...] of a joint batch [size · B, ...], in every leaf."""
    if size == 1:
        return x
    n = batch_size(x) // size
    return cast(S, rows(x, slice(index * n, (index + 1) * n)))


def jointly(change: Augmentation, x: Sample, generator: torch.Generator) -> Sample:
    """A random change of `x` with the numbers that its rows get in the joint batch, whatever their shape is."""
    if size == 1:
        return change(x, generator)
    with _not_enlarged():
        return own_rows(change(each(_repeated, x), generator))


def _repeated(leaf: Tensor) -> Tensor:
    return leaf.repeat(size, *(1,) * (leaf.dim() - 1))


_SHAPED = {torch.rand, torch.randn, torch.randint}
_CHANGES = {
    *(torch.rand_like, torch.randn_like, torch.randint_like, torch.bernoulli, Tensor.bernoulli, torch.poisson),
    *(torch.multinomial, Tensor.multinomial, torch.dropout, torch.native_dropout, torch.alpha_dropout),
    *(torch.feature_dropout, torch.feature_alpha_dropout, F.dropout, F.dropout1d, F.dropout2d, F.dropout3d),
    *(F.alpha_dropout, F.feature_alpha_dropout, F.gumbel_softmax),
}
_IN_PLACE = {
    *(Tensor.normal_, Tensor.uniform_, Tensor.exponential_, Tensor.bernoulli_, Tensor.random_, Tensor.log_normal_),
    *(Tensor.cauchy_, Tensor.geometric_),
}


class _JointDraws(TorchFunctionMode):
    """Random numbers whose first dimension is that of the batch, or a multiple of it, are those of the joint batch."""

    def __init__(self, batch: int) -> None:
        super().__init__()
        self.batch, self.paused = batch, False

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        named = dict(kwargs or {})
        if self.paused:
            return func(*args, **named)
        if func in _SHAPED:
            args, named, joint = self._larger(func, args, named)
            return own_rows(func(*args, **named)) if joint else func(*args, **named)
        if func not in _CHANGES and func not in _IN_PLACE:
            return func(*args, **named)
        x = args[0] if args else named.get("input")
        if not isinstance(x, Tensor) or not self._counts(x.shape):
            return func(*args, **named)
        many = _repeated(x)
        drawn = own_rows(func(many, *args[1:], **named) if args else func(**{**named, "input": many}))
        return x.copy_(drawn) if func in _IN_PLACE and isinstance(drawn, Tensor) else drawn

    def _larger(self, func: Any, args: tuple, named: dict[str, Any]) -> tuple[tuple, dict[str, Any], bool]:
        """The arguments for the joint batch, and whether they are."""
        if "size" in named:
            at, like = None, named["size"]
        elif args and not isinstance(args[-1], int):
            at, like = len(args) - 1, args[-1]
        else:
            at, like = 0, args
        if not like or not self._counts(like):
            return args, named, False
        if at is None:
            return args, {**named, "size": (size * like[0], *like[1:])}, True
        return (*args[:at], (size * like[0], *like[1:])), named, True

    def _counts(self, like: Any) -> bool:
        return len(like) > 0 and like[0] > 0 and like[0] % self.batch == 0


def average(parameters: list[nn.Parameter], last: dict[str, tuple[Tensor, int]], t: int) -> None:
    """Gradients, and the terms of update `t`, become their means over processes: one message for each dtype."""
    found = [p.grad for p in parameters if p.grad is not None]
    terms = [name for name, (_, when) in last.items() if when == t]
    values = [last[name][0] for name in terms]
    joint = _averaged([*found, *values])
    torch._foreach_copy_(found, joint[: len(found)])
    last.update({name: (value, t) for name, value in zip(terms, joint[len(found) :], strict=True)})


def _averaged(tensors: list[Tensor]) -> list[Tensor]:
    out: dict[int, Tensor] = {}
    for dtype in dict.fromkeys(x.dtype for x in tensors):
        some = [x for x in tensors if x.dtype is dtype]
        flat = all_reduce(torch.cat([x.reshape(-1) for x in some])).div_(size)
        parts = flat.split([x.numel() for x in some])
        out |= {id(x): part.view(x.shape) for x, part in zip(some, parts, strict=True)}
    return [out[id(x)] for x in tensors]
