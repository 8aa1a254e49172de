"""Scores besides the common ones: voices, naturalness, and a vocoder's distance from the recording."""

import importlib.util
import logging
import math
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from detente import Evaluation, Metric
from detente_speech.data import Prompts
from detente_speech.extractors import run
from detente_speech.recordings import Vocoded, Waveforms
from detente_speech.transforms import HALF, length, log_mel, rate_of, resampled, to_narrow_mel, to_waveform, window

_log = logging.getLogger(__name__)

RATED = 2
"""How many times 9.01 s of samples are rated; each takes half a second."""
HEARD, TOGETHER = 64, 8
"""Samples that STOI hears, and how many in a row: half a second alone is too short for it."""
QUIETEST = 1e-3
"""Magnitudes of a Fourier transform below this are taken for it: what 16 bits make of silence."""


class Voices(Metric):
    """The voices of the samples according to the classifier; there are five in `prompts`.

    `modes` counts the voices with at least one sample, `modes-kl` is KL(voices of the samples ‖ those of the reference)
    in nats, `confidence` the mean probability of the voice that was chosen. Not defined for other data: NaN.
    """

    scores = {"modes": "higher", "modes-kl": "lower", "confidence": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        recordings = e.data.of if isinstance(e.data, Waveforms) else e.data
        if not isinstance(recordings, Prompts) or not e.n:
            return dict.fromkeys(self.scores, math.nan)
        chances = run(to_narrow_mel(e.samples), voices=True).double().softmax(1)
        share = _shares(chances.argmax(1), chances.shape[1])
        of = recordings.packed
        expected = _shares(torch.from_numpy(of.arrays["labels"])[of.rows("reference")], chances.shape[1])
        return {
            "modes": float((share > 0).sum()),
            "modes-kl": (torch.special.xlogy(share, share) - torch.special.xlogy(share, expected)).sum().item(),
            "confidence": chances.amax(1).mean().item(),
        }


class ClassAccuracy(Metric):
    """Of samples that were made under a voice of `prompts`, the share in which the classifier finds it.

    Compare with the row of held-out data, whose share is the classifier's own accuracy. NaN without classes, and for
    other data.
    """

    scores = {"class-accuracy": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        if e.labels is None or not isinstance(e.data, Prompts) or not e.n:
            return {"class-accuracy": math.nan}
        found = run(to_narrow_mel(e.samples), voices=True).argmax(1)
        return {"class-accuracy": (found == e.labels).double().mean().item()}


def _shares(labels: Tensor, classes: int) -> Tensor:
    return torch.bincount(labels, minlength=classes).double() / len(labels)


class Naturalness(Metric):
    """DNSMOS P.835: predicted ratings by listeners, from 1 to 5, of speech, background and overall quality.

    (Reddy et al. 2022). The network hears 9.01 s at 16 kHz: here twice 17 samples and a half in a row, once if there
    are fewer than 36 samples, and NaN with fewer than 18. Log-mels are converted by the Griffin–Lim algorithm, and
    listeners rated longer recordings: compare with the row of real recordings. Needs speechmos and onnxruntime: NaN
    without them, and a warning says so.
    """

    scores = {"dnsmos-sig": "higher", "dnsmos-bak": "higher", "dnsmos-ovr": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        rate = _dnsmos()
        if rate is None or not e.n:
            return dict.fromkeys(self.scores, math.nan)
        assert isinstance(e.samples, Tensor), "a sound is a single tensor"
        waves = to_waveform(e.samples[: math.ceil(RATED * _RATED_LENGTH / length(16000))])
        heard = resampled(waves, rate_of(waves), 16000).flatten().clamp(-1, 1)
        stretches = [part for part in heard.split(_RATED_LENGTH)[:RATED] if len(part) == _RATED_LENGTH]
        if not stretches:
            return dict.fromkeys(self.scores, math.nan)
        found = np.mean([rate(part.numpy()) for part in stretches], axis=0)
        return dict(zip(self.scores, found.tolist(), strict=True))


_RATED_LENGTH = int(9.01 * 16000)
_CALIBRATION = (
    np.poly1d([-0.08397278, 1.22083953, 0.0052439]),
    np.poly1d([-0.13166888, 1.60915514, -0.39604546]),
    np.poly1d([-0.06766283, 1.11546468, 0.04602535]),
)
"""From the network's numbers to the scale of listeners, for speech, background and the whole; speechmos's."""


@cache
def _dnsmos() -> Callable[[np.ndarray], list[float]] | None:
    """Rates a waveform of 9.01 s at 16 kHz; None where a package is missing."""
    # speechmos itself imports much that is not needed to run its network.
    spec = importlib.util.find_spec("speechmos")
    folder = Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else Path()
    network = folder / "dnsmos_models" / "sig_bak_ovr.onnx"
    try:
        import onnxruntime
    except ImportError:
        onnxruntime: Any = None
    if onnxruntime is None or spec is None or not network.is_file():
        _log.warning("naturalness is left out: pip install detente-speech[measures]")
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(network), options, providers=["CPUExecutionProvider"])

    def rate(wave: np.ndarray) -> list[float]:
        raw = session.run(None, {"input_1": wave[None]})[0][0]
        return [float(polynomial(value)) for polynomial, value in zip(_CALIBRATION, raw, strict=True)]

    return rate


class Vocoding(Metric):
    """Distance of each waveform from the recording that its log-mel was computed from; NaN for models that have none.

    `mel-distance` is the mean absolute difference of log-mels, `stft-distance` that of logarithmic magnitudes under
    windows of 16, 32 and 64 ms, both in nats; `stoi` the short-time objective intelligibility (Taal et al. 2011) of 64
    waveforms, eight in a row, and NaN without the package pystoi. The baseline row is the Griffin–Lim algorithm.
    """

    scores = {"mel-distance": "lower", "stft-distance": "lower", "stoi": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        if not isinstance(e.data, Vocoded) or not e.n:
            return dict.fromkeys(self.scores, math.nan)
        assert isinstance(e.samples, Tensor), "a sound is a single tensor"
        made, meant = e.samples.float(), e.data.targets(e.n)
        mel = stft = 0.0
        for x, y in zip(made.split(64), meant.split(64), strict=True):
            mel += mel_distance(x, y).item() * len(x) / e.n
            stft += stft_distance(x, y).item() * len(x) / e.n
        return {"mel-distance": mel, "stft-distance": stft, "stoi": stoi(made[:HEARD], meant[:HEARD])}


def mel_distance(x: Tensor, y: Tensor, rate: int | None = None) -> Tensor:
    """Mean absolute difference of log-mels in nats, of waveforms [B, 1, L].

    `rate` is their sampling rate in Hz; by default they are crops, whose length says it.
    """
    return HALF * (log_mel(x, rate) - log_mel(y, rate)).abs().mean()


def stft_distance(x: Tensor, y: Tensor) -> Tensor:
    """Mean absolute difference of logarithmic magnitudes in nats under three windows, a quarter of each apart."""
    rate = rate_of(x)
    found = []
    for size in (window(rate) // 2, window(rate), 2 * window(rate)):
        hann = torch.hann_window(size)
        a, b = (
            torch.stft(wave[:, 0], size, size // 4, window=hann, return_complex=True).abs().clamp(min=QUIETEST).log()
            for wave in (x, y)
        )
        found.append((a - b).abs().mean())
    return torch.stack(found).mean()


def stoi(made: Tensor, meant: Tensor, rate: int | None = None) -> float:
    """Short-time objective intelligibility of waveforms [B, 1, L], eight in a row; NaN if it cannot be computed.

    `rate` is their sampling rate in Hz; by default they are crops, whose length says it.
    """
    try:
        from pystoi import stoi as intelligibility
    except ImportError:
        _without_stoi()
        return math.nan
    values = []
    for x, y in zip(made.split(TOGETHER), meant.split(TOGETHER), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # it warns, and answers 1e-5, where there is too little
            try:
                values.append(float(intelligibility(y.flatten().numpy(), x.flatten().numpy(), rate or rate_of(y))))
            except RuntimeWarning:
                return math.nan
    return sum(values) / len(values)


@cache
def _without_stoi() -> None:
    _log.warning("STOI is left out: pip install detente-speech[measures]")
