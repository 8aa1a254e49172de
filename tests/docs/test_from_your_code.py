"""docs/how-to/from-your-code.md: the formula of each codebase, written here in a few lines, against ours."""

import copy
import math
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from detente.engine.absent import Tensors
from detente.engine.sample import each
from detente.loops import attach

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "from-your-code.md"
F64 = torch.float64
REAL, FAKE = (torch.randn(6, 1, 4, 4, dtype=F64, generator=torch.Generator().manual_seed(i)) for i in (0, 1))
Z = torch.randn(6, 3, dtype=F64, generator=torch.Generator().manual_seed(2))


class Critic(nn.Module):
    """Two convolutions and a smooth activation, [B, 1, 4, 4] to [B]."""

    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Conv2d(1, 4, 3, dtype=F64), nn.Conv2d(4, 1, 2, dtype=F64)

    def forward(self, x):
        return self.two(self.one(x).tanh()).flatten()


def critic():
    torch.manual_seed(3)
    return Critic()


def squares(D, x):
    """‖∇D‖² of each sample, [B]."""
    x = x.detach().requires_grad_()
    (grad,) = torch.autograd.grad(D(x).sum(), x)
    return grad.square().sum([1, 2, 3])


def two_sided(D, x):
    return (squares(D, x).sqrt() - 1).square().mean()


PENALTIES = [
    # The name in the first column of the page, our chain, their value. A mix of reals with themselves is real.
    ("StyleGAN2-ADA", "r1(gamma=10, every=16)", lambda D: (squares(D, REAL) * (10 / 2)).mean() * 16),
    ("StyleGAN3", "r1(gamma=10, every=16)", lambda D: (squares(D, REAL) * (10 / 2)).mean() * 16),
    ("rosinality/stylegan2-pytorch", "r1(gamma=10, every=16)", lambda D: 10 / 2 * squares(D, REAL).mean() * 16),
    ("R3GAN", "r1(gamma=1) + r2(gamma=1)", lambda D: (0.5 * (squares(D, REAL) + squares(D, FAKE))).mean()),
    ("GAN_stability", "r1(gamma=20)", lambda D: 10 * squares(D, REAL).mean()),
    ("GAN_stability", "r2(gamma=20)", lambda D: 10 * squares(D, FAKE).mean()),
    ("StudioGAN", "r1(gamma=10)", lambda D: 10 * (0.5 * squares(D, REAL).mean())),
    ("StudioGAN", "max-gp(weight=10)", lambda D: 10 * squares(D, REAL).max()),
    ("improved_wgan_training", "gradient-penalty(weight=10)", lambda D: 10 * two_sided(D, REAL)),
    ("mimicry", "gradient-penalty(weight=10)", lambda D: two_sided(D, REAL) * 10.0),
    ("torchgan", "gradient-penalty(weight=10)", lambda D: 10 * two_sided(D, REAL)),
    (
        "pytorch-CycleGAN-and-pix2pix",
        "gradient-penalty(weight=10)",
        lambda D: 10 * ((squares(D, REAL) + 1e-16).sqrt() - 1).square().mean(),
    ),
    ("CTGAN", "gradient-penalty(weight=10)", lambda D: 10 * two_sided(D, REAL)),
    ("lightweight-gan", "gradient-penalty(weight=2.5, points=real, every=4)", lambda D: 10 * two_sided(D, REAL)),
    (
        "WGAN-LP",
        "gradient-penalty(weight=10, one_sided=true)",
        lambda D: 10 * (squares(D, REAL).sqrt() - 1).clamp(min=0).square().mean(),
    ),
    ("GANs with 0-GP", "zero-centred-gp(weight=100)", lambda D: 100 * squares(D, REAL).mean()),
    ("dragan-pytorch", "dragan(weight=10, scale=0)", lambda D: 10 * two_sided(D, REAL)),
    ("progressive_growing_of_gans", "drift(weight=0.001)", lambda D: 0.001 * D(REAL).square().mean()),
    ("compare_gan", "cr(weight=10)", lambda D: 10 * (D(REAL.flip(-1)) - D(REAL)).square().mean()),
]


@pytest.mark.parametrize(("codebase", "ours", "theirs"), PENALTIES, ids=lambda v: v if isinstance(v, str) else "")
def test_a_penalty_has_the_value_that_the_codebase_gives_it(codebase, ours, theirs):
    D = critic()
    reg = attach(
        D, ours, optimizer=torch.optim.SGD(D.parameters(), 0.1), domain=Tensors({"flip": lambda x, g: x.flip(-1)})
    )
    with reg.turn(REAL, FAKE if "r2" in ours else REAL) as t:
        value = t.penalty(D(t.real), D(t.fake))
    assert value.item() == pytest.approx(theirs(D).item(), rel=1e-6)


