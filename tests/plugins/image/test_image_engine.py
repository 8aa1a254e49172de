"""The engine on the digit DCGAN: what is switched off is absent, and what is added shifts nobody."""

import pytest
import torch

from detente.engine.chain import chain
from detente.engine.game import Game
from detente.engine.objectives import NonSaturating
from detente.engine.player import Player
from detente.engine.regularizer import Regularizer
from detente.engine.sample import Batch
from detente.engine.streams import Stream
from detente.plugins import host
from detente.training.sampler import BatchSampler

H = host()
STATES_NONE = {
    *("batch-norm", "layer-norm", "instance-norm", "group-norm", "spectral-norm", "weight-norm", "gradient-norm"),
    *("minibatch-stddev", "clip-norm", "clip-value", "adaptive-clip", "weight-clip"),
    *("ema", "lookahead", "diff-augment"),
}


@pytest.fixture(scope="module")
def digits():
    return H.load("domain", "image")(), H.load("data", "digits", "image")()


def game(digits, width: int, role: str | None = None, *links: Regularizer) -> Game:
    domain, data = digits
    torch.manual_seed(0)
    networks = H.load("model", "dcgan", "image")(width=width).build(data.space)
    sides = {role: chain(*links)}

    def adam(ps):
        return torch.optim.Adam(ps, lr=2e-3, betas=(0.0, 0.99), fused=True)

    return Game(
        Player("generator", networks.generator, adam, sides.get("generator")),
        Player("discriminator", networks.discriminator, adam, sides.get("discriminator")),
        NonSaturating(),
        domain,
        lambda n, g: torch.randn(n, 64, generator=g),
        space=data.space,
    )


def trained(digits, steps: int, width: int, batch: int, role: str | None = None, *links: Regularizer) -> Game:
    g, data = game(digits, width, role, *links), digits[1]
    sampler = BatchSampler(len(data), batch, Stream(0).at("data"))
    for k in range(steps):
        g.step(Batch(data.batch(sampler.indices(k)).x))
    return g


def weights(g: Game) -> list[torch.Tensor]:
    return [p.detach() for player in (g.generator, g.discriminator) for p in player.network.parameters()]


@pytest.fixture(scope="module")
def plain(digits):
    return weights(trained(digits, 100, 4, 8))


def test_every_kind_states_its_inactive_setting_or_that_it_has_none():
    assert {e.name for e in H.entries("regularizer") if e.load().off is None} == STATES_NONE


@pytest.mark.slow
@pytest.mark.parametrize("name", [e.name for e in H.entries("regularizer") if e.name not in STATES_NONE])
def test_switched_off_it_is_absent_to_the_bit_over_100_steps(name, digits, plain):
    one = H.load("regularizer", name)()
    assert one.off is not None
    for option, value in one.off.items():
        setattr(one, option, value)
    role = "generator" if one.players[0] == "generator" else "discriminator"
    for a, b in zip(weights(trained(digits, 100, 4, 8, role, one)), plain, strict=True):
        assert torch.equal(a, b)


def test_an_average_never_touches_training(digits, plain):
    averaged = weights(trained(digits, 100, 4, 8, "generator", H.load("regularizer", "ema")()))
    for a, b in zip(averaged, plain, strict=True):
        assert torch.equal(a, b)


def test_adding_a_regularizer_leaves_latents_data_and_masks_as_they_are(digits):
    """The first update sees equal weights, so everything drawn for it must be equal too."""
    seen: dict[str, list[torch.Tensor]] = {}
    for name, links in (("alone", ["dropout"]), ("beside", ["dropout", "gradient-penalty", "instance-noise"])):
        made = [H.load("regularizer", link)() for link in links]
        if name == "beside":
            made[2].std = 1e-30  # it draws, and adds less than float32 can show
        g, data = game(digits, 4, "discriminator", *made), digits[1]
        record: list[torch.Tensor] = []
        g.generator.network.register_forward_pre_hook(lambda m, i, record=record: record.append(i[0].detach()))
        g.discriminator.network.register_forward_hook(
            lambda m, i, o, record=record: record.extend((i[0].detach(), o.detach())) if len(record) < 5 else None
        )
        g.step(Batch(data.batch(BatchSampler(len(data), 8, Stream(0).at("data")).indices(0)).x))
        seen[name] = record[:5]  # z, D's turn: real, its logits (through the masks), fake, its logits
    for a, b in zip(seen["alone"], seen["beside"], strict=True):
        shown = a.dim() == 4 and (a - b).abs().max() < 1e-29  # a pixel of exactly 0 shows the noise itself
        assert torch.equal(a, b) or shown
