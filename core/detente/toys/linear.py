"""Games with a closed-form solution: a linear critic and a point, a quadratic critic and an affine generator."""

from typing import Annotated

import torch
from torch import Tensor, nn

from detente.domains.contracts import Evaluation, Metric, Model, Networks
from detente.domains.primary import Primary
from detente.engine.options import Count, Finite, Range, Whole
from detente.engine.sample import Leaf, Sample, Space
from detente.toys.data import Drawn
from detente.toys.domain import Toy, flat, flip


class Distance(Metric):
    """E‖x‖, the Wasserstein-1 distance between the samples and a point mass at the origin; 0 at best."""

    scores = {"distance": "lower"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return {"distance": flat(e.samples).double().norm(dim=1).mean().item()}


class DiracDomain(Toy):
    """The Dirac-GAN: a point on the line, data at 0      (Mescheder et al. 2018, definition 2.1)."""

    name = "dirac"
    primary = Primary("distance", "lower", protocol="mean distance of the samples to the origin")
    metrics = ("distance",)
    augmentations = {"flip": flip}


class BilinearDomain(Toy):
    """The Dirac-GAN in n dimensions: min over θ, max over ψ of −ψᵀθ, n copies of the game on the line."""

    name = "bilinear"
    primary = Primary("distance", "lower", protocol="mean distance of the samples to the origin")
    metrics = ("distance",)
    augmentations = {"flip": flip}


class _Origin(Drawn):
    """Zeros."""

    licence = "public domain"
    source = "constructed"

    def __init__(self, dim: int, size: int) -> None:
        super().__init__("origin", Space((Leaf((dim,)),)), lambda n, _: torch.zeros(n, dim), size, 0, {})


class DiracData(_Origin):
    """δ_0 on the line, [B, 1].

    Args:
        size: samples to train on, all of them 0.
    """

    description = "a point mass at 0"

    def __init__(self, size: Count = 1024) -> None:
        super().__init__(1, size)


class BilinearData(_Origin):
    """δ_0 in n dimensions, [B, n].

    Args:
        dim: n.
        size: samples to train on, all of them 0.
    """

    description = "a point mass at the origin"

    def __init__(self, dim: Count = 4, size: Count = 1024) -> None:
        super().__init__(dim, size)


class PointGenerator(nn.Module):
    """G(z) = θ: the latents are ignored; the parameter is the sample."""

    def __init__(self, theta: Tensor) -> None:
        super().__init__()
        self.theta = nn.Parameter(theta)  # [n]

    def forward(self, z: Tensor) -> Tensor:
        return self.theta.expand(z.shape[0], -1).contiguous()


class LinearCritic(nn.Module):
    """D(x) = ψᵀx, without a bias; `psi.weight` is [1, n]."""

    def __init__(self, psi: Tensor) -> None:
        super().__init__()
        self.psi = nn.Linear(psi.numel(), 1, bias=False)
        with torch.no_grad():
            self.psi.weight.copy_(psi)

    def forward(self, x: Tensor) -> Tensor:
        return self.psi(x)[:, 0]


class Point(Model):
    """G = θ against D(x) = ψᵀx.

    Args:
        theta: where the generator starts, in every coordinate.
        psi: the slope that the discriminator starts with, in every coordinate.
    """

    latent_dim = 1

    def __init__(self, theta: Finite = 1.0, psi: Finite = 1.0) -> None:
        self.theta, self.psi = theta, psi

    def build(self, space: Space) -> Networks:
        (n,) = space.leaves[0].shape
        return Networks(
            PointGenerator(torch.full((n,), float(self.theta))), LinearCritic(torch.full((n,), float(self.psi)))
        )


class LinearQuadraticDomain(Toy):
    r"""An affine generator against a quadratic critic on standard normal data.

    With z ~ N(0, 1): E D(G(z)) = w₂(a² + b²) + w₁b and E D(x) = w₂. The only equilibrium up to the sign of a is
    a = ±1, b = w₁ = w₂ = 0.

    R1 is γ/2 (w₁² + 4w₂²) and l2 on D is λ(w₁² + w₂²): on a linear critic the two are one, here they are not.
    """

    name = "linear-quadratic"
    primary = Primary("frechet", "lower", protocol="Fréchet distance to 2000 reference samples")
    metrics = ("frechet",)
    augmentations = {"flip": flip}


class LinearQuadraticData(Drawn):
    """N(0, 1), [B, 1]; every split is shifted and scaled to mean 0 and mean square 1.

    So the closed forms hold exactly for the full batch, up to the rounding of float32.

    Args:
        size: samples to train on, at least 2.
        seed: of the draws.
    """

    description = "a standard normal variable"
    licence = "public domain"
    source = "drawn"

    def __init__(self, size: Annotated[int, Range(least=2)] = 10_000, seed: Whole = 0) -> None:
        told = {"size": size, "seed": seed}
        super().__init__("linear-quadratic", Space((Leaf((1,)),)), _standardized, size, seed, told)


def _standardized(n: int, generator: torch.Generator) -> Sample:
    x = torch.randn(n, 1, generator=generator, dtype=torch.float64)
    x = x - x.mean()
    return x / x.square().mean().sqrt()


class AffineGenerator(nn.Module):
    """G(z) = az + b, with a = `affine.weight` [1, 1] and b = `affine.bias` [1]."""

    def __init__(self, a: float, b: float) -> None:
        super().__init__()
        self.affine = nn.Linear(1, 1)
        nn.init.constant_(self.affine.weight, a)
        nn.init.constant_(self.affine.bias, b)

    def forward(self, z: Tensor) -> Tensor:
        return self.affine(z)


class QuadraticCritic(nn.Module):
    """D(x) = w₂x² + w₁x, with (w₁, w₂) = `w.weight` [1, 2]."""

    def __init__(self, w1: float, w2: float) -> None:
        super().__init__()
        self.w = nn.Linear(2, 1, bias=False)
        with torch.no_grad():
            self.w.weight.copy_(torch.tensor([[w1, w2]]))

    def forward(self, x: Tensor) -> Tensor:
        return self.w(torch.cat([x, x * x], dim=1))[:, 0]


class LinearQuadratic(Model):
    """G(z) = az + b against D(x) = w₂x² + w₁x.

    Args:
        a, b: what the generator starts with.
        w1, w2: what the discriminator starts with.
    """

    latent_dim = 1

    def __init__(self, a: Finite = 0.5, b: Finite = 1.0, w1: Finite = 1.0, w2: Finite = 0.5) -> None:
        self.a, self.b, self.w1, self.w2 = a, b, w1, w2

    def build(self, space: Space) -> Networks:
        return Networks(AffineGenerator(self.a, self.b), QuadraticCritic(self.w1, self.w2))
