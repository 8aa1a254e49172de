"""A small vocoder in the manner of HiFi-GAN: multi-period and multi-scale critics, feature matching, mel loss."""

import argparse
import itertools

import torch
from torch import nn
from torch.nn import functional as F

import detente

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=100)
parser.add_argument("--batch", type=int, default=8)
args = parser.parse_args()
LENGTH, HOP, WINDOW, BANDS = 1024, 64, 256, 20


def tones(n):
    """Waves [n, 1, LENGTH] of three harmonics with a random pitch and envelope."""
    time, pitch = torch.arange(LENGTH) / 8000, 100 + 200 * torch.rand(n, 1)
    wave = sum((2 * torch.pi * k * pitch * time + 6 * torch.rand(n, 1)).sin() / k for k in (1, 2, 3))
    return (wave * torch.rand(n, 1) * 0.5).unsqueeze(1)


def bands():
    """A mel filter bank [BANDS, WINDOW // 2 + 1] of triangles."""
    mel = torch.linspace(0, 2595 * torch.log10(torch.tensor(1 + 4000 / 700)), BANDS + 2)
    edge = 700 * (10 ** (mel / 2595) - 1)
    f = torch.linspace(0, 4000, WINDOW // 2 + 1)
    up, down = [(f - a[:, None]) / (b - a)[:, None] for a, b in ((edge[:-2], edge[1:-1]), (edge[2:], edge[1:-1]))]
    return torch.minimum(up, down).clamp(min=0)


FILTERS, HANN = bands(), torch.hann_window(WINDOW)


def mel(wave):
    """Log-mels [B, BANDS, LENGTH // HOP]."""
    spectrum = torch.stft(wave.squeeze(1), WINDOW, HOP, window=HANN, return_complex=True).abs()[..., :-1]
    return (FILTERS @ spectrum).clamp(min=1e-5).log()


class Generator(nn.Sequential):
    """Log-mels to waves: 8 × 8 times as long."""

    def __init__(self, width=32):
        layers = [nn.Conv1d(BANDS, width, 7, padding=3)]
        for _ in range(2):
            layers += [nn.LeakyReLU(0.1), nn.ConvTranspose1d(width, width // 2, 16, 8, padding=4)]
            width //= 2
        super().__init__(*layers, nn.LeakyReLU(0.1), nn.Conv1d(width, 1, 7, padding=3), nn.Tanh())


class Critic(nn.Module):
    """One part of a discriminator: the wave folded by its period, or pooled by its scale."""

    def __init__(self, fold, width=16):
        super().__init__()
        self.fold = fold
        self.layers = nn.ModuleList([nn.Conv2d(1, width, (5, 1), (3, 1)), nn.Conv2d(width, width, (5, 1), (3, 1))])
        self.out = nn.Conv2d(width, 1, (3, 1))

    def forward(self, wave):
        h, features = self.fold(wave), []
        for layer in self.layers:
            h = F.leaky_relu(layer(h), 0.1)
            features.append(h)
        return self.out(h).flatten(1), features


class Discriminator(nn.ModuleList):
    """All parts: their logits and their features."""

    def forward(self, wave):
        logits, features = zip(*(part(wave) for part in self), strict=True)
        return list(logits), list(features)


torch.manual_seed(0)
G = Generator()
mpd = Discriminator(Critic(lambda w, p=p: w[..., : LENGTH // p * p].unflatten(2, (-1, p))) for p in (2, 3, 5))
msd = Discriminator(Critic(lambda w, s=s: F.avg_pool1d(w, s).unsqueeze(3)) for s in (1, 2))
opt_g = torch.optim.AdamW(G.parameters(), lr=2e-3, betas=(0.8, 0.99))
opt_d = torch.optim.AdamW(itertools.chain(mpd.parameters(), msd.parameters()), lr=2e-3, betas=(0.8, 0.99))
reg_d = detente.attach([mpd, msd], "r1(gamma=10, every=4) + clip-norm", optimizer=opt_d)
reg_g = detente.attach(G, "ema(half_life=20)", optimizer=opt_g, opponent=reg_d)
schedules = [torch.optim.lr_scheduler.ExponentialLR(opt, gamma=0.999) for opt in (opt_g, opt_d)]

for _ in range(args.steps):
    wave = tones(args.batch)
    fake = G(mel(wave))

    opt_d.zero_grad()
    with reg_d.turn(wave, fake) as t:
        real_p, real_s, fake_p, fake_s = mpd(t.real)[0], msd(t.real)[0], mpd(t.fake)[0], msd(t.fake)[0]
        penalty = t.penalty(real_p + real_s, fake_p + fake_s)
    pairs = zip(real_p + real_s, fake_p + fake_s, strict=True)
    loss_d = penalty + sum(((1 - r) ** 2).mean() + (f**2).mean() for r, f in pairs)
    loss_d.backward()
    reg_d.step()

    opt_g.zero_grad()
    loss_g = 45 * F.l1_loss(mel(fake), mel(wave))
    for critic in (mpd, msd):
        (logits, features), (_, targets) = critic(fake), critic(wave)
        loss_g = loss_g + sum(((1 - d) ** 2).mean() for d in logits)
        for own, there in zip(itertools.chain(*features), itertools.chain(*targets), strict=True):
            loss_g = loss_g + 2 * F.l1_loss(own, there.detach())
    loss_g.backward()
    reg_g.step()
    for schedule in schedules:
        schedule.step()

sampler, wave = reg_g.deployed(), tones(32).requires_grad_()
(slope,) = torch.autograd.grad(sum(d.mean(1).sum() for d in mpd(wave)[0] + msd(wave)[0]), wave)
with torch.no_grad():
    error = F.l1_loss(mel(sampler(mel(wave))), mel(wave))
print(f"loss_d {loss_d.item():.4f}  slope {slope.square().sum((1, 2)).mean().item():.6f}  error {error.item():.5f}")
