"""Features by a network that the user brings as a TorchScript file: an Inception, a DINO, a speaker encoder."""

import warnings
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor, nn

from detente.engine.sample import Sample, batch_size, each, leaves, rows
from detente.errors import UsageError, one_line

_AT_A_TIME = 64


class Brought:
    """A TorchScript module that maps samples to features: float32 leaves [n, ...] → [n, d], or [n, d, 1, 1].

    Such a file is a program. It is run by PyTorch's interpreter, which knows tensors and no modules of Python, but is
    no sandbox: so one is loaded only where somebody names it in a command, never because a recipe or a run does. Files
    written by `torch.save` hold pickles, whose loading can run anything; those are refused.

    Args:
        file: as `torch.jit.save` writes it.

    Raises:
        UsageError: there is no such file, or it is not TorchScript.
    """

    def __init__(self, file: Path) -> None:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise UsageError(f"--features: cannot read {str(file)!r} ({error.strerror or error}).") from error
        self.file, self.sha256 = file, sha256(content).hexdigest()
        try:
            with warnings.catch_warnings():  # what is published is TorchScript
                warnings.simplefilter("ignore", DeprecationWarning)
                self.module: nn.Module = torch.jit.load(str(file), map_location="cpu").eval()
        except (RuntimeError, ValueError) as error:
            raise UsageError(
                f"--features: {file.name!r} is not TorchScript ({one_line(error)[:120]}). Save the network with "
                "torch.jit.save(torch.jit.trace(network, example), FILE); what torch.save writes is not read."
            ) from error

    @property
    def identity(self) -> str:
        """What tells its features from others: the hash of the file."""
        return f"torchscript {self.sha256}"

    def __call__(self, x: Sample) -> Tensor:
        """Features [n, d] of samples, in float32, on the CPU.

        Raises:
            UsageError: the module fails on them, or gives something other than a row for each.
        """
        parts = [self._some(rows(x, slice(i, i + _AT_A_TIME))) for i in range(0, batch_size(x), _AT_A_TIME)]
        return torch.cat(parts) if parts else torch.zeros(0, 1)

    @torch.no_grad()
    def _some(self, x: Sample) -> Tensor:
        given = leaves(each(lambda leaf: leaf.detach().float().cpu(), x))
        shapes = " and ".join(str(list(leaf.shape)) for leaf in given)
        try:
            found = self.module(*given)
        except Exception as error:  # of the user's network
            raise UsageError(f"--features: {self.file.name!r} fails on {shapes}: {one_line(error)[-300:]}") from error
        if not isinstance(found, Tensor) or found.dim() < 2 or found.shape[:2].numel() != found.numel():
            got = list(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise UsageError(f"--features: {self.file.name!r} should map {shapes} to [n, d], but gives {got}.")
        if len(found) != batch_size(x):
            raise UsageError(f"--features: {self.file.name!r} gives {len(found)} rows for {batch_size(x)} samples.")
        return found.flatten(1).float()
