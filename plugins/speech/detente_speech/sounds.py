"""Recordings as files: which are read, at what level, and resampled to 16 kHz."""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from detente import counted, enumerated, shown

if TYPE_CHECKING:
    from soundfile import SoundFile

RATE = 16000
# fmt: off
SOUNDS = (
    ".aif", ".aifc", ".aiff", ".au", ".caf", ".flac", ".mp3", ".nist", ".oga", ".ogg", ".opus", ".rf64", ".snd", ".sph",
    ".voc", ".w64", ".wav", ".wave",
)
# fmt: on
LOWEST, HIGHEST = 4000, 192_000
"""Sampling rates that are read, in Hz: speech has little below 2 kHz, and hardly a device records above 192 kHz."""
LONGEST = 1 << 29
"""Samples of a recording that are read, per channel: three hours at 48 kHz."""
CLIPPED = 0.99
"""Of full scale: a sample beyond was cut off, or nearly so. In 8 bits the greatest is .992."""

_HEADROOM = 16.0
_SCALES = (1.0, 2.0**7, 2.0**15, 2.0**23, 2.0**31)
_BLOCK = 1 << 18


def read_sound(file: Path | BinaryIO, scale: float = 1.0) -> np.ndarray:
    """One recording as int16 [n] at 16 kHz: channels averaged, resampled, cut off at full scale.

    Args:
        file: a regular one.
        scale: what is full scale in floating-point files, as `full_scale` found it.

    Raises:
        ValueError: it cannot be read or holds nothing, with the reason in one line.
    """
    with _Opened(file) as sound:
        rate = sound.samplerate
        if not LOWEST <= rate <= HIGHEST:
            raise ValueError(f"a sampling rate of {rate:,} Hz; {LOWEST:,} to {HIGHEST:,} are read")
        parts, n = [], 0
        full = scale if _floats(sound) else 1.0
        for block in _blocks(sound):
            if not np.isfinite(block).all():
                raise ValueError("samples that are not finite")
            if _floats(sound) and np.abs(block).max() > _HEADROOM * full:
                raise ValueError(f"samples up to {np.abs(block).max():g}, where full scale is {full:g}")
            parts.append(block.mean(1) / np.float32(full))
            n += len(block)
            if n > LONGEST:
                raise ValueError(f"more than {LONGEST:,} samples; cut it into shorter recordings")
    if not n:
        raise ValueError("no sound in it")
    mono = resampled(np.concatenate(parts), rate)
    return (mono * np.float32(32768)).round().clip(-32768, 32767).astype(np.int16)


def full_scale(files: Sequence[Path]) -> tuple[float, list[str]]:
    """What is full scale in all floating-point files of a folder, and a sentence about it where that is not 1.

    Floating-point samples are to lie between -1 and 1, but programs that compute with integers write them between
    -32,768 and 32,767. The loudest of all files decides, for all. Up to 16 (24 dB too loud) full scale is 1; beyond, it
    is that of the fewest bytes which hold the loudest sample.
    """
    peaks = {}
    for file in files:
        peak = _peak(file)
        if peak is not None:
            peaks[file] = peak
    loudest = max(peaks.values(), default=0.0)
    if loudest <= _HEADROOM:
        return 1.0, []
    scale = next(scale for scale in _SCALES if loudest <= scale)
    within = [shown(file.name) for file, peak in peaks.items() if peak <= 1]
    said = (
        f"{counted(len(peaks), 'recording')} of floating-point samples, up to {loudest:,g}: {scale:,.0f} was taken for"
        " full scale in all of them."
    )
    if within:
        said += f" {len(within)} have nothing beyond 1, so that they are silent at this scale: {enumerated(within)}."
    return scale, [said]


def _peak(file: Path) -> float | None:
    """The greatest absolute sample of a floating-point recording; None where it is another kind or cannot be read."""
    try:
        with _Opened(file) as sound:
            if not _floats(sound):
                return None
            peak = max((float(np.abs(block).max()) for block in _blocks(sound)), default=0.0)
    except ValueError:
        return None  # it is named where it is read
    return peak if peak <= _SCALES[-1] else None  # so are NaN and what is no sound at any scale


def resampled(mono: np.ndarray, rate: int) -> np.ndarray:
    """A recording at 16 kHz: an exact polyphase filter, whose cost does not depend on what the two rates share."""
    from scipy.signal import resample_poly  # a slow import, needed here alone

    shared = math.gcd(rate, RATE)
    return mono if rate == RATE else resample_poly(mono, RATE // shared, rate // shared)


class _Opened:
    """An open recording, whose failures are ValueErrors of one line."""

    def __init__(self, file: Path | BinaryIO) -> None:
        self._file = file

    def __enter__(self) -> "SoundFile":
        import soundfile

        # soundfile encodes names strictly; as bytes, any will do.
        place: Any = os.fsencode(self._file) if isinstance(self._file, Path) and os.name == "posix" else self._file
        try:
            self._sound = soundfile.SoundFile(place)
        except Exception as error:  # decoders raise whatever they like on broken input
            raise ValueError(_reason(error)) from error
        return self._sound

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._sound.close()
        if isinstance(error, Exception) and not isinstance(error, ValueError):
            raise ValueError(_reason(error)) from error


def _reason(error: Exception) -> str:
    import soundfile

    text = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)  # without the path
    return shown(" ".join(text.split()).rstrip(".")) or type(error).__name__


def _blocks(sound: "SoundFile") -> Iterator[np.ndarray]:
    """float32 [n, channels], until there is no more: headers promise lengths that files do not have."""
    while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
        yield block


def _floats(sound: "SoundFile") -> bool:
    return sound.subtype in ("FLOAT", "DOUBLE")
