"""From log-mels to waveforms, after Vocos (Siuzdak 2023), against the critics of HiFi-GAN (Kong et al. 2020).

The generator stays at the frames' rate throughout; an inverse short-time Fourier transform makes the waveform:

    L_G = L_adv + λ_fm Σ_l E |f_l(x) − f_l(x̃)| + λ_mel E |mel(x) − mel(x̃)|      (HiFi-GAN, eq. 5–8)
"""

from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from detente import (
    Count,
    Data,
    Model,
    Network,
    Networks,
    NonNegative,
    Primary,
    Space,
    Step,
    UsageError,
    leaves,
    variance_preserving,
)
from detente_speech.networks.shapes import shape_of
from detente_speech.recordings import Recordings
from detente_speech.transforms import hop, log_mel, magnitudes, mels, pseudo_inverse, window

SLOPE = 0.1
_LOUDEST = 100.0
"""Magnitudes above are cut off, as in Vocos."""
_FAINTEST = 1e-5
"""Magnitudes of a log-mel below count as this, as in FreeV."""


class Vocoder(Model):
    """Log-mel [B, 1, M, 64] and noise → waveform [B, 1, L].

    Vocos has no noise; here z shifts all frames equally, so that what a log-mel does not determine (phases) can be
    sampled. Instead of Vocos's LayerNorm, blocks have a small initialization, which preserves the variance.

    Args:
        width: channels between the blocks.
        blocks: of ConvNeXt.
        critic_width: channels of a critic's first layer.
        periods: of the critics, separated by spaces.
        rate: sampling rate in Hz.
        mel_weight: λ_mel. In ln(mel), HiFi-GAN's 45 is 270 on our scale, which spans 6 of them.
        feature_weight: λ_fm.
        latent_dim: of z.
        inverse: whether magnitudes are those of the log-mel times what the network makes: |A⁺ mel|, with the
            pseudo-inverse of the mel filters (FreeV, Lv et al. 2024). Without, the network makes them whole, as Vocos.
    """

    conditional = True
    primary = Primary(
        "mel-distance",
        protocol="mean difference of log-mels in nats to the held-out recordings that they were computed from, which"
        " have 0",
    )
    command = "detente vocode {folder} speech.wav"

    def __init__(
        self,
        width: Count = 128,
        blocks: Count = 4,
        critic_width: Count = 8,
        periods: str = "2 3 5",
        rate: Literal[8000, 16000] = 16000,
        mel_weight: NonNegative = 270.0,
        feature_weight: NonNegative = 2.0,
        latent_dim: Count = 16,
        inverse: bool = False,
    ) -> None:
        try:
            self.numbers = [int(period) for period in str(periods).split()]
        except ValueError:
            self.numbers = []
        if not self.numbers or min(self.numbers) < 1 or len(set(self.numbers)) < len(self.numbers):
            raise UsageError(f"vocoder: periods={periods!r}, but it must be different integers, such as '2 3 5'.")
        self.width, self.blocks, self.critic_width, self.periods = width, blocks, critic_width, str(periods)
        self.rate, self.mel_weight, self.feature_weight, self.latent_dim = rate, mel_weight, feature_weight, latent_dim
        self.inverse = inverse

    def view(self, data: Data) -> Data:
        return data.waveforms(self.rate, conditional=True) if isinstance(data, Recordings) else data

    def build(self, space: Space) -> Networks:
        shape_of(space, "vocoder", 2)
        if space.condition is None:
            raise UsageError("model 'vocoder' is for recordings with their log-mels; use a data set of this plugin.")
        bands = space.condition[1]
        if self.inverse and bands != mels(self.rate):
            raise UsageError(f"vocoder: log-mels of {bands} bands, but with inverse they must be {mels(self.rate)}.")
        start = _FromMel(self.rate) if self.inverse else _FromNothing()
        return Networks(
            _Generator(bands, self.width, self.blocks, self.rate, self.latent_dim, start),
            _Critics(self.numbers, self.critic_width),
        )

    def auxiliary(self, s: Step) -> dict[str, Tensor]:
        """The log-mel term and the features' term; without their weights they are not computed."""
        terms = {}
        assert isinstance(s.fake, Tensor) and s.labels is not None, "a vocoder makes waveforms from log-mels"
        if self.mel_weight:
            terms["mel"] = self.mel_weight * (log_mel(s.fake, self.rate) - s.labels).abs().mean()
        if self.feature_weight:
            apart = [
                (real.detach() - fake).abs().mean()
                for reals, fakes in zip(s.real_features, s.fake_features, strict=True)
                for real, fake in zip(leaves(reals), leaves(fakes), strict=True)
            ]
            terms["features"] = self.feature_weight * torch.stack(apart).sum()
        return terms


