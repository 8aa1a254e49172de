"""A GAN of eight Gaussians on a ring, with Lightning Fabric: python with_fabric.py."""

import argparse
import math

import torch
from lightning.fabric import Fabric
from torch import nn
from torch.nn.functional import softplus
from torch.utils.data import DataLoader, TensorDataset

import detente

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--precision", choices=["32-true", "bf16-mixed"], default="32-true")
args = parser.parse_args()


def ring(n):
    """Points [n, 2] of eight narrow Gaussians on a circle."""
    angle = torch.randint(8, (n,)) * math.pi / 4
    return torch.stack([angle.cos(), angle.sin()], dim=1) + 0.05 * torch.randn(n, 2)


def mlp(inputs, outputs, width=64):
    """Two hidden layers."""
    return nn.Sequential(
        nn.Linear(inputs, width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, width),
        nn.LeakyReLU(0.2),
        nn.Linear(width, outputs),
    )


fabric = Fabric(accelerator="cpu", devices=1, precision=args.precision)
fabric.launch()
fabric.seed_everything(0, verbose=False)
latent = 8
G, D = mlp(latent, 2), mlp(2, 1)
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))
reg_d = detente.attach(D, "r1(gamma=1, every=4) + lecam", optimizer=opt_d)
reg_g = detente.attach(G, "ema(half_life=50)", optimizer=opt_g, opponent=reg_d)
run_g, opt_g = fabric.setup(G, opt_g)
run_d, opt_d = fabric.setup(D, opt_d)
loader = DataLoader(TensorDataset(ring(64 * args.steps)), batch_size=64, shuffle=True)
loader = fabric.setup_dataloaders(loader)

for (real,) in loader:
    fake = run_g(torch.randn(len(real), latent, device=fabric.device))

    opt_d.zero_grad()
    with reg_d.turn(real, fake) as t:
        d_real, d_fake = run_d(t.real), run_d(t.fake)
        loss_d = softplus(-d_real).mean() + softplus(d_fake).mean() + t.penalty(d_real, d_fake)
    fabric.backward(loss_d)
    reg_d.step(optimizer=opt_d)

    opt_g.zero_grad()
    loss_g = softplus(-run_d(fake)).mean()
    fabric.backward(loss_g)
    reg_g.step(optimizer=opt_g)

sampler = reg_g.deployed()
x = ring(256).requires_grad_()
(slope,) = torch.autograd.grad(D(x).sum(), x)
with torch.no_grad():
    radius = sampler(torch.randn(512, latent, generator=torch.Generator().manual_seed(1))).norm(dim=1)
print(f"loss_d {loss_d.item():.4f}  slope {slope.square().sum(1).mean().item():.5f}  radius {radius.mean().item():.5f}")
