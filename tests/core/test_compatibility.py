"""Every rule fires on a network that has the fault and is silent on one that has not."""

import inspect

import pytest
import torch
from torch import nn

from detente import checks
from detente.checks import Finding, check_codes, findings, refuse, rules
from detente.engine.chain import chain
from detente.engine.combinators import Ramp, annealed, lazily
from detente.engine.game import Game
from detente.engine.gradients import input_gradient
from detente.engine.layers import after, layers
from detente.engine.objectives import NonSaturating, Objective, Wasserstein
from detente.engine.player import Player
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import sumsq
from detente.errors import UsageError
from detente.plugins import host
from detente.testing.probe import Plain

adam = lambda ps: torch.optim.Adam(ps, lr=0.1)  # noqa: E731
sgd = lambda ps: torch.optim.SGD(ps, lr=0.1)  # noqa: E731


def reg(name: str, **options) -> Regularizer:
    return host().load("regularizer", name)(**options)


class Critic(nn.Sequential):
    def forward(self, x):
        return super().forward(x)[:, 0]


class Sequence(nn.Module):
    """A critic of [B, 2] that has positions inside: [B, 2, 1] → [B, 2, 4]."""

    output_layers = ("out",)

    def __init__(self):
        super().__init__()
        self.fc, self.out = nn.Linear(1, 4), nn.Linear(4, 1)

    def forward(self, x):
        return self.out(self.fc(x[:, :, None])).mean((1, 2))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn, self.out = nn.LSTM(1, 4, batch_first=True), nn.Linear(4, 1)

    def forward(self, x):
        return self.out(self.rnn(x[:, :, None])[0][:, -1])[:, 0]


class Unrolled(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = nn.LSTMCell(1, 4), nn.Linear(4, 1)

    def forward(self, x):
        h, _ = self.cell(x[:, :1])
        return self.out(h)[:, 0]


def critic(*middle: nn.Module) -> nn.Module:
    return Critic(nn.Linear(2, 4), *middle, nn.LeakyReLU(0.2), nn.Linear(4, 1))


def game(
    D=(), G=(), network: nn.Module | None = None, objective: Objective | None = None, optimizer=sgd, autocast=None
) -> Game:
    return Game(
        Player("generator", nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)), optimizer, chain(*G)),
        Player("discriminator", network or critic(), optimizer, chain(*D)),
        objective or NonSaturating(),
        Plain(),
        lambda n, g: torch.randn(n, 3, generator=g),
        autocast=autocast,
    )


def codes(g: Game, **options) -> set[str]:
    return {f.code for f in findings(g, **options)}


INPUT_GRADIENTS = ["gradient-penalty", "r1", "r2", "zero-centred-gp", "dragan", "max-gp", "roth", "gradient-norm"]


class TheirSlopePenalty(Regularizer):
    """λ (‖∇D‖ − target)², by a stranger: says what it costs, and what slope it asks for."""

    off = {"lam": 0.0}

    def __init__(self, lam: float = 10.0, target: float = 1.0) -> None:
        super().__init__()
        self.lam, self.target, self.slope_target = lam, target, target

    def penalty(self, s):
        return self.lam * (sumsq(input_gradient(s.real_logits, s.real)).sqrt() - self.target).square().mean()

    def passes(self, turn="discriminator"):
        return Passes(gradient=1)


class TheirBatchNorm(Regularizer):
    normalizes_batch = mixes_samples = True

    def rewrite(self, net):
        after(layers(net)[0], self.name, nn.BatchNorm1d(4, track_running_stats=False).eval())  # unknown to every rule


class TheirSpectralNorm(Regularizer):
    bounds_critic = normalizes_weights = True


class TheirWeightNorm(Regularizer):
    normalizes_weights = True


class TheirClip(Regularizer):
    bounds_critic = bounds_weights = True


class TheirDropout(Regularizer):
    drops_units = True


class TheirStatistics(Regularizer):
    mixes_samples = True


class TheirDecay(Regularizer):
    decays_weights = True


class TheirInstanceNorm(Regularizer):
    needs_positions = True


class TheirAugmentation(Regularizer):
    def augment(self, x, m):
        return x


