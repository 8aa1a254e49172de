"""Soft words, and a critic that embeds them."""

import torch

from detente.engine.sample import leaves
from detente.engine.streams import Stream
from detente.training.evaluation import generate
from toy_parts import parts, rng


def test_generated_words_lie_on_the_simplex() -> None:
    toy = parts("tokens")
    x = leaves(generate(toy.networks.generator, toy.model, 20, Stream(0)))[0]
    assert (x > 0).all()
    torch.testing.assert_close(x.sum(dim=2), torch.ones(20, 6))


def test_a_masked_word_is_uniform_in_one_place() -> None:
    toy = parts("tokens")
    x = leaves(toy.data.batch(torch.arange(50)).x)[0]
    masked = leaves(toy.domain.augmentations["mask"](x, rng()))[0]
    changed = (masked != x).any(dim=2)
    assert (changed.sum(dim=1) == 1).all()
    assert (masked[changed] == 0.2).all()
