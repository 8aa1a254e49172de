"""Networks that are no stack of layers: each regularizer reaches what it says, or a sentence names what it does not."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from detente.checks import Finding, findings, tried
from detente.engine.chain import chain
from detente.engine.game import Game
from detente.engine.objectives import NonSaturating
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Batch
from detente.errors import UsageError
from detente.regularizers import (
    EMA,
    L2,
    R1,
    AdaptiveClip,
    BatchNorm,
    Dropout,
    MinibatchStddev,
    Orthogonal,
    SpectralNorm,
    WeightClip,
    WeightNorm,
)
from detente.testing.probe import Plain

WIDTH = 6
ALL = [SpectralNorm, WeightNorm, Dropout, BatchNorm, Orthogonal, L2, WeightClip, AdaptiveClip, EMA, R1]
INSERTING = [SpectralNorm, WeightNorm, Dropout, BatchNorm]


class Inner(nn.Module):
    """A forward of the test's own, over layers of the test's own."""

    def __init__(self, run, **layers: nn.Module) -> None:
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, h):
        return self.run(self, h)


def linear() -> nn.Linear:
    return nn.Linear(WIDTH, WIDTH)


def tied() -> Inner:
    net = Inner(lambda s, h: s.b(F.relu(s.a(h))), a=linear(), b=linear())
    net.b.weight = net.a.weight
    return net


def two_names() -> Inner:
    a = linear()
    return Inner(lambda s, h: s.alias(F.relu(s.a(h))), a=a, alias=a)


def checkpointed() -> Inner:
    return Inner(lambda s, h: checkpoint(lambda x: s.b(F.relu(s.a(x))), h, use_reentrant=False), a=linear(), b=linear())


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w):
        ctx.save_for_backward(x, w)
        return x @ w.T

    @staticmethod
    def backward(ctx, *grads):
        (x, w), (grad,) = ctx.saved_tensors, grads
        return grad @ w, grad.T @ x


COVERED = {
    "one weight in two layers": tied,
    "one layer called twice": lambda: Inner(lambda s, h: s.a(F.relu(s.a(h))), a=linear()),
    "one layer under two names": two_names,
    "functional_call": lambda: Inner(
        lambda s, h: torch.func.functional_call(s.a, {"weight": 2 * s.a.weight, "bias": s.a.bias}, (h,)), a=linear()
    ),
    "bilinear": lambda: Inner(lambda s, h: s.a(h, h.tanh()), a=nn.Bilinear(WIDTH, WIDTH, WIDTH)),
}
IDLE = {
    "a branch that is not taken": (
        lambda: Inner(lambda s, h: s.d["used"](h), d=nn.ModuleDict({"used": linear(), "other": linear()})),
        "d.other",
    ),
    "a weight in einsum": (
        lambda: Inner(lambda s, h: torch.einsum("bc,dc->bd", h, s.a.weight[:, :, 0]), a=nn.Conv1d(WIDTH, WIDTH, 1)),
        "a",
    ),
    "a function of one's own": (
        lambda: Inner(lambda s, h: _Product.apply(h, s.a.weight), a=linear()),
        "a",
    ),
    "attention with other keys": (
        lambda: Inner(
            lambda s, h: s.a(h[:, None], h[:, None], h[:, None], need_weights=False)[0][:, 0],
            a=nn.MultiheadAttention(WIDTH, 2, kdim=WIDTH, vdim=WIDTH, batch_first=True),
        ),
        "a.out_proj",
    ),
    "forward called by name": (lambda: Inner(lambda s, h: s.a.forward(h), a=linear()), "a"),
    "attention in an encoder": (
        lambda: Inner(lambda s, h: s.a(h[:, None])[:, 0], a=nn.TransformerEncoderLayer(WIDTH, 2, 8, batch_first=True)),
        "a.self_attn.out_proj",
    ),
}
UNCOVERED = {
    "gru": (
        lambda: Inner(lambda s, h: s.a(h[:, None])[0][:, 0], a=nn.GRU(WIDTH, WIDTH, batch_first=True)),
        "a.weight_ih_l0",
    ),
    "bare parameter": (lambda: Inner(lambda s, h: h @ s.a[0], a=nn.ParameterList([torch.eye(WIDTH)])), "a.0"),
    "bag": (
        lambda: Inner(lambda s, h: h + s.a(torch.zeros(1, 3, dtype=torch.long)), a=nn.EmbeddingBag(5, WIDTH)),
        "a.weight",
    ),
    "rnn": (
        lambda: Inner(lambda s, h: s.a(h[:, None])[0][:, 0], a=nn.RNN(WIDTH, WIDTH, batch_first=True)),
        "a.weight_ih_l0",
    ),
    "parameters by name": (
        lambda: Inner(lambda s, h: h @ s.a["w"], a=nn.ParameterDict({"w": torch.eye(WIDTH)})),
        "a.w",
    ),
    "torch's orthogonal": (
        lambda: Inner(lambda s, h: s.a(h), a=nn.utils.parametrizations.orthogonal(linear())),
        "a.parametrizations.weight.original",
    ),
}


def game(inner: nn.Module, *regularizers: Regularizer) -> Game:
    def adam(parameters):
        return torch.optim.Adam(parameters, lr=1e-3)

    torch.manual_seed(0)
    critic = nn.Sequential(nn.Linear(2, WIDTH), inner, nn.Linear(WIDTH, 1), nn.Flatten(0))
    return Game(
        Player("generator", nn.Linear(3, 2), adam),
        Player("discriminator", critic, adam, chain(*regularizers)),
        NonSaturating(),
        Plain(),
        lambda n, rng: torch.randn(n, 3, generator=rng),
    )


BATCH = [Batch(torch.randn(6, 2, generator=torch.Generator().manual_seed(1)))]


def found(inner: nn.Module, *regularizers: Regularizer) -> list[Finding]:
    one = game(inner, *regularizers)
    return findings(one, trial=tried(one, BATCH))


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("shape", COVERED)
def test_what_calls_its_layers_has_no_finding(shape, make):
    assert {f.code for f in found(COVERED[shape](), make())} <= {"l2-under-adam"}


@pytest.mark.parametrize("make", INSERTING)
@pytest.mark.parametrize("shape", IDLE)
def test_what_borrows_a_weight_is_refused_with_the_layer(shape, make):
    build, layer = IDLE[shape]
    (finding,) = [f for f in found(build(), make()) if f.code == "layer-never-runs"]
    assert finding.level == "refuse" and f"1.{layer}" in finding.what


@pytest.mark.parametrize("make", [SpectralNorm, WeightNorm])
@pytest.mark.parametrize("shape", UNCOVERED)
def test_weights_of_no_known_layer_are_named(shape, make):
    build, weight = UNCOVERED[shape]
    (finding,) = [f for f in found(build(), make()) if f.code == "uncovered-weights"]
    assert f"1.{weight}" in finding.what


@pytest.mark.parametrize("shape", COVERED)
def test_every_weight_that_is_computed_with_has_spectral_norm_1(shape):
    """By the layer's own response to a basis, whatever way its weight took to get there."""
    if shape in ("functional_call", "bilinear"):
        pytest.skip("not a plain linear layer")
    net = COVERED[shape]()
    seen = []
    with torch.no_grad():
        net.a.weight.copy_(torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(0)) * 3)
    one = game(net, SpectralNorm(where="1.*", iterations=300))
    one.step(*BATCH)
    for layer in {net.a, getattr(net, "b", net.a)}:
        with torch.no_grad():
            seen.append(layer(torch.eye(WIDTH)) - layer(torch.zeros(1, WIDTH)))
    assert all(torch.linalg.matrix_norm(W, 2).item() == pytest.approx(1, rel=1e-3) for W in seen)


