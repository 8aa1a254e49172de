"""A DCGAN in plain torch with mixed precision: python dcgan.py --steps 200."""

import argparse

import torch
from torch import nn
from torch.nn.functional import softplus

import detente

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=200)
parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
parser.add_argument("--half", choices=["float16", "bfloat16"], default="float16")
parser.add_argument("--accumulate", type=int, default=1)
args = parser.parse_args()
device, half = torch.device(args.device), getattr(torch, args.half)


def squares(n):
    """Images of 16 × 16 pixels with one bright square each."""
    top, left, size = (torch.randint(*bounds, (n, 1, 1)) for bounds in ((0, 8), (0, 8), (4, 9)))
    row, column = torch.arange(16).view(1, 16, 1), torch.arange(16).view(1, 1, 16)
    inside = (row >= top) & (row < top + size) & (column >= left) & (column < left + size)
    return (inside.float() * 2 - 1).unsqueeze(1).to(device)


class Generator(nn.Sequential):
    """Latents [B, 32, 1, 1] to images [B, 1, 16, 16]."""

    def __init__(self, latent=32, width=16):
        super().__init__(
            nn.ConvTranspose2d(latent, 2 * width, 4),
            nn.BatchNorm2d(2 * width),
            nn.ReLU(),
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            nn.ConvTranspose2d(width, 1, 4, stride=2, padding=1),
            nn.Tanh(),
        )


class Discriminator(nn.Sequential):
    """Images [B, 1, 16, 16] to logits [B, 1]."""

    def __init__(self, width=16):
        super().__init__(
            nn.Conv2d(1, width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(2 * width, 1, 4),
            nn.Flatten(),
        )


torch.manual_seed(0)
G, D = Generator().to(device), Discriminator().to(device)
opt_g = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))
scaler = torch.amp.GradScaler(device.type, enabled=half is torch.float16)
reg_d = detente.attach(D, "r1(gamma=1, every=4) + lecam + clip-norm", optimizer=opt_d)
reg_g = detente.attach(G, "ema(half_life=50)", optimizer=opt_g, opponent=reg_d)

for _ in range(args.steps):
    for _ in range(args.accumulate):
        real, z = squares(64), torch.randn(64, 32, 1, 1, device=device)
        with torch.autocast(device.type, half):
            fake = G(z).detach()
        with reg_d.turn(real, fake) as t, torch.autocast(device.type, half):
            d_real, d_fake = D(t.real).float(), D(t.fake).float()
            loss_d = softplus(-d_real).mean() + softplus(d_fake).mean() + t.penalty(d_real, d_fake)
        scaler.scale(loss_d / args.accumulate).backward()
    reg_d.step(scaler)
    opt_d.zero_grad()

    for _ in range(args.accumulate):
        z = torch.randn(64, 32, 1, 1, device=device)
        with torch.autocast(device.type, half):
            loss_g = softplus(-D(G(z)).float()).mean()
        scaler.scale(loss_g / args.accumulate).backward()
    reg_g.step(scaler)
    opt_g.zero_grad()
    opt_d.zero_grad()
    scaler.update()

sampler = reg_g.deployed()
x = squares(64).requires_grad_()
(slope,) = torch.autograd.grad(D(x).sum(), x)
with torch.no_grad():
    bright = (sampler(torch.randn(256, 32, 1, 1, device=device)) > 0).float().mean()
print(
    f"loss_d {loss_d.item():.4f}  slope {slope.square().sum((1, 2, 3)).mean().item():.6f}  bright {bright.item():.5f}"
)
