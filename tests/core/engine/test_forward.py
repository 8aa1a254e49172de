"""Entering a network: its noise, its precision, and the stages that are read or replaced while it runs."""

import torch
from torch import nn

from detente.regularizers.batch_norm import BatchNorm
from detente.regularizers.r1 import R1
from detente.testing import cases
from games import RING


def test_running_statistics_come_from_the_players_own_root_forwards():
    """With momentum 1 they are those of the last of them: of the fakes in the discriminator's turn."""
    game = RING.game("discriminator", BatchNorm(momentum=1.0))
    norm = next(m for m in game.discriminator.network.modules() if type(m).__name__ == "BatchNormalization")
    first = next(m for m in game.discriminator.network.modules() if isinstance(m, nn.Linear))
    seen: list[torch.Tensor] = []
    first.register_forward_hook(lambda m, i, out: seen.append(first_layer(m, i[0])))
    for k in range(2):
        game.step(RING.batch(k))
        _, fake, again = (x.mean(0) for x in seen[3 * k :])  # real and fake in D's turn, fake again in G's
        torch.testing.assert_close(norm.running_mean, fake)
        assert not torch.allclose(norm.running_mean, again)


def first_layer(layer: nn.Linear, x: torch.Tensor) -> torch.Tensor:
    """What the layer itself gives, before anything that stands behind it."""
    return nn.functional.linear(x, layer.weight, layer.bias).detach()


def test_half_precision_networks_leave_losses_in_float32():
    case = cases(["ring"])[0]
    case.dtype = torch.float32
    game = case.game("discriminator", R1(), autocast=torch.bfloat16)
    terms = game.step(case.batch())
    assert {v.dtype for v in terms.values()} == {torch.float32}
    assert all(p.dtype == torch.float32 for p in game.discriminator.parameters)
