"""The average of a generator's weights that evaluations look at, where a recipe says `evaluate: ema`."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from detente.engine.game import Game
from detente.engine.regularizer import Regularizer
from detente.engine.step import Moment
from detente.engine.streams import Stream
from detente.regularizers.ema import EMA


class Average:
    """A moving average beside the generator, with the default options of `ema`; training knows nothing of it.

    Args:
        game: before its first step.
    """

    def __init__(self, game: Game) -> None:
        self._game, self._ema, self._rng = game, EMA(), Stream(0)
        self._ema.attach(game.generator.network)

    def update(self) -> None:
        """Follow the update that the generator has just made."""
        player = self._game.generator
        with torch.no_grad():
            self._ema.adjust_weights(player.network, Moment(player.t - 1, self._rng, self._game.domain, player.lr))

    def deployed(self) -> nn.Module:
        """An independent copy in evaluation mode; of the average that the generator's regularizer keeps, if it does."""
        return self._game.generator.regularizer.deploy(self._ema.average)

    def state_dict(self) -> dict[str, Any]:
        return self._ema.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._ema.load_state_dict(state)


def deployed_average(network: nn.Module, regularizer: Regularizer, state: Mapping[str, Any]) -> nn.Module:
    """What `Average.deployed` returned when a checkpoint was written.

    Args:
        network: of the structure that was trained, as `regularizer` has rewritten it.
        state: what the checkpoint has of the average.
    """
    ema = EMA()
    ema.attach(network)
    ema.load_state_dict(state)
    return regularizer.deploy(ema.average)