@pytest.mark.parametrize("codebase", ["LeCam-GAN", "StudioGAN"])
def test_lecam_has_the_value_of_the_released_code_at_the_same_running_means(codebase):
    D = critic()
    reg = attach(D, "lecam(weight=0.3, one_sided=true)", optimizer=torch.optim.SGD(D.parameters(), 0.0))
    for real, fake in ((REAL, FAKE), (FAKE, REAL)):  # the first sets the means
        with reg.turn(real, fake) as t:
            value = t.penalty(D(t.real), D(t.fake))
        (value + D(real).mean()).backward()
        reg.step()
    mean_real, mean_fake = D(REAL).mean(), D(FAKE).mean()
    theirs = 0.3 * ((D(FAKE) - mean_fake).relu().square().mean() + (mean_real - D(REAL)).relu().square().mean())
    assert value.item() == pytest.approx(theirs.item(), rel=1e-6)


class Shifted(Tensors):
    """Its noise is 1 everywhere, so that both formulas have the same."""

    def noise_like(self, x, generator):
        return each(torch.ones_like, x)


def test_approximated_r1_has_the_value_of_fastgen():
    D = critic()
    how = {"optimizer": torch.optim.SGD(D.parameters(), 0.1), "domain": Shifted({})}
    reg = attach(D, "approx-r1(weight=100, std=0.01)", **how)
    with reg.turn(REAL, FAKE) as t:
        value = t.penalty(D(t.real), D(t.fake))
    theirs = 100 * (D(REAL) - D(REAL + 0.01)).square().mean()
    assert value.item() == pytest.approx(theirs.item(), rel=1e-6)


def test_mode_seeking_has_the_value_of_msgan():
    torch.manual_seed(4)
    G = nn.Linear(3, 5, dtype=F64)
    reg = attach(G, "mode-seeking(weight=1)", optimizer=torch.optim.SGD(G.parameters(), 0.1))
    with reg.turn(fake=G(Z), z=Z) as t:
        value = t.penalty()
    other = Z.roll(1, 0)
    ratio = (G(other) - G(Z)).abs().mean() / (other - Z).abs().mean()
    assert value.item() == pytest.approx((1 / (ratio + 1e-5)).item(), rel=1e-6)


def averaged(chain, decay_at, steps=40):
    """The average of weights after some updates, ours and theirs."""
    torch.manual_seed(4)
    G = nn.Linear(3, 5, dtype=F64)
    optimizer = torch.optim.SGD(G.parameters(), 0.1)
    reg, theirs = attach(G, chain, optimizer=optimizer, role="generator"), copy.deepcopy(G.weight.detach())
    for t in range(steps):
        optimizer.zero_grad()
        (G(Z).square().mean() + G(Z.roll(t, 1)).mean()).backward()
        reg.step()
        beta = decay_at(t)
        theirs = beta * theirs + (1 - beta) * G.weight.detach()
    return reg.deployed().weight, theirs


def half_life(decay):
    return math.log(0.5) / math.log(decay)


AVERAGES = [
    (
        "StyleGAN2-ADA",
        "ema(half_life=312.5, rampup=0.05)",
        lambda t: 0.5 ** (32 / max(min(10000, 32 * t * 0.05), 1e-8)),
    ),
    ("StyleGAN3", "ema(half_life=312.5, rampup=0.05)", lambda t: 0.5 ** (32 / max(min(10000, 32 * t * 0.05), 1e-8))),
    ("rosinality/stylegan2-pytorch", "ema(half_life=312.5, rampup=null)", lambda t: 0.5 ** (32 / (10 * 1000))),
    ("BigGAN-PyTorch", f"ema(half_life={half_life(0.9999):.1f}, rampup=null)", lambda t: 0.9999),
    ("GAN_stability", f"ema(half_life={half_life(0.999):.1f}, rampup=null)", lambda t: 0.999),
    ("FastGAN-pytorch", f"ema(half_life={half_life(0.999):.1f}, rampup=null)", lambda t: 0.999),
]


@pytest.mark.parametrize(("codebase", "ours", "decay"), AVERAGES, ids=lambda v: v if isinstance(v, str) else "")
def test_an_average_has_the_weights_that_the_codebase_gives_it(codebase, ours, decay):
    mine, theirs = averaged(ours, decay)
    assert torch.allclose(mine, theirs, rtol=1e-6, atol=1e-9)


def after_a_step(chain, optimizer=lambda p: torch.optim.SGD(p, lr=0.5)):
    """A critic before and after one step with large gradients."""
    D = critic()
    opt = optimizer(D.parameters())
    reg = attach(D, chain, optimizer=opt, role="discriminator")
    (100 * (D(REAL) - 2).square().mean()).backward()
    before = copy.deepcopy(D)
    for p, q in zip(before.parameters(), D.parameters(), strict=True):
        p.grad = q.grad.clone()
    reg.step()
    return before, D


def same(D, other, rtol=1e-6):
    for p, q in zip(D.parameters(), other.parameters(), strict=True):
        assert torch.allclose(p, q, rtol=rtol, atol=1e-9)


