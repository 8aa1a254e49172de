"""Soft words, and a critic that embeds them."""

import pytest
import torch

from detente.engine.sample import leaves
from detente.engine.streams import Stream
from detente.toys.tokens import TokensData
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


@pytest.mark.parametrize(("order", "share"), [(0.0, 0.2), (0.5, 0.6), (1.0, 1.0)])
def test_a_symbol_is_followed_by_the_next_as_often_as_the_option_says(order: float, share: float) -> None:
    words = leaves(TokensData(order=order, size=4000).batch(torch.arange(4000)).x)[0].argmax(dim=2)
    follows = (words[:, 1:] == (words[:, :-1] + 1) % 5).double().mean().item()
    assert follows == pytest.approx(share, abs=0.014)  # four standard errors of 20,000 pairs; a fifth follows by chance


def test_the_baseline_knows_how_often_a_symbol_is_and_nothing_of_what_follows() -> None:
    toy = parts("tokens")
    words = leaves(toy.domain.baseline(toy.data, 4000, rng()))[0]
    assert torch.equal(words.sum(dim=2), torch.ones(4000, 6)) and set(words.unique().tolist()) == {0.0, 1.0}
    assert (words.mean(dim=0) - 0.2).abs().max() < 0.04
    letters = words.argmax(dim=2)
    assert ((letters[:, 1:] == (letters[:, :-1] + 1) % 5).double().mean() - 0.2).abs() < 0.02


def test_soft_words_are_read_as_their_likeliest_symbols() -> None:
    soft = torch.tensor([[[0.5, 0.2, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.3, 0.4]]])
    assert parts("tokens").domain.lines(soft) == ["ae"]
