"""Random streams without state: a key is a function of seed, purpose and time, so nobody shifts anybody's draws.

A sequential generator returns numbers in the order in which they are requested; one more regularizer would change
every draw after it, and the comparison "with against without" would compare different noise. Here each purpose computes
its own key and seeds with it, so there is no stream to save in a checkpoint either.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import torch

_MASK = (1 << 64) - 1


def splitmix64(x: int) -> int:
    """One round of SplitMix64 (Steele, Lea, Flood 2014): every bit of `x` reaches every bit of the result.

    The CPU generator reads only the low 32 bits of a seed, so keys must be mixed before they are used.
    """
    x = (x + 0x9E3779B97F4A7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


_NAMES: dict[str, int] = {}
"""Not `lru_cache`, which `torch.compile` warns of where a compiled network draws."""


def _named(purpose: str) -> int:
    name = _NAMES[purpose] = int.from_bytes(blake2b(purpose.encode(), digest_size=8).digest(), "little")
    return name


@lru_cache(maxsize=64)  # one update asks for the same number several times
def _numbered(purpose: int) -> int:
    return splitmix64(purpose & _MASK)


@dataclass(frozen=True, slots=True)
class Stream:
    """A key that other keys are derived from. `Stream(seed)` is the root of a run."""

    key: int

    def at(self, *purpose: str | int) -> "Stream":
        """The stream of a purpose: `root.at("latents", t)`. Equal purposes give equal streams."""
        key = self.key
        for part in purpose:
            name = _numbered(part) if not isinstance(part, str) else _NAMES.get(part) or _named(part)
            # What splitmix64 does to key ^ name: between two passes of a network each call costs microseconds.
            key = ((key ^ name) + 0x9E3779B97F4A7C15) & _MASK
            key = ((key ^ (key >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
            key = ((key ^ (key >> 27)) * 0x94D049BB133111EB) & _MASK
            key ^= key >> 31
        return Stream(key)

    def generator(self, device: torch.device | str = "cpu") -> torch.Generator:
        """A new random generator at the start of this stream."""
        return torch.Generator(device).manual_seed(self.key)


class ForwardPass:
    """One forward pass of a network: whose noise it uses and whether its batch statistics are recorded.

    Modules that promise a private stream (our dropout) or keep running statistics (our normalizations) ask
    `current_pass()`; comparing entries by identity tells one forward pass from the next.
    """

    __slots__ = ("_generators", "records", "stream")

    def __init__(self, stream: Stream, records: bool = False) -> None:
        self.stream = stream
        self.records = records
        self._generators: dict[str, torch.Generator] | None = None

    def generator(self, purpose: str, device: torch.device) -> torch.Generator:
        """The random generator of one purpose within this pass; a second call returns it in its current state."""
        if self._generators is None:
            self._generators = {}
        found = self._generators.get(purpose)
        if found is None:
            found = self._generators[purpose] = self.stream.at(purpose).generator(device)
        return found


States = tuple[torch.Tensor, torch.Tensor | None]
"""Those of the default generators of the CPU and, where that is another, of the device."""
_OUTSIDE = ForwardPass(Stream(0), records=True)
"""Networks that somebody else runs in training mode keep running statistics as torch's own layers do."""
_current: ForwardPass = _OUTSIDE


def enter(stream: Stream, device: torch.device, records: bool = False) -> None:
    """Announce a forward pass: seed the default generator of `device` with the stream's key and make it current.

    `torch.manual_seed` does the same for all devices at a hundred times the price.
    """
    global _current
    if _kept is not None:
        _kept.save()
    _current = ForwardPass(stream, records)
    torch.default_generator.manual_seed(stream.key)
    if device.type == "cuda":
        torch.cuda.default_generators[device.index or 0].manual_seed(stream.key)


def borrow(stream: Stream, device: torch.device, records: bool = False) -> States:
    """`enter` for a forward that somebody else runs, and what `give_back` takes afterwards."""
    global _current
    default, of_device = torch.default_generator, None
    found = default.get_state()
    _current = ForwardPass(stream, records)
    default.manual_seed(stream.key)
    if device.type == "cuda":
        on_device = torch.cuda.default_generators[device.index or 0]
        of_device = on_device.get_state()
        on_device.manual_seed(stream.key)
    return found, of_device


def give_back(device: torch.device, found: States) -> None:
    """`leave`, with the default generators as `borrow` found them."""
    global _current
    _current = _OUTSIDE
    torch.default_generator.set_state(found[0])
    if found[1] is not None:
        torch.cuda.default_generators[device.index or 0].set_state(found[1])


def leave() -> None:
    """Forget the current forward pass."""
    global _current
    _current = _OUTSIDE


def announced() -> bool:
    """Whether a forward pass was announced, and not yet left."""
    return _current is not _OUTSIDE


def states(device: torch.device) -> States:
    """The states of the default generators that `enter` seeds, for `restore`."""
    on_device = torch.cuda.default_generators[device.index or 0].get_state() if device.type == "cuda" else None
    return torch.default_generator.get_state(), on_device


def restore(device: torch.device, found: States) -> None:
    """Put the default generators back."""
    torch.default_generator.set_state(found[0])
    if found[1] is not None:
        torch.cuda.default_generators[device.index or 0].set_state(found[1])


class kept:
    """Leave the default generators as they were found, if anything in here announces a forward pass."""

    __slots__ = ("_device", "_found", "_outer")

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._found: States | None = None

    def __enter__(self) -> None:
        global _kept
        self._outer, _kept = _kept, self

    def save(self) -> None:
        """The generators are about to be seeded."""
        if self._found is None:
            self._found = states(self._device)

    def __exit__(self, *failed: object) -> None:
        global _kept
        _kept = self._outer
        if self._found is not None:
            restore(self._device, self._found)


_kept: kept | None = None


def recomputed() -> bool:
    """Whether this forward runs inside a backward pass, as `torch.utils.checkpoint` runs a part of a network again."""
    return not torch.compiler.is_compiling() and torch._C._current_graph_task_id() != -1


def current_pass() -> ForwardPass:
    """The forward pass that is running."""
    return _current
