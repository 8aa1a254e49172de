"""`detente vocode`: recordings of any length through a trained vocoder, by way of their log-mels."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from torch import Tensor

    from detente import Generator


def vocode(
    generator: Annotated[Path, typer.Argument(metavar="RUN|EXPORT|STUDY", help="Folder with a trained vocoder.")],
    files: Annotated[list[Path], typer.Argument(metavar="FILE.wav…", help="Recordings: WAV, FLAC, Ogg or MP3.")],
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder to write to.", show_default="beside each recording")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed of what log-mels leave open.")] = 0,
    arm: Annotated[str | None, typer.Option(metavar="ARM", help="Of a study; the best one by default.")] = None,
) -> None:
    """Make log-mels of recordings, and sound from those: FILE-vocoded.wav.

    Beside each: the mean absolute difference of the two log-mels (natural logarithm; 0 at best), short-time objective
    intelligibility against the recording (STOI; 1 at best), and how much louder the result is.
    """
    from detente import UsageError, load, shown, staged
    from detente_speech.metrics import mel_distance, stoi
    from detente_speech.pictures import write_wav
    from detente_speech.sounds import read_sound
    from detente_speech.sources import RATE
    from detente_speech.transforms import resampled

    import torch  # isort: skip

    g = load(generator, arm=arm)
    rate = _rate(g, generator)
    paths = [(out or file.parent) / f"{file.stem}-vocoded.wav" for file in files]
    for path in paths:
        if paths.count(path) > 1:
            raise UsageError(f"{path}: two recordings would be written there; give them one by one.")
    for file, path in zip(files, paths, strict=True):
        if not file.is_file():
            raise UsageError(f"{file}: there is no such file; name a recording.")
        try:
            audio = torch.from_numpy(read_sound(file)).float() / 32768
        except ValueError as error:
            raise UsageError(f"{file}: cannot be read as sound ({error}).") from error
        wave = resampled(audio, RATE, rate)
        made = vocoded(g, wave, seed)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with staged(path) as new:
                write_wav(made.numpy(), rate, new)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}.") from error
        x, y = made[None, None], _whole(wave, rate)[None, None, : len(made)]
        heard = f"{found:.2f}" if math.isfinite(found := stoi(x, y, rate)) else "not measured"
        typer.echo(
            f"{shown(path)}  {len(made) / rate:.2f} s, {rate} Hz, mel distance {mel_distance(x, y, rate):.3f}, "
            f"STOI {heard}, level {_level(x) - _level(y):+.1f} dB"
        )


def vocoded(g: "Generator", wave: "Tensor", seed: int = 0) -> "Tensor":
    """A waveform [L], at the generator's rate, through a vocoder: [L], rounded up to whole frames of 8 ms."""
    import torch

    from detente import Stream
    from detente_speech.transforms import log_mel

    rate = _rate(g, Path())
    mel = log_mel(_whole(wave, rate)[None, None], rate)  # [1, 1, M, T]
    z = g.model.latents(1, Stream(seed).at("vocode").generator())
    with torch.no_grad():
        return g.network(z, mel)[0, 0].clamp(-1, 1)


def _level(wave: "Tensor") -> float:
    """Mean square in dB of full scale."""
    return 10 * math.log10(max(1e-12, wave.square().mean().item()))


def _whole(wave: "Tensor", rate: int) -> "Tensor":
    """With silence behind, up to whole frames, and so many that a window fits."""
    from torch.nn.functional import pad

    from detente_speech.transforms import hop, window

    return pad(wave, (0, max(-len(wave) % hop(rate), window(rate) - len(wave))))


def _rate(g: "Generator", where: Path) -> int:
    from detente import UsageError
    from detente_speech.networks import Vocoder

    if not isinstance(g.model, Vocoder):
        raise UsageError(f"{where}: its generator is no vocoder; train one with: detente train speech --model vocoder.")
    return g.model.rate
