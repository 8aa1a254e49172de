"""Pictures of log-mels, and sounds of waveforms."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image as Picture

from detente_speech import pictures
from seeded import seeded


def drawn(x: torch.Tensor, path: Path) -> np.ndarray:
    """The picture as grey values [height, width]."""
    pictures.draw(x, path)
    with Picture.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("L")).astype(float)


@pytest.mark.slow
def test_low_frequencies_are_at_the_bottom_and_time_goes_to_the_right(tmp_path: Path):
    def only(bands: slice, frames: slice) -> np.ndarray:
        x = torch.full((4, 1, 40, 64), -1.0)
        x[:, :, bands, frames] = 1
        return drawn(x, tmp_path / "x.png")

    every = slice(None)
    for a, b, axis in ((only(slice(20), every), only(slice(20, 40), every), 0), (
        only(every, slice(32, 64)), only(every, slice(32)), 1
    )):  # fmt: skip
        brighter, darker = np.nonzero(a - b > 50)[axis], np.nonzero(b - a > 50)[axis]
        assert len(brighter) > 1000 and len(darker) > 1000
        # Four pictures stand side by side, so to the right is meant within each.
        assert brighter.mean() > darker.mean()


@pytest.mark.slow
@pytest.mark.parametrize(("n", "rows"), [(0, 1), (1, 1), (4, 1), (5, 2), (12, 3)])
def test_four_stand_in_a_row(tmp_path: Path, n: int, rows: int):
    x = torch.rand(n, 1, 40, 64, generator=seeded()) * 2 - 1
    assert drawn(x, tmp_path / "x.png").shape == (50 + 160 * rows, 900)


@pytest.mark.slow
def test_louder_is_brighter_and_what_is_beyond_the_scale_is_its_end(tmp_path: Path):
    levels = [drawn(torch.full((4, 1, 40, 64), level), tmp_path / "x.png") for level in (-1.0, 0.0, 1.0, 5.0)]
    middle = [level[60:80, 100:120].mean() for level in levels]
    assert middle[0] < middle[1] < middle[2] == middle[3]


@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_sound_is_heard_as_it_is_at_its_rate(tmp_path: Path, rate: int):
    t = torch.arange(rate) / rate
    wave = 0.5 * torch.sin(2 * torch.pi * 440 * t)
    pictures.write_sound(wave, rate, tmp_path / "x.ogg")
    heard, found = soundfile.read(tmp_path / "x.ogg")
    assert found == rate and len(heard) == rate
    assert soundfile.info(tmp_path / "x.ogg").subtype == "VORBIS"
    assert np.corrcoef(heard, wave.numpy())[0, 1] > 0.99  # Vorbis keeps what ears hear
    assert heard.std() == pytest.approx(wave.std().item(), rel=0.05)


def test_a_sound_beyond_full_scale_is_cut_off_there(tmp_path: Path):
    wave = 100 * torch.sin(2 * torch.pi * 100 * torch.arange(8000) / 8000)
    pictures.write_sound(wave, 8000, tmp_path / "loud.ogg")
    pictures.write_sound(wave.clamp(-1, 1), 8000, tmp_path / "cut.ogg")
    loud, cut = (soundfile.read(tmp_path / f"{name}.ogg")[0] for name in ("loud", "cut"))
    assert np.array_equal(loud, cut)
