"""Sets of recordings, split by clip once and for all: what trains generators, what trains extractors, what is scored.

A clip goes to one split, by a hash of its samples, so that neither a seed nor the order of files decides where. Clips
are kept as int16 at 16 kHz, whole; crops of 0.512 s that are not silent are what models see: as log-mels of 8 kHz by
default, or as waveforms (`Recordings.waveforms`).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from detente import Batch, Data, Leaf, Packed, PackedData, Space, Stream, UsageError, packed, shuffled
from detente_speech.sounds import CLIPPED, RATE
from detente_speech.sources import Clip
from detente_speech.transforms import FRAMES, length, log_mel, mels, resampled

_log = logging.getLogger(__name__)

SCORED = 750
"""Crops that `held_out` and `reference` hold each, at most."""
FROM_ONE = 8
"""Crops of one clip that are scored, at most: a long recording is not the distribution."""
ENOUGH = 20
"""Of fewer clips all train: two tenths of so few say nothing about a distribution."""
SILENT = -50.0
"""A crop whose level (root mean square about its mean) is below this many dB of full scale is left out."""
_CROP = length(RATE)
_CUT = {"scored": SCORED, "from_one": FROM_ONE, "enough": ENOUGH, "silent": SILENT, "crop": _CROP}


class Recordings(PackedData):
    """Log-mels of crops [N, 1, 40, 64], float16, encoded to float32 at about [-1, 1].

    Args:
        made_of: what identifies the clips, as plain data.
        read: reads them, with sentences about what a user should know.
        extracts: whether a fifth of the clips is set aside for feature extractors.
        names: of the labels; none where clips have no label.
        said: sentences that do not go with the clips, and so are not kept with them.
    """

    def __init__(
        self,
        made_of: Mapping[str, Any],
        read: Callable[[], tuple[list[Clip], list[str]]],
        extracts: bool = False,
        names: Sequence[str] = (),
        said: Sequence[str] = (),
    ) -> None:
        self.names = tuple(names)
        self._made_of = {**made_of, **_CUT, "extracts": extracts}
        self._read, self._extracts = read, extracts
        of = packed("speech", {**self._made_of, "view": "log-mel"}, self._log_mels, [type(self).__module__])
        self.packed, self.notes = of, (*of.notes, *said)
        space = Space((Leaf((1, mels(8000), FRAMES), channel_axis=1),), len(names) or None)
        parts = (torch.from_numpy(of.arrays["mels"])[of.rows(s)] for s in ("train", "held_out", "reference"))
        labels = torch.from_numpy(of.arrays["labels"])[of.rows("train")] if names else None
        super().__init__(space, *parts, identity=f"log-mel {of.digest}", labels=labels)
        for note in self.notes:
            _log.warning("%s", note)

    @cached_property
    def audio(self) -> Packed:
        """`audio` int16 [S], all clips in a row, and for each crop of each split its `starts`, `labels`, `clips`."""
        return packed("speech", {**self._made_of, "view": "audio"}, self._audio, [type(self).__module__])

    def _audio(self) -> Packed:
        clips, notes = self._read()
        return cropped(clips, notes, self._extracts)

    def _log_mels(self) -> Packed:
        of = self.audio
        found = np.empty((len(of.arrays["starts"]), 1, mels(8000), FRAMES), np.float16)
        for start in range(0, len(found), 256):
            crops = crops_at(of, slice(start, start + 256))
            found[start : start + 256] = log_mel(resampled(crops, RATE, 8000)).half().numpy()
        kept = {name: of.arrays[name] for name in ("labels", "clips")}
        return Packed({"mels": found, **kept}, of.sizes, of.notes)

    def waveforms(self, rate: int, conditional: bool = False) -> "Waveforms":
        """The same crops as waveforms [N, 1, L] at 8 or 16 kHz; `conditional` with their log-mels as condition."""
        return (Vocoded if conditional else Waveforms)(self, rate)

    def extractor_split(self) -> tuple[Tensor, Tensor]:
        """Encoded log-mels and labels that only feature extractors are trained on."""
        rows = self.packed.rows("extractor")
        mel, labels = (torch.from_numpy(self.packed.arrays[name])[rows] for name in ("mels", "labels"))
        return mel.float(), labels

    def held_out(self) -> Tensor:
        return self._held_out.float()  # type: ignore[union-attr]

    def reference(self) -> Tensor:
        return self._reference.float()  # type: ignore[union-attr]


class Waveforms(Data):
    """Crops as waveforms [N, 1, L], float32 in [-1, 1]."""

    def __init__(self, of: Recordings, rate: int) -> None:
        self.of, self.rate = of, rate
        self.description, self.licence, self.source, self.notes = of.description, of.licence, of.source, of.notes
        self.space = Space((Leaf((1, length(rate)), channel_axis=1),), of.space.classes)

    def __len__(self) -> int:
        return self.of.audio.sizes["train"]

    def crops(self, split: str, index: Tensor) -> Tensor:
        """Crops of a split by number: [B, 1, L]."""
        of = self.of.audio
        if not len(index):
            return torch.zeros(0, 1, length(self.rate))
        return resampled(crops_at(of, index.numpy() + of.rows(split).start), RATE, self.rate)

    def batch(self, index: Tensor) -> Batch:
        labels = None if self.of.labels is None else self.of.labels[index]
        return Batch(self.crops("train", index), labels)

    def held_out(self) -> Tensor:
        return self._scored["held_out"]

    def reference(self) -> Tensor:
        return self._scored["reference"]

    @cached_property
    def _scored(self) -> dict[str, Tensor]:
        sizes = self.of.audio.sizes
        return {split: self.crops(split, torch.arange(sizes[split])) for split in ("held_out", "reference")}

    @property
    def identity(self) -> str:
        return f"waveform {self.rate} {self.of.audio.digest}"


class Vocoded(Waveforms):
    """Waveforms whose condition is their own log-mel [N, 1, M, 64].

    Evaluations are conditioned on held-out crops in their order, so that sample i can be compared with `targets`.
    """

    def __init__(self, of: Recordings, rate: int) -> None:
        super().__init__(of, rate)
        self.space = Space(self.space.leaves, condition=(1, mels(rate), FRAMES))

    def batch(self, index: Tensor) -> Batch:
        x = self.crops("train", index)
        return Batch(x, log_mel(x))

    def targets(self, n: int) -> Tensor:
        """The recordings that `n` samples are to be like: held-out ones in turn, training crops where there are none.

        Evaluations have no more samples than there are such recordings; only who asks for samples to listen to may get
        several of one.
        """
        held_out = self.held_out()
        if not len(held_out):
            return self.crops("train", torch.arange(n) % len(self))
        return held_out[torch.arange(n) % len(held_out)]

    def conditions(self, n: int, rng: Stream | None = None) -> Tensor:
        return log_mel(self.targets(n))


def crops_at(of: Packed, which: slice | np.ndarray) -> Tensor:
    """Crops of a pack by row, as float32 [B, 1, L] in [-1, 1]."""
    starts = of.arrays["starts"][which]
    return torch.from_numpy(of.arrays["audio"][starts[:, None, None] + np.arange(_CROP)]).float() / 32768


def cropped(clips: Sequence[Clip], notes: Sequence[str] = (), extracts: bool = False) -> Packed:
    """Clips, split, with the crops that are not silent. Of clips that are equal one is kept.

    Training crops overlap by half; those of the other splits do not, so that no sound is scored twice.

    Raises:
        UsageError: all of them are silent.
    """
    clips = list({clip.audio.tobytes(): clip for clip in reversed(clips)}.values())[::-1]
    clips = [clip._replace(audio=padded(clip.audio)) for clip in clips]
    found = {i: loud(clip.audio) for i, clip in enumerate(clips)}
    order = [i for i in shuffled(clip.audio.tobytes() for clip in clips) if found[i]]
    if not order:
        raise UsageError(
            f"none of the {len(clips)} recordings is louder than {SILENT:.0f} dB of full scale. Raise their level, or"
            " set data.path to others."
        )
    notes = list(notes)
    if len(order) < ENOUGH:
        notes.append(
            f"{len(order)} clips are too few for a held-out split ({ENOUGH} are needed), so all are used for"
            " training, and scores that need real recordings are left out: Fréchet and kernel distance, precision,"
            " recall, density, coverage."
        )
    offsets = np.cumsum([0, *(len(clip.audio) for clip in clips)])
    splits: dict[str, list[tuple[int, int]]] = {"train": [], "extractor": [], "held_out": [], "reference": []}
    # At most 15 % of the clips are held out and as many the reference.
    left = 15 * len(order) // 100 if len(order) >= ENOUGH else 0
    for split in ("held_out", "reference"):
        for _ in range(left):
            if len(splits[split]) < SCORED:
                i = order.pop()
                splits[split] += [(i, at) for at in _spread(loud(clips[i].audio, _CROP), FROM_ONE)]
        splits[split] = splits[split][:SCORED]
    for _ in range(len(order) // 5 if extracts else 0):
        i = order.pop()
        splits["extractor"] += [(i, at) for at in loud(clips[i].audio, _CROP)]
    splits["train"] = [(i, at) for i in order for at in found[i]]
    every = [pair for split in splits.values() for pair in split]
    return Packed(
        {
            "audio": np.concatenate([clip.audio for clip in clips]),
            "starts": np.array([offsets[i] + at for i, at in every], np.int64),
            "labels": np.array([clips[i].label for i, _ in every], np.int64),
            "clips": np.array([i for i, _ in every], np.int64),
        },
        {name: len(split) for name, split in splits.items()},
        tuple(notes),
    )


def padded(audio: np.ndarray) -> np.ndarray:
    """A clip with silence behind it, where it is shorter than a crop."""
    return np.pad(audio, (0, max(0, _CROP - len(audio))))


def loud(audio: np.ndarray, every: int = _CROP // 2) -> list[int]:
    """Where crops start that are not silent, of all that start `every` samples apart.

    A value that is the same throughout (direct current) is not heard, however far from 0 it is.
    """
    starts = np.arange(0, len(audio) - _CROP + 1, every)
    samples = audio.astype(np.float64) / 32768
    power, mean = (
        (total[starts + _CROP] - total[starts]) / _CROP
        for total in (np.concatenate([[0], np.cumsum(x)]) for x in (np.square(samples), samples))
    )
    level = power - np.square(mean)
    return starts[level > 10 ** (SILENT / 10)].tolist()


def clipped(audio: np.ndarray) -> bool:
    """Whether more than a tenth of a clip stands at full scale."""
    return bool((np.abs(audio.astype(np.int32)) >= CLIPPED * 32768).mean() > 0.1)


def _spread(starts: list[int], most: int) -> list[int]:
    """At most so many of them, evenly."""
    return starts if len(starts) <= most else [starts[i * len(starts) // most] for i in range(most)]
