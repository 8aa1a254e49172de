"""Attention in both players: what the cache keeps, what a word may see, what is switched off."""

import math

import pytest
import torch
from torch import Tensor, nn

from detente import Networks, UsageError
from detente_text.networks import Transformer
from seeded import seeded
from texts import build


@pytest.fixture
def networks(small) -> Networks:
    model = Transformer(width=8, layers=2, heads=2, latent_dim=4, warm_up_steps=0)
    return build(model, small.space)


def logits_of(generator: nn.Module, z: Tensor, tokens: Tensor) -> Tensor:
    """[B, L, V], all words given at once."""
    before = nn.functional.embedding(tokens[:, :-1], generator.embed.weight.T)
    seen = torch.cat([generator.start(z).unsqueeze(1), before], 1)
    return generator.output(generator.body(inputs_embeds=seen, use_cache=False).last_hidden_state)


def test_word_by_word_with_a_cache_is_what_all_words_at_once_are(networks: Networks):
    generator, z = networks.generator, torch.randn(3, 4, generator=seeded()).double()
    told: list[Tensor] = []
    generator.output.register_forward_hook(lambda m, i, o: told.append(o.detach()))
    tokens = generator(z).argmax(-1)
    word_by_word = torch.stack(told, 1)
    assert word_by_word.shape == (3, 6, word_by_word.shape[-1])
    torch.testing.assert_close(word_by_word, logits_of(generator, z, tokens), rtol=0, atol=1e-9)


def test_a_word_sees_those_before_it_and_the_latents_alone(networks: Networks):
    generator, z = networks.generator, torch.randn(1, 4, generator=seeded()).double()
    tokens = torch.tensor([[2, 3, 4, 5, 6, 7]])
    plain = logits_of(generator, z, tokens)
    for t in range(5):
        changed = tokens.clone()
        changed[0, t] = 9
        differs = (logits_of(generator, z, changed) - plain).abs().amax(-1)[0] > 1e-9
        assert differs.tolist() == [False] * (t + 1) + [True] * (5 - t)
    assert ((logits_of(generator, z + 1, tokens) - plain).abs().amax(-1) > 1e-9).all()


def test_where_nothing_is_known_every_word_costs_the_same(networks: Networks, small):
    generator = networks.generator
    nn.init.zeros_(generator.output.weight)
    nn.init.zeros_(generator.output.bias)
    tokens = torch.from_numpy(small.tokens("train")[:20]).long()
    found = generator.surprise(torch.randn(20, 4).double(), tokens).item()
    assert found == pytest.approx(math.log(len(small.vocabulary)), rel=1e-9)


def test_dropout_is_off_and_attention_has_a_second_derivative(networks: Networks):
    for net in networks:
        assert not any(module.p for module in net.modules() if isinstance(module, nn.Dropout))
        assert net.body.config._attn_implementation == "eager"
    critic = networks.discriminator
    x = torch.rand(2, 6, critic.embed.in_features, dtype=torch.float64, generator=seeded(), requires_grad=True)
    assert torch.equal(critic(x), critic(x)), "nothing is drawn"
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(slope.square().sum(), x)
    assert second.isfinite().all() and second.any()


def test_the_critic_knows_where_a_word_stands(networks: Networks):
    critic = networks.discriminator
    x = torch.eye(critic.embed.in_features, dtype=torch.float64)[torch.tensor([[2, 3, 4, 5, 6, 7]])]
    assert (critic(x) - critic(x.flip(1))).abs() > 1e-6


def test_the_librarys_own_linear_layers_are_layers_here(networks: Networks):
    from detente.engine.layers import layers

    names = {layer.name for layer in layers(networks.generator)}
    for block in range(2):
        assert {f"body.h.{block}.attn.c_attn", f"body.h.{block}.mlp.c_fc"} <= names


@pytest.mark.parametrize(("width", "heads"), [(8, 3), (10, 4), (1, 2)])
def test_heads_divide_the_width(width: int, heads: int):
    with pytest.raises(UsageError, match=f"width={width} is not a multiple of heads={heads}"):
        Transformer(width=width, heads=heads)
