"""The recurrent generator, and the control that cannot learn."""

import math

import pytest
import torch
from torch import Tensor, nn

from detente import Leaf, Space
from detente_text.networks import NullControl, RelGAN
from detente_text.networks.sampling import counted_positions
from seeded import seeded
from texts import TINY, build


def test_every_time_step_of_a_hard_sentence_passes_a_gradient_to_its_logits(small):
    generator_ = build(RelGAN(**TINY, maps=4, warm_up_steps=0), small.space).generator
    logits: list[Tensor] = []
    generator_.output.register_forward_hook(lambda m, i, o: (o.retain_grad(), logits.append(o))[0])
    x = generator_(torch.randn(2, 4).double())
    (x * torch.randn_like(x)).sum().backward()
    assert len(logits) == 6
    assert all(out.grad is not None and out.grad.abs().amax(1).min() > 0 for out in logits)


def test_the_null_control_gives_its_generator_a_gradient_of_zero(small):
    networks = build(NullControl(**TINY, maps=4, warm_up_steps=0), small.space)
    logits = networks.discriminator(networks.generator(torch.randn(3, 4).double()))
    assert logits.shape == (3,)
    grads = torch.autograd.grad(logits.sum(), list(networks.generator.parameters()))
    assert not any(g.any() for g in grads)


def test_the_next_word_follows_from_those_that_were_chosen(small):
    """What sampling tells of each word is what likelihood does, given the words that were drawn."""
    generator = build(RelGAN(**TINY, maps=4, warm_up_steps=0), small.space).generator
    told: list[Tensor] = []
    generator.output.register_forward_hook(lambda m, i, o: told.append(o.detach()))
    z = torch.randn(30, 4, generator=seeded()).double()
    tokens = generator(z).argmax(-1)
    word_by_word = torch.stack(told, 1)
    where = counted_positions(tokens)
    expected = nn.functional.cross_entropy(word_by_word[where], tokens[where])
    torch.testing.assert_close(generator.surprise(z, tokens), expected, rtol=0, atol=1e-12)


def test_where_nothing_is_known_every_word_costs_the_same(small):
    generator = build(RelGAN(**TINY, maps=4, warm_up_steps=0), small.space).generator
    nn.init.zeros_(generator.output.weight)
    nn.init.zeros_(generator.output.bias)
    tokens = torch.from_numpy(small.tokens("train")[:20]).long()
    found = generator.surprise(torch.randn(20, 4).double(), tokens).item()
    assert found == pytest.approx(math.log(len(small.vocabulary)), rel=1e-9)


@pytest.mark.parametrize(
    ("length", "sizes"), [(2, [2]), (3, [2, 3]), (4, [2, 3, 4]), (5, [2, 3, 4, 5]), (9, [2, 3, 4, 5])]
)
def test_filters_are_as_long_as_sentences_allow(length: int, sizes: list[int]):
    critic = RelGAN(**TINY, maps=3).build(Space((Leaf((length, 12), channel_axis=-1),))).discriminator
    assert [layer.kernel_size[0] for layer in critic.filters] == sizes
    assert critic.feature_layers == (*(f"filters.{i}" for i in range(len(sizes))), "hidden")
    assert critic(torch.eye(12)[torch.zeros(2, length, dtype=torch.long)]).shape == (2,)


def test_the_strongest_answer_counts_wherever_it_stands():
    critic = build(RelGAN(**TINY, maps=4, warm_up_steps=0), Space((Leaf((20, 12), channel_axis=-1),))).discriminator
    words = torch.zeros(2, 20, dtype=torch.long)
    words[0, 5:10] = words[1, 9:14] = torch.tensor([4, 9, 2, 7, 5])
    one, moved = critic(torch.eye(12, dtype=torch.float64)[words])
    torch.testing.assert_close(one, moved, rtol=0, atol=1e-12)


def test_the_null_control_says_the_same_of_all_and_can_only_shift(small):
    critic = NullControl(**TINY, maps=4, warm_up_steps=0).build(small.space).discriminator
    assert [p.numel() for p in critic.parameters()] == [1]
    x = small.batch(torch.arange(5)).x.requires_grad_()
    with torch.no_grad():
        critic.level.fill_(0.75)
    assert critic(x).tolist() == [0.75] * 5
    (slope,) = torch.autograd.grad(critic(x).sum(), x)
    assert not slope.any()