def test_orthogonal_counts_a_shared_weight_once():
    torch.manual_seed(0)
    shared, alone = tied(), Inner(lambda s, h: s.a(h), a=linear())
    alone.a.weight = shared.a.weight
    values = []
    for net in (shared, alone):
        orthogonal = Orthogonal(weight=1.0)
        orthogonal.attach(net)
        values.append(orthogonal.penalty(None))
    assert torch.equal(*values)


# --- torch.utils.checkpoint -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [make for make in ALL if make is not Dropout])
def test_a_checkpointed_network_trains_as_without(make):
    plain = Inner(lambda s, h: s.b(F.relu(s.a(h))), a=linear(), b=linear())
    saving = checkpointed()
    saving.load_state_dict(plain.state_dict())
    states = []
    for net in (plain, saving):
        one = game(net, make())
        for _ in range(3):
            one.step(*BATCH)
        states.append(one.discriminator.network.state_dict())
    assert {f.code for f in found(checkpointed(), make())} <= {"l2-under-adam"}
    for key, value in states[0].items():
        assert torch.equal(value, states[1][key]), key


def test_statistics_of_a_checkpointed_network_move_once_per_forward():
    """In a loop of somebody else's, where every forward records: by the mean of what came in."""
    net = nn.Sequential(nn.Linear(2, WIDTH), nn.Linear(WIDTH, 1))
    BatchNorm(momentum=0.5).rewrite(net)
    norm = net[0].get_submodule("batch-norm")
    x = torch.randn(8, 2)
    checkpoint(net, x, use_reentrant=False).sum().backward()
    expected = 0.5 * F.linear(x, net[0].weight, net[0].bias).mean(0)
    assert torch.allclose(norm.running_mean, expected, atol=1e-6)


def test_dropout_in_a_checkpointed_part_is_refused_before_training():
    with pytest.raises(UsageError, match=r"torch\.utils\.checkpoint runs the layer of .*where="):
        found(checkpointed(), Dropout())
    assert found(checkpointed(), Dropout(where=["not a", "not b"])) == []


def test_minibatch_statistics_under_checkpoint_are_those_without():
    assert found(checkpointed(), MinibatchStddev()) == []


# --- what cannot be rewritten or copied -------------------------------------------------------------------------------


@pytest.mark.parametrize("make", ALL)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("layer", [nn.LazyLinear(WIDTH), nn.Sequential(nn.Tanh(), nn.LazyLinear(WIDTH))])
def test_a_lazy_layer_is_refused_by_name(layer, make):
    with pytest.raises(UsageError, match=r"the layer '1.*has no weights yet. Run the network once"):
        game(layer, make())


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("make", [SpectralNorm, EMA, L2])
def test_a_scripted_layer_is_refused_by_name(make):
    with pytest.raises(UsageError, match=r"the layer '1' of Sequential is of torch\.jit"):
        game(torch.jit.script(linear()), make())


@pytest.mark.parametrize("make", [Dropout, BatchNorm])
def test_a_regularizer_that_does_not_run_inside_a_networks_own_vmap_is_named(make):
    with pytest.raises(UsageError, match=rf"{make().name}: .*(the first update fails|a single number per batch)"):
        found(Inner(lambda s, h: torch.vmap(s.a)(h[:, None])[:, 0], a=linear()), make())


@pytest.mark.parametrize("make", [SpectralNorm, R1, L2])
def test_what_runs_inside_vmap_does(make):
    codes = {f.code for f in found(Inner(lambda s, h: torch.vmap(s.a)(h[:, None])[:, 0], a=linear()), make())}
    assert codes <= {"l2-under-adam"}
