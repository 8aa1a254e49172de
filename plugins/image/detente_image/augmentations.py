"""Augmentations of images, similar to DiffAugment (Zhao et al. 2020).

All are differentiable twice, change each image independently, use only the given random generator and keep values in
[-1, 1]: the colours only ever move towards a mean, where DiffAugment's may leave the range that pictures have.
"""

import torch
from torch import Tensor

from detente import Sample


def translation(x: Sample, generator: torch.Generator) -> Tensor:
    """Shifted by up to an eighth of each side; what enters repeats the border."""
    x, n = _images(x)
    rows, columns = (
        torch.arange(side, device=x.device)
        + torch.randint(-(side // 8), side // 8 + 1, (n, 1), generator=generator, device=x.device)
        for side in x.shape[-2:]
    )
    rows = rows.clamp(0, x.shape[2] - 1)[:, None, :, None]
    columns = columns.clamp(0, x.shape[3] - 1)[:, None, None, :]
    which = torch.arange(n, device=x.device)[:, None, None, None]
    return x[which, torch.arange(x.shape[1], device=x.device)[:, None, None], rows, columns]


def cutout(x: Sample, generator: torch.Generator) -> Tensor:
    """A square of half the height, anywhere and possibly beyond the border, becomes mid-grey."""
    x, n = _images(x)

    def hidden(side: int, size: int) -> Tensor:
        start = torch.randint(1 - size, side, (n, 1), generator=generator, device=x.device)
        at = torch.arange(side, device=x.device)
        return (at >= start) & (at < start + size)  # [n, side]

    size = x.shape[2] // 2
    square = hidden(x.shape[2], size)[:, None, :, None] & hidden(x.shape[3], size)[:, None, None, :]
    return x * ~square


def colour(x: Sample, generator: torch.Generator) -> Tensor:
    """Less contrast (half, at most), less saturation, and up to a quarter of the way to a random brightness."""
    x, n = _images(x)
    shade, paler, greyer, flatter = torch.rand(4, n, 1, 1, 1, generator=generator, device=x.device, dtype=x.dtype)
    x = torch.lerp(x, 2 * shade - 1, paler / 4)
    x = torch.lerp(x, x.mean(1, keepdim=True), greyer)
    return torch.lerp(x, x.mean((1, 2, 3), keepdim=True), flatter / 2)


def _images(x: Sample) -> tuple[Tensor, int]:
    assert isinstance(x, Tensor), "an image is a single tensor"
    return x, len(x)
