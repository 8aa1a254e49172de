"""Spectral normalization: layers that are 1-Lipschitz."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Layer, Reparametrization, Where, layers, reparametrize, rows
from detente.engine.options import Count
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment
from detente.engine.streams import Stream

_EPS = 1e-12


class SpectralNorm(Regularizer):
    r"""Divides every weight by its largest singular value.

    W̄ = W / σ(W),  σ(W) ≈ uᵀWv      (Miyato et al. 2018, eq. 8 and algorithm 1)

    W is the weight reshaped to [outputs, rest]. For a convolution this is the paper's norm, not the norm of the
    operator, which can be up to √(kh·kw) times larger. A forward pass changes no state: u and v are iterated in
    `adjust_weights`, so that extra forward passes change nothing; the paper makes one iteration at every forward pass,
    about three per update. A weight of zeros has no direction and starts at random instead. Gradients flow through σ
    with u, v constant. The deployed network has u, v iterated to convergence. It has no inactive setting.

    Args:
        iterations: power iterations per update.
        where: glob patterns of layer names; None for all layers, including output layers.

    Raises:
        UsageError: no layer matches.
    """

    bounds_critic = True
    normalizes_weights = True

    def __init__(self, iterations: Count = 3, where: Where = None) -> None:
        super().__init__()
        self.iterations, self.where = iterations, where
        self._pairs: list[tuple[_Sigma, Tensor]] = []

    def rewrite(self, net: nn.Module) -> None:
        for layer in layers(net, self.where):
            child = self.name if layer.weight_name == "weight" else f"{self.name}_{layer.weight_name}"
            sigma = _Sigma(layer)
            reparametrize(layer, child, sigma)
            self._pairs.append((sigma, layer.weight))

    @torch.no_grad()
    def attach(self, net: nn.Module) -> None:
        for sigma, weight in self._pairs:
            if not weight.any():
                draws = Stream(0).at("spectral-norm", sigma.purpose, "start").generator()
                weight.copy_(torch.randn(weight.shape, generator=draws))
        self._iterate(15)

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        self._iterate(self.iterations)

    def _iterate(self, times: int) -> None:
        """Power iterations of all weights: v ← Wᵀu / ‖Wᵀu‖, u ← Wv / ‖Wv‖."""
        us, vs = [sigma.u for sigma, _ in self._pairs], [sigma.v for sigma, _ in self._pairs]
        matrices = [sigma.matrix(weight.detach()) for sigma, weight in self._pairs]
        transposed = [W.t() for W in matrices]
        for _ in range(times):
            _multiply(transposed, us, vs)
            _multiply(matrices, vs, us)

    @torch.no_grad()
    def settle(self, net: nn.Module) -> None:
        own = {sigma.purpose for sigma, _ in self._pairs}
        for module in net.modules():
            for child in module.children():
                if isinstance(child, _Sigma) and child.purpose in own:
                    child.settle(module._parameters[child.purpose.rpartition(".")[2]])


def _multiply(matrices: list[Tensor], vectors: list[Tensor], into: list[Tensor]) -> None:
    """The products, at length 1."""
    for W, vector, product in zip(matrices, vectors, into, strict=True):
        torch.mv(W, vector, out=product)
    norms = torch._foreach_norm(into)
    torch._foreach_clamp_min_(norms, _EPS)
    torch._foreach_div_(into, norms)


class _Sigma(Reparametrization):
    u: Tensor
    v: Tensor

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self.out_axis, self.groups, self.purpose = layer.out_axis, layer.groups, f"{layer.name}.{layer.weight_name}"
        outputs, rest = self.matrix(layer.weight).shape
        # The same start whatever else draws: it is keyed by the weight's name.
        draws = Stream(0).at("spectral-norm", self.purpose).generator()
        self.register_buffer("u", nn.functional.normalize(torch.randn(outputs, generator=draws), dim=0))
        self.register_buffer("v", nn.functional.normalize(torch.randn(rest, generator=draws), dim=0))

    def matrix(self, weight: Tensor) -> Tensor:
        """W as [outputs, rest]."""
        filters = rows(weight, self.out_axis, self.groups)
        return filters if filters.dim() == 2 else filters.flatten(1)

    def forward(self, weight: Tensor) -> Tensor:
        matrix = self.matrix(weight)
        return weight / torch.dot(self.u, torch.mv(matrix, self.v))

    def settle(self, weight: Tensor | None) -> None:
        """The singular vectors themselves."""
        assert weight is not None, "a registered weight exists"
        left, _, right = torch.linalg.svd(self.matrix(weight), full_matrices=False)
        self.u.copy_(left[:, 0])
        self.v.copy_(right[0])
