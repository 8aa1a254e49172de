"""A GAN of eight Gaussians on a ring, with accelerate and gradient accumulation: python with_accelerate.py."""

import argparse
import math

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.nn.functional import softplus
from torch.utils.data import DataLoader, TensorDataset

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=300)
parser.add_argument("--accumulate", type=int, default=2)
parser.add_argument("--precision", choices=["no", "bf16", "fp16"], default="no")
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


accelerator = Accelerator(mixed_precision=args.precision, gradient_accumulation_steps=args.accumulate, cpu=True)
set_seed(0)
latent = 8
G, D = mlp(latent, 2), mlp(2, 1)
opt_g = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.9))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.9))
data = TensorDataset(ring(32 * args.accumulate * args.steps))
loader = DataLoader(data, batch_size=32, shuffle=True)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(opt_d, args.steps, eta_min=1e-4)
run_g, run_d, opt_g, opt_d, loader, schedule = accelerator.prepare(G, D, opt_g, opt_d, loader, schedule)

for (real,) in loader:
    with accelerator.accumulate(run_d, run_g):
        z = torch.randn(len(real), latent, device=accelerator.device)
        with accelerator.autocast():
            fake = run_g(z)
            d_real, d_fake = run_d(real), run_d(fake.detach())
            loss_d = softplus(-d_real).mean() + softplus(d_fake).mean()
        accelerator.backward(loss_d)
        if accelerator.sync_gradients:
            accelerator.clip_grad_norm_(D.parameters(), 1.0)
        opt_d.step()
        schedule.step()
        opt_d.zero_grad()

        D.requires_grad_(False)  # its gradients of this loss would add up over the micro-batches
        with accelerator.autocast():
            loss_g = softplus(-run_d(fake)).mean()
        accelerator.backward(loss_g)
        if accelerator.sync_gradients:
            accelerator.clip_grad_norm_(G.parameters(), 1.0)
        opt_g.step()
        opt_g.zero_grad()
        D.requires_grad_(True)

sampler = G.eval()
x = ring(256).requires_grad_()
(slope,) = torch.autograd.grad(D(x).sum(), x)
with torch.no_grad():
    radius = sampler(torch.randn(512, latent, generator=torch.Generator().manual_seed(1))).norm(dim=1)
print(f"loss_d {loss_d.item():.4f}  slope {slope.square().sum(1).mean().item():.5f}  radius {radius.mean().item():.5f}")
