"""Spectral normalization: layers that are 1-Lipschitz."""

import torch
from torch import Tensor, nn

from detente.engine.layers import Reparametrization, Where, layers, reparametrize
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment
from detente.engine.streams import Stream
from detente.errors import UsageError

_EPS = 1e-12


class SpectralNorm(Regularizer):
    r"""Divides every weight by its largest singular value.

    W̄ = W / σ(W),  σ(W) ≈ uᵀWv      (Miyato et al. 2018, eq. 8 and algorithm 1)

    W is the weight reshaped to [outputs, rest]. For a convolution this is the paper's norm, not the norm of the
    operator, which can be up to √(kh·kw) times larger. A forward pass changes no state: u and v get one power iteration
    per update, in `adjust_weights`, so that extra forward passes change nothing; the paper iterates at every forward
    pass. Gradients flow through σ with u, v constant. The deployed network has u, v iterated to convergence. It has no
    inactive setting.

    Args:
        where: glob patterns of layer names; None for all layers, including output layers.

    Raises:
        UsageError: no layer matches, or a weight is all zeros and has no direction to normalize.
    """

    bounds_critic = True
    normalizes_weights = True

    def __init__(self, where: Where = None) -> None:
        super().__init__()
        self.where = where
        self._pairs: list[tuple[_Sigma, Tensor]] = []

    def rewrite(self, net: nn.Module) -> None:
        for layer in layers(net, self.where):
            child = self.name if layer.weight_name == "weight" else f"{self.name}_{layer.weight_name}"
            sigma = _Sigma(layer.weight, layer.out_axis, f"{layer.name}.{layer.weight_name}")
            reparametrize(layer, child, sigma)
            self._pairs.append((sigma, layer.weight))

    @torch.no_grad()
    def attach(self, net: nn.Module) -> None:
        for sigma, weight in self._pairs:
            if not weight.any():
                raise UsageError(
                    f"spectral-norm: {sigma.purpose} is all zeros and has no largest singular value; exclude it "
                    "with where=, or initialize it."
                )
        for _ in range(15):
            self._iterate()

    def adjust_weights(self, net: nn.Module, m: Moment) -> None:
        self._iterate()

    def _iterate(self) -> None:
        """One power iteration of all weights: v ← Wᵀu / ‖Wᵀu‖, u ← Wv / ‖Wv‖."""
        us, vs = [sigma.u for sigma, _ in self._pairs], [sigma.v for sigma, _ in self._pairs]
        matrices = [sigma.matrix(weight.detach()) for sigma, weight in self._pairs]
        _set_normalized(vs, [torch.mv(W.t(), u) for W, u in zip(matrices, us, strict=True)])
        _set_normalized(us, [torch.mv(W, v) for W, v in zip(matrices, vs, strict=True)])

    @torch.no_grad()
    def settle(self, net: nn.Module) -> None:
        own = {sigma.purpose for sigma, _ in self._pairs}
        for module in net.modules():
            for child in module.children():
                if isinstance(child, _Sigma) and child.purpose in own:
                    child.settle(module._parameters[child.purpose.rpartition(".")[2]])


def _set_normalized(vectors: list[Tensor], values: list[Tensor]) -> None:
    norms = torch._foreach_norm(values)
    torch._foreach_clamp_min_(norms, _EPS)
    torch._foreach_div_(values, norms)
    torch._foreach_copy_(vectors, values)


class _Sigma(Reparametrization):
    u: Tensor
    v: Tensor

    def __init__(self, weight: Tensor, out_axis: int, purpose: str) -> None:
        super().__init__()
        self.out_axis, self.purpose = out_axis, purpose
        rows, columns = self.matrix(weight).shape
        # The same start whatever else draws: it is keyed by the weight's name.
        draws = Stream(0).at("spectral-norm", purpose).generator()
        self.register_buffer("u", nn.functional.normalize(torch.randn(rows, generator=draws), dim=0))
        self.register_buffer("v", nn.functional.normalize(torch.randn(columns, generator=draws), dim=0))

    def matrix(self, weight: Tensor) -> Tensor:
        """W as [outputs, rest]."""
        rows_first = weight if self.out_axis == 0 else weight.movedim(self.out_axis, 0)
        return rows_first if rows_first.dim() == 2 else rows_first.flatten(1)

    def forward(self, weight: Tensor) -> Tensor:
        matrix = self.matrix(weight)
        return weight / torch.dot(self.u, torch.mv(matrix, self.v))

    def settle(self, weight: Tensor | None) -> None:
        """The singular vectors themselves."""
        assert weight is not None, "a registered weight exists"
        left, _, right = torch.linalg.svd(self.matrix(weight), full_matrices=False)
        self.u.copy_(left[:, 0])
        self.v.copy_(right[0])