FAULTY_AND_SOUND = {
    "batch-norm-under-input-gradient": (
        [
            *[lambda name=name: game([reg("batch-norm"), reg(name)]) for name in INPUT_GRADIENTS],
            lambda: game([reg("r1")], network=critic(nn.BatchNorm1d(4))),
            lambda: game([TheirBatchNorm(), TheirSlopePenalty()]),
            lambda: game([reg("batch-norm"), lazily(reg("r1"), 4)]),
            lambda: game([reg("batch-norm"), annealed(reg("r1"), gamma=Ramp(0.0, 1.0, 10))]),
        ],
        [
            lambda: game([reg("batch-norm"), reg("r1", gamma=0.0)]),
            lambda: game([reg("batch-norm"), reg("lecam")]),
            lambda: game([reg("layer-norm"), reg("r1")]),
            lambda: game([reg("r1")], [reg("batch-norm")]),
            lambda: game([reg("r1")], network=critic(nn.LayerNorm(4))),
        ],
    ),
    "two-norms-of-one-weight": (
        [
            lambda: game([reg("spectral-norm"), reg("weight-norm")]),
            lambda: game(G=[reg("weight-norm"), reg("spectral-norm")]),
            lambda: game([TheirSpectralNorm(), TheirWeightNorm()]),
            lambda: game([TheirSpectralNorm(), reg("weight-norm")]),
        ],
        [
            lambda: game([reg("spectral-norm")], [reg("weight-norm")]),
            lambda: game([reg("spectral-norm", where="0"), reg("weight-norm", where="2")]),
        ],
    ),
    "augmentation-on-the-generator": (
        [lambda: game(G=[reg("instance-noise")]), lambda: game(G=[TheirAugmentation()])],
        [lambda: game([reg("instance-noise")])],
    ),
    "instance-norm-without-positions": (
        [
            lambda: game([TheirInstanceNorm()]),
            lambda: game([reg("instance-norm")]),
            lambda: game(G=[reg("instance-norm")]),
        ],
        [lambda: game([reg("instance-norm")], network=Sequence()), lambda: game([reg("layer-norm")])],
    ),
    "wasserstein-without-a-bound": (
        [
            lambda: game(objective=Wasserstein()),
            lambda: game([reg("l2"), reg("dropout")], objective=Wasserstein()),
            lambda: game([reg("r1", gamma=0.0)], objective=Wasserstein()),
        ],
        [
            lambda: game([TheirClip()], objective=Wasserstein()),
            *[
                lambda name=name: game([reg(name)], objective=Wasserstein())
                for name in ("gradient-penalty", "spectral-norm", "weight-clip", "r1", "gradient-norm")
            ],
            lambda: game(),
        ],
    ),
    "gradient-penalty-with-weight-clip": (
        [
            lambda: game([reg("gradient-penalty"), reg("weight-clip")]),
            lambda: game([reg("dragan"), reg("weight-clip")]),
            lambda: game([TheirSlopePenalty(), TheirClip()]),
        ],
        [
            lambda: game([reg("gradient-penalty")]),
            lambda: game([reg("weight-clip"), reg("r1")]),
            lambda: game([TheirSlopePenalty(target=0.0), TheirClip()]),
        ],
    ),
    "minibatch-stddev-under-input-gradient": (
        [
            lambda: game([reg("minibatch-stddev"), reg("r1")]),
            lambda: game([reg("minibatch-stddev"), reg("gradient-norm")]),
            lambda: game([TheirStatistics(), TheirSlopePenalty()]),
        ],
        [lambda: game([reg("minibatch-stddev")]), lambda: game([reg("r1")])],
    ),
    "decay-of-scale-invariant-weights": (
        [
            lambda: game([reg("l2"), reg("spectral-norm")]),
            lambda: game([TheirDecay(), TheirSpectralNorm()]),
            lambda: game(G=[reg("batch-norm"), reg("weight-decay")]),
            lambda: game([reg("l2")], network=critic(nn.BatchNorm1d(4))),
        ],
        [
            lambda: game([reg("l2")]),
            lambda: game([reg("batch-norm"), reg("l2", where="2.weight")]),
            lambda: game([reg("l2")], [reg("batch-norm")]),
        ],
    ),
    "l2-under-adam": (
        [lambda: game([reg("l2")], optimizer=adam), lambda: game([TheirDecay()], optimizer=adam)],
        [lambda: game([reg("l2")]), lambda: game([reg("weight-decay")], optimizer=adam)],
    ),
    "dropout-under-input-gradient": (
        [
            lambda: game([reg("dropout"), reg("gradient-norm")]),
            lambda: game([TheirDropout(), TheirSlopePenalty()]),
            lambda: game([reg("dropout"), reg("r1")]),
            lambda: game([reg("r1")], network=critic(nn.Dropout(0.5))),
        ],
        [
            lambda: game([reg("dropout")]),
            lambda: game([reg("r1")], [reg("dropout")]),
            lambda: game([reg("dropout", p=0.0), reg("r1")]),
        ],
    ),
    "strong-penalty-on-spectral-norm": (
        [
            lambda: game([reg("spectral-norm"), reg("gradient-penalty")]),
            lambda: game([TheirSpectralNorm(), TheirSlopePenalty()]),
            lambda: game([TheirSpectralNorm(), lazily(reg("dragan"), 2)]),
        ],
        [
            lambda: game([reg("spectral-norm"), reg("gradient-penalty", weight=1.0)]),
            lambda: game([reg("gradient-penalty")]),
        ],
    ),
    "half-precision-penalties": (
        [
            lambda: game([reg("r1")], autocast=torch.float16),
            lambda: game([TheirSlopePenalty()], autocast=torch.float16),
        ],
        [lambda: game([reg("r1")], autocast=torch.bfloat16), lambda: game([reg("l2")], autocast=torch.float16)],
    ),
    "recurrent-critic-under-input-gradient": (
        [lambda: game([reg("r1")], network=Recurrent()), lambda: game([TheirSlopePenalty()], network=Recurrent())],
        [lambda: game([reg("r1")], network=Unrolled()), lambda: game([reg("drift")], network=Recurrent())],
    ),
}


