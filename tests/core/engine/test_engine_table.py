"""The keys and the steps that `Game` and anybody's loop have in common."""

import torch

from detente.engine.streams import Stream
from detente.engine.table import augmentation, keys, looks_at_samples
from detente.regularizers import EMA, R1, InstanceNoise
from small_game import BATCHES, small


def test_keys_differ_by_purpose_role_and_seed_and_by_nothing_else():
    every = [s for seed in (0, 1, 2) for by in keys(seed).values() for s in by.values()]
    assert len(set(every)) == len(every) == 18
    assert keys(7) == keys(7)
    assert keys(7)["turn"]["generator"] == Stream(7).at("rank", 0, "turn", "generator")


def test_only_who_looks_at_samples_has_them_as_leaves():
    assert looks_at_samples(small(regularizer=R1()).discriminator)
    assert not looks_at_samples(small(regularizer=EMA()).discriminator)


def test_a_step_of_the_game_is_that_of_its_table():
    game = small(regularizer=R1())
    step = game.look("discriminator", BATCHES[0])
    assert step.real.requires_grad and step.real.is_leaf and torch.equal(step.real, BATCHES[0].x)
    assert step.fake.is_leaf and step.m.t == 0
    assert not game.look("generator", BATCHES[0]).fake.is_leaf


def test_an_augmentation_is_the_chains_at_its_own_update():
    game = small(regularizer=InstanceNoise(std=1.0))
    augment = augmentation(game.discriminator, game.domain)
    x = BATCHES[0].x
    assert augment is not None
    assert torch.equal(augment(x, Stream(1)), augment(x, Stream(1))) and not torch.equal(augment(x, Stream(1)), x)
    assert augmentation(small(regularizer=R1()).discriminator, game.domain) is None
