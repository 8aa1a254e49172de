"""Games on the ring and on Dirac that tests of regularizers play, and what is left of them."""

import torch

from detente.engine.regularizer import Regularizer
from detente.testing import cases

RING, DIRAC = cases(["ring", "dirac"])


def trained(*regularizers: Regularizer, steps: int = 20, role="discriminator") -> dict[str, torch.Tensor]:
    game = RING.game(role, *regularizers)
    for k in range(steps):
        game.step(RING.batch(k))
    player = game.discriminator if role == "discriminator" else game.generator
    return {
        **{f"D.{k}": v for k, v in game.discriminator.network.state_dict().items()},
        **{f"G.{k}": v for k, v in game.generator.network.state_dict().items()},
        **{f"R.{k}": v for k, v in player.regularizer.state_dict().items()},
    }


def same(a: dict, b: dict) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a if isinstance(a[k], torch.Tensor))
