"""Recordings as files: kinds of samples, levels and rates."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile

from detente_speech.sounds import HIGHEST, LOWEST, RATE, full_scale, read_sound, resampled


def tone(seconds: float, rate: int, hertz: float = 300.0, level: float = 0.3) -> np.ndarray:
    return level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def test_what_is_read_is_what_was_recorded_whatever_its_rate_and_channels(tmp_path: Path) -> None:
    both = np.stack([tone(1, 44100, level=0.6), np.zeros(44100)], 1)
    soundfile.write(tmp_path / "x.wav", both, 44100)
    found = read_sound(tmp_path / "x.wav") / 32768
    assert len(found) == RATE
    assert np.abs(found - tone(1, RATE))[200:-200].max() < 2e-3  # but for the ends, which the filter smears


@pytest.mark.parametrize(
    ("subtype", "tolerance"),
    [
        ("PCM_U8", 1 / 128),  # a step of 8 bits
        ("PCM_16", 1 / 32768),
        ("PCM_24", 1 / 32768),
        ("PCM_32", 1 / 32768),
        ("FLOAT", 1 / 32768),
        ("DOUBLE", 1 / 32768),
        ("ULAW", 0.02),
    ],
)
def test_every_kind_of_samples_has_the_same_level(tmp_path: Path, subtype: str, tolerance: float) -> None:
    right = tone(0.1, RATE)
    soundfile.write(tmp_path / "x.wav", right, RATE, subtype=subtype)
    assert np.abs(read_sound(tmp_path / "x.wav") / 32768 - right).max() <= tolerance


@pytest.mark.parametrize(
    ("ending", "form", "subtype"),
    [
        (".wave", "WAV", None),
        (".aifc", "AIFF", "FLOAT"),
        (".snd", "AU", None),
        (".sph", "NIST", None),
        (".voc", "VOC", None),
        (".rf64", "RF64", None),
        (".FLAC", "FLAC", None),
        (".caf", "CAF", "FLOAT"),
    ],
)
def test_every_ending_is_read(tmp_path: Path, ending: str, form: str, subtype: str | None) -> None:
    soundfile.write(tmp_path / f"x{ending}", tone(0.1, RATE), RATE, format=form, subtype=subtype)
    assert len(read_sound(tmp_path / f"x{ending}")) == RATE // 10


@pytest.mark.parametrize("rate", [LOWEST, 7919, 8000, 11_025, 15_999, 22_050, 44_101, 48_000, 96_000, HIGHEST])
def test_the_resampler_agrees_with_an_independent_one(rate: int) -> None:
    draws = np.random.Generator(np.random.PCG64(rate))
    n = rate  # a second, periodic, so that a Fourier transform is exact
    spectrum = np.zeros(n // 2 + 1, complex)
    top = int(0.7 * min(rate, RATE) / 2)  # below both resamplers' slopes
    spectrum[1:top] = np.exp(2j * np.pi * draws.random(top - 1))
    x = np.fft.irfft(spectrum, n)
    x *= 0.5 / np.abs(x).max()
    found = resampled(x.astype(np.float32), rate)
    right = scipy.signal.resample(x, RATE)
    assert len(found) == RATE and found.dtype == np.float32
    error = (found - right)[500:-500]  # the ends: one takes what is beyond for silence, the other for the beginning
    assert np.sqrt(np.mean(error**2) / np.mean(right**2)) < 4e-3  # -48 dB: the ripple of the filter


@pytest.mark.parametrize("rate", [44_100, 47_999, 96_000])
def test_what_16_khz_cannot_hold_is_removed_not_folded_back(rate: int) -> None:
    found = resampled(tone(0.5, rate, hertz=11_000).astype(np.float32), rate)
    assert np.abs(found[200:-200]).max() < 0.3 * 10 ** (-50 / 20)


@pytest.mark.slow
def test_a_rate_that_shares_nothing_with_16000_costs_no_memory(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", tone(0.1, 15_999), 15_999)
    code = (
        "import resource, sys; from pathlib import Path; import scipy.signal, soundfile;"
        "from detente_speech.sounds import read_sound;"
        "most = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "before = most(); n = len(read_sound(Path(sys.argv[1]))); print(n, (most() - before) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "x.wav"], capture_output=True, text=True, check=True, timeout=120
    )
    n, mebibytes = map(int, done.stdout.split())
    assert n == 1601, "a tenth of a second, rounded up"
    assert mebibytes < 100  # it was 4.4 GB


@pytest.mark.parametrize("rate", [1, 7, LOWEST - 1, HIGHEST + 1, 10**9])
def test_a_rate_that_no_one_records_at_is_refused(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "x.wav", np.full(100, 0.1), 8000)
    content = bytearray((tmp_path / "x.wav").read_bytes())
    content[24:28] = rate.to_bytes(4, "little")
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(ValueError, match=rf"^a sampling rate of {rate:,} Hz; 4,000 to 192,000 are read$"):
        read_sound(tmp_path / "x.wav")


@pytest.mark.parametrize("damage", ["nothing", "noise", "no samples", "NaN", "all NaN", "infinite", "rate 0", "folder"])
def test_a_file_that_is_no_sound_says_so_in_one_line_without_its_path(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "x.wav"
    values = {
        "no samples": np.zeros(0),
        "NaN": np.array([0.0, np.nan, 0.1]),
        "all NaN": np.full(1000, np.nan),
        "infinite": np.array([0.0, np.inf]),
        "rate 0": np.zeros(100),
    }
    if damage in values:
        soundfile.write(file, values[damage], 8000, subtype="FLOAT")
    if damage == "rate 0":
        content = bytearray(file.read_bytes())
        content[24:28] = bytes(4)
        file.write_bytes(content)
    elif damage == "folder":
        file.mkdir()
    elif damage not in values:
        file.write_bytes(b"" if damage == "nothing" else b"RIFF and so on" * 9)
    with pytest.raises(ValueError, match=r"^[^\n]+$") as refused:
        read_sound(file)
    assert str(tmp_path) not in str(refused.value) and "x.wav" not in str(refused.value)


def test_a_header_that_promises_too_much_is_read_as_far_as_it_goes_or_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", tone(0.1, RATE), RATE)
    content = bytearray((tmp_path / "x.wav").read_bytes())
    content[40:44] = (2**31 - 10).to_bytes(4, "little")
    (tmp_path / "x.wav").write_bytes(content)
    assert len(read_sound(tmp_path / "x.wav")) == RATE // 10
    soundfile.write(tmp_path / "y.flac", tone(0.1, RATE), RATE)
    content = bytearray((tmp_path / "y.flac").read_bytes())
    content[21] |= 0x0F  # of 36 bits that count the samples the uppermost four
    content[22:26] = b"\xff" * 4
    (tmp_path / "y.flac").write_bytes(content)
    with pytest.raises(ValueError, match=r"^[^\n]+$"):  # not a MemoryError for 256 GB
        read_sound(tmp_path / "y.flac")


def test_an_endless_recording_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente_speech.sounds.LONGEST", 1000)
    soundfile.write(tmp_path / "x.flac", np.zeros(1001), RATE)
    with pytest.raises(ValueError, match="more than 1,000 samples; cut it into shorter recordings"):
        read_sound(tmp_path / "x.flac")


def test_what_is_beyond_full_scale_is_cut_off_there(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.array([2.0, -2.0, 0.5, 1.0]), RATE, subtype="FLOAT")
    assert read_sound(tmp_path / "x.wav").tolist() == [32767, -32768, 16384, 32767]


def floats(folder: Path, *levels: float, subtype: str = "FLOAT") -> list[Path]:
    files = [folder / f"{i}.wav" for i in range(len(levels))]
    for file, level in zip(files, levels, strict=True):
        soundfile.write(file, tone(0.1, RATE, level=level), RATE, subtype=subtype)
    return files


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize(
    ("levels", "scale"),
    [
        ((0.1, 0.9), 1),
        ((0.1, 1.5), 1),
        ((100.0, 120.0), 2**7),
        ((3000.0, 30_000.0), 2**15),
        ((20.0, 8_000_000.0), 2**23),
        ((1e9, 2e9), 2**31),
    ],
)
def test_floating_point_samples_have_one_scale(
    tmp_path: Path, subtype: str, levels: tuple[float, ...], scale: int
) -> None:
    files = floats(tmp_path, *levels, subtype=subtype)
    found, said = full_scale(files)
    assert found == scale
    assert bool(said) == (scale > 1)
    for file, level in zip(files, levels, strict=True):
        right = tone(0.1, RATE, level=level / scale).clip(-1, 1)
        assert np.abs(read_sound(file, found) / 32768 - right).max() < 1e-4


def test_integers_broken_files_and_nonsense_do_not_decide_the_scale(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "integers.wav", tone(0.1, RATE), RATE, subtype="PCM_16")
    soundfile.write(tmp_path / "nan.wav", np.array([1e6, np.nan]), RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "enormous.wav", np.array([1e30, 0]), RATE, subtype="FLOAT")
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    files = sorted(tmp_path.iterdir())
    assert full_scale(files) == (1.0, [])
    with pytest.raises(ValueError, match="samples up to 1e\\+30, where full scale is 1"):
        read_sound(tmp_path / "enormous.wav")
    scale, (said,) = full_scale([*files, *floats(tmp_path, 20_000.0, 0.5)])
    assert scale == 32768
    assert said.startswith("2 recordings of floating-point samples, up to 20,000: 32,768 was taken for full scale")
    assert "1 have nothing beyond 1" in said and "1.wav" in said
    assert np.abs(read_sound(tmp_path / "integers.wav", scale) / 32768 - tone(0.1, RATE)).max() < 1e-4
