"""A player: a network, its optimizer and its regularizer in step."""

import pytest
import torch

from detente.engine.combinators import lazily
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError
from detente.regularizers.r1 import R1
from games import RING
from small_game import BATCHES, small


def test_between_firings_the_last_value_and_its_update_are_known():
    game = RING.game("discriminator", lazily(R1(), every=4))
    for k in range(6):
        game.step(RING.batch(k))
    terms = game.step(RING.batch(6))
    last, t = game.discriminator.last["r1"]
    assert t == 4 and torch.equal(terms["D/r1"], last)


def test_a_penalty_that_depends_on_nothing_is_an_error_when_it_first_fires():
    class Dead(Regularizer):
        def penalty(self, s):
            return s.real_score.detach().mean()

    with pytest.raises(UsageError, match=r"discriminator\.regularizers\.dead.*no parameter"):
        RING.game("discriminator", Dead()).step(RING.batch())


def test_fused_adam_gets_gradients_in_the_layout_of_its_parameters():
    """Otherwise its CPU kernel applies them to the wrong entries without a word."""
    game = RING.game("discriminator", R1())
    game.step(RING.batch())
    for player in (game.generator, game.discriminator):
        assert all(p.grad is None or p.grad.stride() == p.stride() for p in player.parameters)


def test_the_other_players_gradients_stay_none():
    game = small(simultaneous=True)
    step = game.look("discriminator", BATCHES[0])
    game.discriminator.gradients(step, game.objective.discriminator(step))
    assert all(p.grad is None for p in game.generator.network.parameters())
    assert all(p.grad is not None for p in game.discriminator.network.parameters())
