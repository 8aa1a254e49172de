"""A trained generator as people use it: samples as pictures, text, sound or molecules, and files of them."""

import base64
import html
import tempfile
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from detente.domains.contracts import Domain, Model
from detente.engine.sample import Sample, Space, batch_size, leaves, rows
from detente.engine.streams import Stream
from detente.errors import UsageError
from detente.files import staged
from detente.files.named import Named
from detente.training.export import Exported

_LEAST, _TIMES = 1000, 20
"""So many draws are made for usable samples, or so many times as many as wanted, whichever is more."""
_MEDIA = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg", ".webp": "image/webp"}
_SOUNDS = {".ogg": "audio/ogg", ".wav": "audio/wav"}


@dataclass(frozen=True)
class Samples:
    """What a generator made. What its domain shows is an attribute: `images`, `text`, `smiles`, `audio`.

    Attributes:
        tensors: the samples as the domain's tensors, on the CPU.
        labels: the condition of each, or None.
        domain: knows what to do with them.
        drawn: how many were drawn to have so many that are usable.
        seed: random seed of the draws.
    """

    tensors: Sample
    labels: Tensor | None
    domain: Domain
    drawn: int
    seed: int

    def __len__(self) -> int:
        return batch_size(self.tensors)

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """What the domain shows of them, by name."""
        return self.domain.content(self.tensors)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and name in self.content:
            return self.content[name]
        has = ", ".join(["tensors", "labels", *(() if name.startswith("_") else self.content)])
        raise AttributeError(f"samples of {self.domain.name} have no {name!r}; they have {has}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.content]

    def save(self, folder: Path | str) -> list[Path]:
        """Write them as data, and a preview of the first ones beside; the files of data.

        Raises:
            OSError: the folder cannot be written.
        """
        folder = Named(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with staged(folder / f"preview{self.domain.preview_suffix}") as preview:
            self.domain.preview(self._first(), preview)
            names = [path.name for path in self.domain.save(self.tensors, preview.parent)]
        return [folder / name for name in names]

    def show(self) -> Path:
        """Open a preview of the first ones in what this machine shows such files with; the file, a temporary one.

        In a notebook samples show themselves.
        """
        preview = Path(tempfile.mkdtemp(prefix="detente-")) / f"preview{self.domain.preview_suffix}"
        self.domain.preview(self._first(), preview)
        webbrowser.open(preview.as_uri())
        return preview

    def _first(self) -> Sample:
        return rows(self.tensors, slice(0, self.domain.preview_count))

    def __repr__(self) -> str:
        return f"{len(self)} samples of {self.domain.name}: {', '.join(['tensors', *self.content])}"

    def _repr_html_(self) -> str:
        """The preview, for notebooks."""
        with tempfile.TemporaryDirectory() as folder:
            main = Path(folder, f"preview{self.domain.preview_suffix}")
            self.domain.preview(self._first(), main)
            files = sorted(Path(folder).iterdir(), key=lambda path: (path != main, path.name))
            return "\n".join([f"<p>{len(self)} samples of {html.escape(self.domain.name)}</p>", *map(_shown, files)])


def _shown(path: Path) -> str:
    suffix, content = path.suffix, path.read_bytes()
    coded = base64.b64encode(content).decode()
    if suffix in _MEDIA:
        return f'<img alt="samples" style="max-width:100%" src="data:{_MEDIA[suffix]};base64,{coded}">'
    if suffix in _SOUNDS:
        return f'<audio controls src="data:{_SOUNDS[suffix]};base64,{coded}"></audio>'
    return f"<pre>{html.escape(content.decode('utf-8', 'replace'))}</pre>"


class Generator:
    """A trained generator, as `detente.load` returns it.

    Args:
        of: the network with what belongs to it.
        folder: where it is from.
        conditions: conditions for so many samples, by a stream of draws, where the model's are data and those are here.
    """

    def __init__(self, of: Exported, folder: Path, conditions: Callable[[int, Stream], Tensor] | None = None) -> None:
        self.exported, self.folder, self._conditions = of, folder, conditions

    @property
    def network(self) -> nn.Module:
        """The deployed network, in evaluation mode: latents (and labels) → samples."""
        return self.exported.generator

    @property
    def model(self) -> Model:
        """Draws the latents, and says whether there are labels."""
        return self.exported.model

    @property
    def domain(self) -> Domain:
        """Shows, saves and scores the samples."""
        return self.exported.domain

    @property
    def space(self) -> Space:
        """The shape of samples; `space.classes` says how many labels there are."""
        return self.exported.space

    @property
    def description(self) -> dict[str, Any]:
        """What model.json of an export says: data, licence, scores, versions."""
        return self.exported.description

    def to(self, device: torch.device | str) -> "Generator":
        """Compute on another device; samples come back to the CPU."""
        self.network.to(device)
        return self

    def sample(
        self, n: int, *, seed: int = 0, labels: Tensor | Sequence[int] | int | None = None, usable: bool = True
    ) -> Samples:
        """`n` samples; the same for the same seed, n and labels.

        Args:
            n: how many.
            seed: random seed of the draws.
            labels: a class for all or for each, where the model takes classes (in equal shares by default), or the
                condition of each, [n, ...].
            usable: draw others for those that are none, such as graphs that are no valid molecule. There are fewer
                than `n` where 20 n draws, and 1,000, were not enough. False takes them as they come, as scores do.

        Raises:
            UsageError: labels are missing or do not fit, or no sample is usable.
        """
        if n < 1:
            raise UsageError(f"n={n}: there must be at least one sample.")
        rng = Stream(seed).at("sample")
        given = self._labels(n, labels, rng)
        x = self.exported.draw(n, rng, given)
        if not usable:
            return Samples(x, given, self.domain, n, seed)
        good, drawn = self.domain.usable(x), n
        while not good.all() and drawn < max(_LEAST, _TIMES * n):
            slots = (~good).nonzero()[:, 0]
            slots = slots.repeat(max(1, 64 // len(slots)))
            other = self.exported.draw(len(slots), rng.at("again", drawn), None if given is None else given[slots])
            for i in self.domain.usable(other).nonzero()[:, 0].tolist():
                if not good[slots[i]]:
                    _put(x, int(slots[i]), rows(other, slice(i, i + 1)))
                    good[slots[i]] = True
            drawn += len(slots)
        if not good.any():
            why = self.domain.diagnosis(x) or "train longer, or use another regularizer, model or data."
            raise UsageError(
                f"{self.folder}: none of {drawn:,} samples is usable (valid, finite): {why} usable=False, or "
                "--as-drawn, takes them as they are."
            )
        return Samples(rows(x, good), None if given is None else given[good], self.domain, drawn, seed)

    def _labels(self, n: int, labels: Tensor | Sequence[int] | int | None, rng: Stream) -> Tensor | None:
        if labels is None:
            if not self.model.conditional:
                return None
            if self.space.classes is None and self._conditions is not None:
                return self._conditions(n, rng)
            return self.exported.labels(n)
        if isinstance(labels, int):
            return torch.full((n,), labels)
        return torch.as_tensor(labels)

    def __repr__(self) -> str:
        said = self.description
        return f"{said['model']['name']} for {said['domain']} after {said['step']} steps, from {self.folder}"


def _put(x: Sample, at: int, one: Sample) -> None:
    """Put a sample in the place of another."""
    for leaf, new in zip(leaves(x), leaves(one), strict=True):
        leaf[at] = new[0]
