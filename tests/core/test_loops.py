"""What `Game` does and what `attach` does in a loop of one's own is the same, to the bit."""

import pytest
import torch
from torch import nn

from detente.engine.regularizer import named
from detente.errors import UsageError
from detente.loops import attach
from detente.plugins import host
from detente.recipe.written import regularizers
from detente.regularizers import R1, Lecam, PathLength
from loop_games import ImageCritic, adam, by_game, by_hand, image, toy

F32, F64 = torch.float32, torch.float64
PLAYS = {"pair": toy("pair"), "critics": toy("critics"), "tokens": toy("tokens"), "image": image()}
BUILT_IN = sorted(e.name for e in host().entries("regularizer") if e.distribution == "detente")
EVERYWHERE = [(play, dtype) for play in ("image", "tokens", "critics", "pair") for dtype in (F64, F32)]


def same(game, reg_g, reg_d):
    for reg, player in ((reg_g, game.generator), (reg_d, game.discriminator)):
        for a, b in (
            (reg.player.network, player.network),
            (reg.player.regularizer, player.regularizer),
            (reg.deployed(), player.deployed()),
        ):
            a, b = a.state_dict(), b.state_dict()
            assert a.keys() == b.keys()
            for key, value in b.items():
                if isinstance(value, torch.Tensor):
                    assert torch.equal(a[key], value), key
        assert reg.player.t == player.t


def roles(name):
    players = host().load("regularizer", name).players
    return [r for r in ("discriminator", "generator") if r in players or "both" in players]


def twice(name, role, play, dtype, steps=20, **autocast):
    def fresh():
        return [named(name, host().load("regularizer", name)(**play.options.get(name, {})))]

    try:
        game = by_game(play, role, fresh(), dtype, steps, **autocast)
    except UsageError as refused:
        with pytest.raises(UsageError):
            by_hand(play, role, fresh(), dtype, steps, **autocast)
        return str(refused)
    same(game, *by_hand(play, role, fresh(), dtype, steps, **autocast))
    return None


# Every play and every precision, in half of their pairs where a person waits.
HALF = [pair for i, pair in enumerate(EVERYWHERE) if i % 4 in (0, 3)]


@pytest.mark.parametrize(
    ("steps", "where"),
    [
        pytest.param(6, HALF, id="half"),
        pytest.param(6, [pair for pair in EVERYWHERE if pair not in HALF], marks=pytest.mark.slow, id="rest"),
        pytest.param(20, EVERYWHERE, marks=pytest.mark.acceptance, id="long"),
    ],
)
@pytest.mark.parametrize("name", BUILT_IN)
def test_a_loop_of_ones_own_gives_the_weights_of_the_game(name, steps, where):
    refused = [twice(name, role, PLAYS[play], dtype, steps) for role in roles(name) for play, dtype in where]
    assert None in refused, refused


@pytest.mark.parametrize("name", ["r1", "gradient-penalty", "dropout", "path-length", "drift"])
def test_bfloat16_gives_the_weights_of_the_game(name):
    assert twice(name, roles(name)[0], PLAYS["image"], F32, steps=5, autocast=torch.bfloat16) is None


def test_two_links_or_a_text_give_the_weights_of_the_game():
    text = "spectral-norm + r1(gamma=2, every=3) + lecam + drift + clip-norm(max_norm=0.5) + ema"
    play = PLAYS["image"]
    game = by_game(play, "discriminator", regularizers(text), F32, 10)
    same(game, *by_hand(play, "discriminator", text, F32, 10))


def test_the_role_is_that_of_the_chain_or_not_the_opponents():
    def role(chain, **more):
        net = ImageCritic()
        return attach(net, chain, optimizer=adam(net.parameters()), **more).role

    assert role("ema") == role("path-length + clip-norm") == "generator"
    assert role("r1") == role("clip-norm + lecam") == role([]) == "discriminator"
    assert role("spectral-norm + ema", role="generator") == "generator"
    net = ImageCritic()
    d = attach(net, "r1", optimizer=adam(net.parameters()))
    assert role("spectral-norm", opponent=d) == "generator"


def test_what_cannot_be_attached_is_refused():
    net = ImageCritic()
    with pytest.raises(UsageError, match="path-length is not for the discriminator"):
        attach(net, PathLength(), optimizer=adam, role="discriminator")
    with pytest.raises(UsageError, match="wrapped"):
        attach(nn.DataParallel(net), R1(), optimizer=adam)
    with pytest.raises(UsageError, match="does not have the network's parameters"):
        attach(net, R1(), optimizer=adam(ImageCritic().parameters()))
    attach(net, R1(), optimizer=adam)
    with pytest.raises(UsageError, match="in one chain"):
        attach(net, Lecam(), optimizer=adam)


def test_parameters_that_a_regularizer_adds_join_the_callers_optimizer_and_its_schedule():
    net = ImageCritic()
    optimizer = adam(net.parameters())
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)
    before = len(optimizer.param_groups[0]["params"])
    attach(net, "batch-norm", optimizer=optimizer)
    (group,) = optimizer.param_groups
    assert len(group["params"]) == before + 2 == len(list(net.parameters()))
    optimizer.step()
    schedule.step()
    assert group["lr"] == pytest.approx(1e-3)


def test_attaching_leaves_the_default_generator_and_the_modes_of_layers():
    net = ImageCritic()
    net.dropout.eval()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    attach(net, "spectral-norm + dropout", optimizer=adam(net.parameters()))
    assert torch.equal(torch.rand(3), expected)
    assert not net.dropout.training and net.conv.training