@pytest.mark.parametrize(("code", "make"), [(c, m) for c, (faulty, _) in FAULTY_AND_SOUND.items() for m in faulty])
def test_the_rule_fires_on_the_fault(code, make):
    assert code in codes(make())


@pytest.mark.parametrize(("code", "make"), [(c, m) for c, (_, sound) in FAULTY_AND_SOUND.items() for m in sound])
def test_the_rule_is_silent_without_the_fault(code, make):
    assert code not in codes(make())


def test_spectral_norm_after_a_warm_up_is_warned_of():
    assert "spectral-norm-after-warm-up" in codes(game([reg("spectral-norm")]), warmed_up=True)
    assert "spectral-norm-after-warm-up" in codes(game([TheirSpectralNorm()]), warmed_up=True)
    assert "spectral-norm-after-warm-up" not in codes(game([reg("weight-norm")]), warmed_up=True)
    assert "spectral-norm-after-warm-up" not in codes(game([reg("spectral-norm")]))
    assert "spectral-norm-after-warm-up" not in codes(game([reg("r1")]), warmed_up=True)


def test_what_changes_weights_after_an_average_is_refused_by_the_chain_already():
    with pytest.raises(UsageError, match="Put ema last"):
        chain(reg("ema"), reg("weight-clip"))


def test_no_rule_is_untested():
    elsewhere = {"spectral-norm-after-warm-up"}
    assert {*FAULTY_AND_SOUND, *elsewhere} == {rule.code for rule in rules(host())}


def test_a_plain_game_has_no_findings():
    assert findings(game()) == []
    assert findings(game([reg("r1")], [reg("ema")])) == []


def test_refusals_name_place_reason_and_way_out():
    found = findings(game([reg("batch-norm"), reg("r1")]))
    with pytest.raises(UsageError) as error:
        refuse(found)
    for part in ("discriminator.regularizers.r1", "because", "layer-norm", "--allow batch-norm-under-input-gradient"):
        assert part in str(error.value)
    refuse(found, ("batch-norm-under-input-gradient",))


def test_an_unknown_code_is_an_error_and_warnings_never_stop():
    with pytest.raises(UsageError, match=r"there is no finding 'l2-under-adm'\. Did you mean 'l2-under-adam'"):
        check_codes(("l2-under-adm",), host())
    refuse(findings(game([reg("l2")], optimizer=adam)))


def test_a_finding_says_everything_in_one_sentence_and_as_data():
    finding = findings(game([reg("l2")], optimizer=adam))[0]
    assert isinstance(finding, Finding) and finding.plain()["code"] in str(finding)


def test_the_fault_is_real_r1_reads_zero_through_linear_batch_norm_linear():
    """For any weights the summed logit does not depend on the input."""
    from detente.testing.laws.subject import F64
    from detente.testing.probe import probe, value

    net = Critic(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Linear(5, 1)).to(F64)
    real = torch.randn(8, 3, dtype=F64)
    assert value(reg("r1"), probe(net, real, real)).item() < 1e-20
    assert abs(value(reg("gradient-penalty", weight=1.0), probe(net, real, real + 1)).item() - 1) < 1e-8


def test_no_rule_knows_a_single_regularizer():
    for module in (checks, checks.finding, checks.refusals, checks.warnings):
        assert "detente.regularizers" not in inspect.getsource(module)
