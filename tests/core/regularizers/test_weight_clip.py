import pytest
import torch
from torch import nn

from detente.engine.game import Game
from detente.engine.objectives import Wasserstein
from detente.engine.player import Player
from detente.engine.sample import Batch
from detente.errors import UsageError
from detente.regularizers.weight_clip import WeightClip
from detente.testing import cases
from detente.testing.laws import Subject
from detente.testing.laws.play import a_checkpoint_holds_everything
from detente.testing.probe import Linear, Plain, moment

F64 = torch.float64


def test_every_entry_is_put_back_into_the_box():
    critic = Linear(torch.tensor([3.0, -0.2, 0.1, -7.0], dtype=F64))
    clip = WeightClip(bound=0.25)
    clip.attach(critic)
    assert critic.w.tolist() == [3.0, -0.2, 0.1, -7.0]  # what was initialized is left alone
    with torch.no_grad():
        clip.adjust_weights(critic, moment())
    assert critic.w.tolist() == [0.25, -0.2, 0.1, -0.25]


def test_biases_and_gains_are_clipped_too_unless_where_leaves_them_out():
    for where, clipped in ((None, 4), ("*weight", 2), ("0.weight", 1)):
        net = nn.Sequential(nn.Linear(1, 1), nn.LayerNorm(1))
        for p in net.parameters():
            p.data.fill_(1.0)
        clip = WeightClip(bound=0.5, where=where)
        clip.attach(net)
        with torch.no_grad():
            clip.adjust_weights(net, moment())
        assert sum((p == 0.5).all().item() for p in net.parameters()) == clipped


def test_the_log_has_the_share_of_weights_on_a_bound():
    critic = Linear(torch.tensor([0.25, -0.25, 0.1, 0.0]))
    clip = WeightClip(bound=0.25)
    clip.attach(critic)
    assert clip.report(critic)["bounded"].item() == 0.5


def test_on_dirac_the_critic_stays_in_the_box_and_play_does_not_come_to_rest():
    generator = nn.Linear(1, 1, dtype=F64)
    nn.init.zeros_(generator.weight)
    nn.init.constant_(generator.bias, 0.05)
    generator.weight.requires_grad_(False)
    game = Game(
        Player("generator", generator, lambda ps: torch.optim.SGD(ps, 0.1)),
        Player(
            "discriminator", Linear(torch.zeros(1, dtype=F64)), lambda ps: torch.optim.SGD(ps, 0.1), WeightClip(0.1)
        ),
        Wasserstein(),
        Plain(),
        lambda n, g: torch.zeros(n, 1, dtype=F64),
        simultaneous=True,
    )
    norms = []
    for _ in range(700):
        game.step(Batch(torch.zeros(2, 1, dtype=F64)))
        psi = game.discriminator.parameters[0].item()
        assert abs(psi) <= 0.1
        norms.append((psi**2 + game.generator.parameters[0].item() ** 2) ** 0.5)
    # The undamped spiral grows from 0.05 until it meets the bound, and goes on circling there.
    assert min(norms[-200:]) > 0.09 and max(norms[-200:]) < 0.2


def test_a_bound_of_zero_is_refused():
    with pytest.raises(UsageError, match="bound=0"):
        WeightClip(bound=0)


def test_a_run_that_was_stopped_goes_on_bit_for_bit():
    a_checkpoint_holds_everything(Subject(lambda: WeightClip(0.1), cases(["ring"])[0], "discriminator"))
