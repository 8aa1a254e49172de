"""A GAN of eight Gaussians on a ring, as a LightningModule with manual optimization: python lightning_manual.py."""

import argparse
import math

import lightning as L
import torch
from torch import nn
from torch.nn.functional import softplus
from torch.utils.data import DataLoader, TensorDataset

import detente

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=300)
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


class GAN(L.LightningModule):
    """Latents [B, 8] to points [B, 2]."""

    def __init__(self, latent=8, lr=1e-3):
        super().__init__()
        self.automatic_optimization = False
        self.latent, self.lr = latent, lr
        self.G, self.D = mlp(latent, 2), mlp(2, 1)

    def forward(self, z):
        return self.G(z)

    def training_step(self, batch, index):
        (real,) = batch
        opt_g, opt_d = self.optimizers()
        fake = self(torch.randn(len(real), self.latent, device=self.device))

        with self.reg_d.turn(real, fake) as t:
            d_real, d_fake = self.D(t.real), self.D(t.fake)
            loss_d = softplus(-d_real).mean() + softplus(d_fake).mean() + t.penalty(d_real, d_fake)
        opt_d.zero_grad()
        self.manual_backward(loss_d)
        self.reg_d.step(optimizer=opt_d)

        loss_g = softplus(-self.D(fake)).mean()
        opt_g.zero_grad()
        self.manual_backward(loss_g)
        self.reg_g.step(optimizer=opt_g)
        self.log_dict({"loss_d": loss_d.detach(), "loss_g": loss_g.detach()}, prog_bar=True)

    def configure_optimizers(self):
        opt_g = torch.optim.Adam(self.G.parameters(), lr=self.lr, betas=(0.5, 0.9))
        opt_d = torch.optim.Adam(self.D.parameters(), lr=self.lr, betas=(0.5, 0.9))
        self.reg_d = detente.attach(self.D, "r1(gamma=1, every=4) + lecam", optimizer=opt_d)
        self.reg_g = detente.attach(self.G, "ema(half_life=50)", optimizer=opt_g, opponent=self.reg_d)
        return opt_g, opt_d

    def on_fit_end(self):
        self.sampler = self.reg_g.deployed()


L.seed_everything(0, verbose=False)
model = GAN()
loader = DataLoader(TensorDataset(ring(64 * args.steps // 2)), batch_size=64, shuffle=True)
trainer = L.Trainer(
    accelerator="cpu",
    max_steps=2 * args.steps,  # Lightning counts the steps of both optimizers
    logger=False,
    enable_checkpointing=False,
    enable_progress_bar=False,
    enable_model_summary=False,
)
trainer.fit(model, loader)

x = ring(256).requires_grad_()
(slope,) = torch.autograd.grad(model.D(x).sum(), x)
with torch.no_grad():
    radius = model.sampler(torch.randn(512, 8, generator=torch.Generator().manual_seed(1))).norm(dim=1)
print(
    f"steps {trainer.global_step}  slope {slope.square().sum(1).mean().item():.5f}  radius {radius.mean().item():.5f}"
)
