import numpy as np
import pytest
import torch
from torch import nn

from detente.engine.chain import chain
from detente.engine.game import Game
from detente.engine.objectives import Wasserstein
from detente.engine.player import Player
from detente.engine.sample import Batch
from detente.errors import UsageError
from detente.regularizers.ema import EMA
from detente.regularizers.lookahead import Lookahead
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything
from detente.testing.probe import Linear, Plain, moment

F64 = torch.float64


def test_at_every_kth_update_weights_go_back_to_a_share_of_the_way():
    net = Linear(torch.tensor([0.0], dtype=F64))
    lookahead = Lookahead(k=3, alpha=0.25)
    lookahead.attach(net)
    seen = []
    with torch.no_grad():
        for t in range(7):
            net.w.add_(4.0)
            lookahead.adjust_weights(net, moment(t))
            seen.append(net.w.item())
    assert seen == [4.0, 8.0, 3.0, 7.0, 11.0, 6.0, 10.0]


def test_with_alpha_one_nothing_changes():
    net = Linear(torch.tensor([0.1], dtype=F64))
    lookahead = Lookahead(k=1, alpha=1.0)
    lookahead.attach(net)
    with torch.no_grad():
        net.w.add_(0.2)
        before = net.w.item()
        lookahead.adjust_weights(net, moment(0))
    assert net.w.item() == before


H, K, ALPHA, MEETINGS = 0.1, 5, 0.5, 60


def dirac(regularized: bool) -> Game:
    generator = nn.Linear(1, 1, dtype=F64)
    nn.init.zeros_(generator.weight)
    nn.init.ones_(generator.bias)
    generator.weight.requires_grad_(False)
    sides = [Lookahead(K, ALPHA) if regularized else None for _ in range(2)]
    return Game(
        Player("generator", generator, lambda ps: torch.optim.SGD(ps, H), sides[0]),
        Player("discriminator", Linear(torch.tensor([0.5], dtype=F64)), lambda ps: torch.optim.SGD(ps, H), sides[1]),
        Wasserstein(),
        Plain(),
        lambda n, g: torch.zeros(n, 1, dtype=F64),
        simultaneous=True,
    )


def played(game: Game) -> np.ndarray:
    for _ in range(K * MEETINGS):
        game.step(Batch(torch.zeros(2, 1, dtype=F64)))
    return np.array([game.generator.parameters[0].item(), game.discriminator.parameters[0].item()])


def test_on_dirac_it_follows_its_matrix_and_converges_where_plain_play_diverges():
    M = np.array([[1, H], [-H, 1]])  # θ' = θ + hψ, ψ' = ψ − hθ
    L = (1 - ALPHA) * np.eye(2) + ALPHA * np.linalg.matrix_power(M, K)
    assert np.abs(np.linalg.eigvals(L)).max() < 0.982 and np.abs(np.linalg.eigvals(M)).min() > 1
    start = np.array([1.0, 0.5])
    # 300 updates and 60 averages, each rounding to half an ulp
    np.testing.assert_allclose(played(dirac(True)), np.linalg.matrix_power(L, MEETINGS) @ start, rtol=0, atol=1e-12)
    assert np.linalg.norm(played(dirac(True))) < 0.4 < 4 < np.linalg.norm(played(dirac(False)))


def test_slow_weights_are_saved_by_the_names_of_the_parameters_and_frozen_ones_are_not():
    net = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    net[1].weight.requires_grad_(False)
    lookahead = Lookahead()
    lookahead.attach(net)
    assert set(lookahead.state_dict()) == {"0/weight", "0/bias", "1/bias"}
    assert all(a.data_ptr() != b.data_ptr() for a, b in zip(lookahead.buffers(), net.parameters(), strict=False))


def test_it_may_stand_in_front_of_an_average():
    chain(Lookahead(), EMA())
    with pytest.raises(UsageError, match="Put ema last"):
        chain(EMA(), Lookahead())


@pytest.mark.parametrize("options", [{"k": 0}, {"alpha": 0.0}, {"alpha": 1.5}], ids=str)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(UsageError, match=f"{next(iter(options))}="):
        Lookahead(**options)


@pytest.mark.parametrize("k", [2, 5])  # stopped after 3 updates, between two meetings
def test_a_run_that_was_stopped_goes_on_bit_for_bit(k):
    a_checkpoint_holds_everything(Subject(lambda: Lookahead(k), cases(["ring"])[0], "generator"))
