"""What people see and hear of samples: a picture of log-mels and sound files."""

from pathlib import Path

import numpy as np
from torch import Tensor

from detente_speech.transforms import FRAMES, SECONDS, mels

HEARD = 6
"""Samples that are written as sound."""
_ACROSS = 4


def draw(x: Tensor, path: Path) -> None:
    """Log-mels of 8 kHz [n, 1, 40, 64] as a picture, four to a row, low frequencies at the bottom."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # takes a while to import; only pictures need it
    from matplotlib.figure import Figure

    rows = max(1, -(-len(x) // _ACROSS))
    figure = Figure(figsize=(9, 0.5 + 1.6 * rows), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, _ACROSS, sharex=True, sharey=True, squeeze=False)
    bands = np.array([0.5, 1, 2, 4])  # kHz
    at = _mel(bands * 1000) / _mel(np.array(4000.0)) * mels(8000) - 0.5
    image = None
    for i, ax in enumerate(axes.flat):
        if i >= len(x):
            ax.set_visible(False)
            continue
        image = ax.imshow(x[i, 0].numpy(), origin="lower", aspect="auto", vmin=-1, vmax=1, cmap="magma")
        ax.set_xticks(np.array([0, 0.25, 0.5]) / SECONDS * FRAMES, ["0", "0.25", "0.5"])
        ax.set_yticks(at, [f"{band:g}" for band in bands])
        ax.tick_params(labelsize=7)
    figure.supxlabel("time in s", fontsize=8)
    figure.supylabel("frequency in kHz (mel scale)", fontsize=8)
    if image is not None:
        bar = figure.colorbar(image, ax=axes, fraction=0.02, pad=0.01)
        bar.set_label("log-mel, 1/6 of ln", fontsize=8)
        bar.ax.tick_params(labelsize=7)
    figure.savefig(path)


def draw_one(x: Tensor, path: Path) -> None:
    """The log-mel [1, 40, 64] of one sound, a pixel for each value, to stand beside the sound."""
    from matplotlib import image

    with path.open("wb") as file:
        image.imsave(file, x[0].numpy(), origin="lower", vmin=-1, vmax=1, cmap="magma", format="png")


def write_sound(wave: Tensor, rate: int, path: Path) -> None:
    """A waveform [L] as Ogg Vorbis."""
    import soundfile

    with path.open("wb") as file:  # soundfile itself takes no name that is not UTF-8
        soundfile.write(file, wave.clamp(-1, 1).numpy(), rate, format="OGG", subtype="VORBIS")


def write_wav(wave: np.ndarray, rate: int, path: Path) -> None:
    """A waveform [L] in [-1, 1] as 16-bit WAV."""
    import soundfile

    with path.open("wb") as file:
        soundfile.write(file, wave, rate, format="WAV", subtype="PCM_16")


def _mel(hertz: np.ndarray) -> np.ndarray:
    """HTK's scale of pitch."""
    return 2595 * np.log10(1 + hertz / 700)
