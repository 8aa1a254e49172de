"""The domain of images: features, previews, augmentations and the baseline."""

from pathlib import Path

import torch
from PIL import Image as Picture
from torch import Tensor

from detente import Data, Domain, Primary, Sample, gaussian_like
from detente_image.augmentations import colour, cutout, translation
from detente_image.extractors import FROZEN, run

_ACROSS = 8
_MOST_ROWS = 4000


class Image(Domain):
    """Pictures [B, C, H, W] in [-1, 1], grey or in colour.

    Distances are measured on features of small networks that this plugin ships: a classifier of digits (48 features)
    for one channel, an extractor trained on emoji and stacked digits (64 features) for three. Other kinds of images are
    scored with the same features: their distances can rank runs on the same data, but mean little beyond that.
    """

    name = "image"
    primary = Primary(
        score="frechet",
        direction="lower",
        log=True,
        protocol="Fréchet distance on features of a digit classifier (grey) or of an extractor trained on emoji and"
        " stacked digits (colour), to the reference split",
    )
    metrics = ("frechet", "kernel-distance", "prdc", "modes", "diversity")
    augmentations = {"translation": translation, "cutout": cutout, "colour": colour}
    preview_suffix = ".png"
    sample_count = 750

    @property
    def features_identity(self) -> str:
        return FROZEN.identity

    def features(self, x: Sample) -> Tensor:
        images = _image(x)
        return run("digits" if images.shape[1] == 1 else "colour", images)

    def for_extractors(self, x: Sample) -> Tensor:
        """In three channels, within [-1, 1]: [n, 3, H, W]."""
        images = _image(x).clamp(-1, 1)
        return images.expand(-1, 3, -1, -1) if images.shape[1] == 1 else images

    def preview(self, x: Sample, path: Path) -> None:
        """Write the pictures as a grid, 8 to a row, enlarged until each is some 80 pixels wide."""
        images = _image(x).detach().float().cpu()
        n, channels, height, width = images.shape
        rows = max(1, -(-n // _ACROSS))
        gap = 1
        grid = torch.full((rows * (height + gap) + gap, _ACROSS * (width + gap) + gap, 3), 128, dtype=torch.uint8)
        # A diverged generator writes NaN; the preview should show it (as black), not fail.
        shown = ((images.nan_to_num(-1.0).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        for i, image in enumerate(shown.expand(n, 3, height, width) if channels == 1 else shown):
            row, column = divmod(i, _ACROSS)
            top, left = gap + row * (height + gap), gap + column * (width + gap)
            grid[top : top + height, left : left + width] = image.permute(1, 2, 0)
        picture = Picture.fromarray(grid.numpy())
        scale = max(1, round(80 / max(height, width)))
        picture.resize((picture.width * scale, picture.height * scale), Picture.Resampling.NEAREST).save(path)

    def save(self, x: Sample, folder: Path) -> list[Path]:
        """Write each picture as a PNG of its own size: `00001.png`, …"""
        paths = []
        for i, picture in enumerate(self.content(x)["images"], 1):
            paths.append(folder / f"{i:05d}.png")
            picture.save(paths[-1])
        return paths

    def content(self, x: Sample) -> dict[str, list[Picture.Image]]:
        """`images`: pictures of Pillow, grey or RGB."""
        shown = ((_image(x).detach().float().cpu().nan_to_num(-1.0).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        arrays = (image[0] if len(image) == 1 else image.permute(1, 2, 0) for image in shown)
        return {"images": [Picture.fromarray(array.contiguous().numpy()) for array in arrays]}

    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Tensor:
        """Draws from a Gaussian with mean and covariance of the training data's pixels, clipped to [-1, 1].

        One Gaussian per class where there are twenty images of each; at most 4,000 images are looked at.
        """
        few = min(len(data), _MOST_ROWS)
        chosen = torch.randperm(len(data), generator=generator)[:few]
        batch = data.batch(chosen)
        x = _image(batch.x)
        labels = batch.labels if batch.labels is not None else torch.zeros(few, dtype=torch.long)
        if data.space.classes is None or few < 20 * data.space.classes:
            labels = torch.zeros_like(labels)
        drawn = labels[torch.randint(few, (n,), generator=generator)]
        out = torch.empty(n, *x.shape[1:])
        for c in drawn.unique().tolist():
            here = drawn == c
            out[here] = gaussian_like(x[labels == c], int(here.sum()), generator)
        return out


def _image(x: Sample) -> Tensor:
    assert isinstance(x, Tensor), "an image is a single tensor"
    return x