class _Generator(Network):
    def __init__(self, bands: int, width: int, blocks: int, rate: int, latent_dim: int, start: nn.Module) -> None:
        super().__init__()
        self.hop, self.size = hop(rate), window(rate)
        self.start = start
        self.embed = nn.Conv1d(bands, width, 7, padding=3)
        self.noise = nn.Linear(latent_dim, width)
        self.blocks = nn.ModuleList(_Block(width, blocks) for _ in range(blocks))
        self.head = nn.Conv1d(width, self.size + 2, 1)
        self.output_layers = ("head",)
        self.register_buffer("hann", torch.hann_window(self.size), persistent=False)
        variance_preserving(self, slope=1.0)
        nn.init.normal_(self.head.weight, std=width**-0.5 / 4)

    def forward(self, z: Tensor, mel: Tensor) -> Tensor:
        h = self.embed(mel.squeeze(1)) + self.noise(z)[:, :, None]  # [B, W, T]
        for block in self.blocks:
            h = block(h)
        h = self.head(F.gelu(h))
        if h.dtype not in (torch.float32, torch.float64):
            h = h.float()  # the Fourier transform knows no half precision
        log_magnitude, phase = h.chunk(2, dim=1)  # [B, N/2 + 1, T]
        magnitude = (log_magnitude + self.start(mel.squeeze(1).to(h.dtype))).exp().clamp(max=_LOUDEST)
        spectrum = torch.complex(magnitude * phase.cos(), magnitude * phase.sin())
        spectrum = torch.cat([spectrum, spectrum[..., -1:]], -1)  # T frames of a hop end at frame T + 1
        length = mel.shape[-1] * self.hop
        wave = torch.istft(spectrum, self.size, self.hop, window=self.get_buffer("hann"), length=length)
        return wave[:, None]  # [B, 1, L]


class _FromNothing(nn.Module):
    """Logarithmic magnitudes that the network's are added to: none."""

    def forward(self, mel: Tensor) -> float:
        return 0.0


class _FromMel(nn.Module):
    """Logarithmic magnitudes that the network's are added to: those that the log-mel says."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.register_buffer("inverse", pseudo_inverse(rate), persistent=False)

    def forward(self, mel: Tensor) -> Tensor:
        """[B, M, T] → [B, N/2 + 1, T]."""
        with torch.autocast(mel.device.type, enabled=False):  # rounded, its large entries of both signs do not cancel
            return (self.get_buffer("inverse").to(mel.dtype) @ magnitudes(mel)).abs().clamp(min=_FAINTEST).log()


class _Block(nn.Module):
    """x + branch(x) / √blocks, the branch ConvNeXt's (Liu et al. 2022) in one dimension, without its LayerNorm."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.widen = nn.Conv1d(width, 3 * width, 1)
        self.narrow = nn.Conv1d(3 * width, width, 1)
        self.scale = blocks**-0.5

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale * self.narrow(F.gelu(self.widen(self.mix(x))))


class _Critics(Network):
    """One critic per period, each on every p-th sample; they look at the sound, not at its condition, as HiFi-GAN's."""

    abilities = frozenset({"features"})

    def __init__(self, periods: list[int], width: int) -> None:
        super().__init__()
        self.critics = nn.ModuleList(_PeriodCritic(period, width) for period in periods)
        deep = len(self.critics[0].down)  # type: ignore[arg-type]
        self.feature_layers = tuple(f"critics.{i}.down.{j}" for i in range(len(periods)) for j in range(deep))
        self.input_layers = tuple(f"critics.{i}.down.0" for i in range(len(periods)))
        self.output_layers = tuple(f"critics.{i}.head" for i in range(len(periods)))
        variance_preserving(self, slope=SLOPE)

    def forward(self, x: Tensor, mel: Tensor | None = None) -> tuple[Tensor, ...]:
        return tuple(critic(x) for critic in self.critics)  # [B, positions] each


class _PeriodCritic(nn.Module):
    """Waveform [B, 1, L] as a picture [B, 1, L/p, p], whose columns convolutions look at."""

    def __init__(self, period: int, width: int) -> None:
        super().__init__()
        self.period = period
        maps = [1, width, 2 * width, 4 * width, 4 * width]
        self.down = nn.ModuleList(nn.Conv2d(a, b, (5, 1), stride=(3, 1), padding=(2, 0)) for a, b in pairwise(maps))
        self.head = nn.Conv2d(maps[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, x: Tensor) -> Tensor:
        h = F.pad(x, (0, -x.shape[-1] % self.period), mode="reflect").unflatten(-1, (-1, self.period))
        for layer in self.down:
            h = F.leaky_relu(layer(h), SLOPE)
        return self.head(h).flatten(1)