def test_clipping_by_norm_is_that_of_descript_audio_codec():
    before, after = after_a_step("clip-norm(max_norm=10)")
    assert nn.utils.clip_grad_norm_(before.parameters(), 10.0) > 10
    torch.optim.SGD(before.parameters(), lr=0.5).step()
    same(before, after)


def test_clipping_of_weights_is_that_of_wassersteingan():
    before, after = after_a_step("weight-clip(bound=0.01)")
    torch.optim.SGD(before.parameters(), lr=0.5).step()
    with torch.no_grad():
        for p in before.parameters():
            p.clamp_(-0.01, 0.01)
    same(before, after)


def test_adaptive_clipping_is_that_of_nfnets():
    before, after = after_a_step("adaptive-clip(ratio=0.01, where='*')")
    for p in before.parameters():
        dims = tuple(range(1, p.dim())) or None
        size = torch.linalg.vector_norm(p.detach(), dim=dims, keepdim=True).clamp(min=1e-3)
        norm = torch.linalg.vector_norm(p.grad, dim=dims, keepdim=True).clamp(min=1e-6)
        p.grad = torch.where(norm > 0.01 * size, p.grad * (0.01 * size / norm), p.grad)
    torch.optim.SGD(before.parameters(), lr=0.5).step()
    same(before, after)


def test_decay_of_weights_is_that_of_torchs_adamw():
    before, after = after_a_step("weight-decay(weight=0.01, where='*')", lambda p: torch.optim.Adam(p, lr=1e-3))
    torch.optim.AdamW(before.parameters(), lr=1e-3, weight_decay=0.01).step()
    same(before, after)


def test_orthogonality_is_that_of_biggan_pytorch():
    D = critic()
    reg = attach(D, "orthogonal(weight=5e-5)", optimizer=torch.optim.SGD(D.parameters(), 0.1), role="discriminator")
    with reg.turn(REAL) as t:
        t.penalty(D(t.real)).backward()
    for layer in (D.one, D.two):
        W = layer.weight.detach().flatten(1)
        theirs = 1e-4 * 2 * ((W @ W.T) * (1 - torch.eye(len(W), dtype=F64))) @ W
        assert torch.allclose(layer.weight.grad.flatten(1), theirs, rtol=1e-6, atol=1e-12)


def test_spectral_normalization_is_that_of_torch_when_both_have_converged():
    ours, theirs = critic(), critic()
    reg = attach(ours, "spectral-norm", optimizer=torch.optim.SGD(ours.parameters(), 0.0), role="discriminator")
    for name in ("one", "two"):
        nn.utils.parametrizations.spectral_norm(getattr(theirs, name), n_power_iterations=1)
    for _ in range(200):
        theirs(REAL)
        ours(REAL).sum().backward()
        reg.step()
    assert torch.allclose(ours(REAL), theirs(REAL), rtol=1e-6)


def test_weight_normalization_is_that_of_torch_as_in_hifi_gan():
    ours, theirs = critic(), critic()
    attach(ours, "weight-norm", optimizer=torch.optim.SGD(ours.parameters(), 0.1), role="discriminator")
    for name in ("one", "two"):
        nn.utils.parametrizations.weight_norm(getattr(theirs, name))
    for D in (ours, theirs):
        D(REAL).square().sum().backward()
    assert torch.allclose(ours(REAL), theirs(REAL), rtol=1e-9)
    g = theirs.one.parametrizations.weight.original0.grad.flatten()
    assert torch.allclose(ours.get_parameter("one.weight-norm.g").grad.flatten(), g, rtol=1e-6)


OTHERS = {
    "LeCam-GAN": "lecam(weight=0.3, one_sided=true)",
    "FastGen": "approx-r1(weight=100, std=0.01)",
    "MSGAN": "mode-seeking(weight=1)",
    "descript-audio-codec": "clip-norm(max_norm=10)",
    "WassersteinGAN": "weight-clip(bound=0.01)",
    "nfnets-pytorch": "adaptive-clip(ratio=0.01, where='*')",
    "torch's AdamW": "weight-decay(weight=0.01, where='*')",
    "BigGAN-PyTorch": "orthogonal(weight=5e-5)",
    "SNGAN": "spectral-norm",
    "HiFi-GAN": "weight-norm",
}


def rows():
    table = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    return [(first.strip(" `"), re.findall(r"`([^`]+)`", ours)) for _, first, _, ours, *_ in table[1:]]


def test_every_line_of_the_page_is_tested_and_the_other_way_round():
    tested = {(name, ours) for name, ours, _ in (*PENALTIES, *AVERAGES)} | set(OTHERS.items())
    tested.add(("StudioGAN", OTHERS["LeCam-GAN"]))
    shown = {(name, chain) for name, chains in rows() for chain in chains}
    # One codebase's chain stands in the page without an option that only the test needs.
    assert {(n, c.replace(", scale=0", "")) for n, c in tested} == shown
    assert len({name for name, _ in shown}) >= 20
