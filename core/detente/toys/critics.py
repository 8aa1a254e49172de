"""A discriminator of several sub-critics whose logits differ in shape: [B], [B, positions] and [B, P, Q]."""

import math

import torch
from torch import Tensor, nn

from detente.domains.contracts import Model, Networks
from detente.domains.primary import Primary
from detente.engine.network import Network
from detente.engine.options import Count, Whole
from detente.engine.sample import Leaf, Sample, Space, leaves
from detente.toys.data import Drawn
from detente.toys.domain import Toy, flip

LENGTH, FREQUENCIES, PERIOD = 16, 3, 4


def shift(x: Sample, generator: torch.Generator) -> Sample:
    """Move each wave along its circle by a random number of places: its phase is as random afterwards as before."""
    wave = leaves(x)[0]  # [B, 1, L]
    by = torch.randint(wave.shape[-1], (wave.shape[0], 1, 1), generator=generator, device=generator.device)
    place = torch.arange(wave.shape[-1], device=wave.device)
    return wave.gather(-1, (place - by).remainder(wave.shape[-1]).expand_as(wave))


class CriticsDomain(Toy):
    """Short waves of one frequency, [B, 1, 16]."""

    name = "critics"
    primary = Primary("frechet", "lower", log=True, protocol="Fréchet distance to 2000 reference samples")
    metrics = ("frechet", "kernel-distance", "prdc")
    augmentations = {"shift": shift, "flip": flip}


class CriticsData(Drawn):
    """sin(2πft/16 + φ) for t = 0 … 15, with f one of 1, 2, 3 and φ uniform on the circle.

    Args:
        size: samples to train on.
        seed: of the draws.

    Attributes:
        covariance: [16, 16], float64: ½ E_f cos(2πf(t − s)/16); the mean is 0.
    """

    description = "sine waves of three frequencies and any phase"
    licence = "public domain"
    source = "drawn"

    def __init__(self, size: Count = 10_000, seed: Whole = 0) -> None:
        t = torch.arange(LENGTH, dtype=torch.float64)
        f = torch.arange(1, FREQUENCIES + 1, dtype=torch.float64)
        turns = f[:, None, None] * (t[:, None] - t) / LENGTH  # [f, t, s]
        self.covariance = (2 * math.pi * turns).cos().mean(dim=0) / 2
        space = Space((Leaf((1, LENGTH), "wave", channel_axis=1),))
        super().__init__("critics", space, _waves, size, seed, {"seed": seed})


def _waves(n: int, generator: torch.Generator) -> Sample:
    f = torch.randint(1, FREQUENCIES + 1, (n, 1, 1), generator=generator)
    phase = torch.rand(n, 1, 1, generator=generator, dtype=torch.float64)
    return (2 * math.pi * (f * torch.arange(LENGTH) / LENGTH + phase)).sin().float()


class WaveGenerator(Network):
    """One hidden layer; waves [B, 1, 16]."""

    output_layers = ("out",)

    def __init__(self, latent_dim: int, width: int) -> None:
        super().__init__()
        self.fc = nn.Linear(latent_dim, width)
        self.act = nn.Tanh()
        self.out = nn.Linear(width, LENGTH)

    def forward(self, z: Tensor) -> Tensor:
        return self.out(self.act(self.fc(z)))[:, None]


class WholeWave(nn.Module):
    """Looks at the wave as a whole: one logit, [B]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc = nn.Linear(LENGTH, width)
        self.act = nn.Tanh()
        self.out = nn.Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.act(self.fc(x[:, 0])))[:, 0]


class Local(nn.Module):
    """Looks at five places at a time: a logit for each of the 16, [B, 16]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, width, 5, padding=2)
        self.act = nn.Tanh()
        self.out = nn.Conv1d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.out(self.act(self.conv(x)))[:, 0]


class Periodic(nn.Module):
    """Folds the wave into rows of four and looks down the columns: [B, 4, 4]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, width, (3, 1), padding=(1, 0))
        self.act = nn.Tanh()
        self.out = nn.Conv2d(width, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        folded = x.unflatten(-1, (-1, PERIOD))  # [B, 1, L / 4, 4]
        return self.out(self.act(self.conv(folded)))[:, 0]


class WaveCritics(Network):
    """Three sub-critics; logits are a tuple."""

    input_layers = ("whole.fc", "local.conv", "periodic.conv")
    output_layers = ("whole.out", "local.out", "periodic.out")
    abilities = frozenset({"features"})
    feature_layers = ("whole.act", "local.act", "periodic.act")

    def __init__(self, width: int) -> None:
        super().__init__()
        self.whole = WholeWave(width)
        self.local = Local(width)
        self.periodic = Periodic(width)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.whole(x), self.local(x), self.periodic(x)


class Critics(Model):
    """A small generator of waves against three critics.

    Args:
        width: of the hidden layers.
        latent_dim: numbers in z.
    """

    def __init__(self, width: Count = 32, latent_dim: Count = 8) -> None:
        self.width, self.latent_dim = width, latent_dim

    def build(self, space: Space) -> Networks:
        return Networks(WaveGenerator(self.latent_dim, self.width), WaveCritics(self.width))
