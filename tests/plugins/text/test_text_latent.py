"""The GAN on codes of an autoencoder."""

import math

import pytest
import torch
from torch import Tensor, nn

from detente import Networks, Stream
from detente_text.data import one_hot
from detente_text.networks import Latent
from seeded import seeded
from texts import build


@pytest.mark.slow
def test_an_autoencoder_is_warmed_up_and_then_frozen(small):
    model = Latent(code=16, width=32, embedding=16, latent_dim=4, warm_up_steps=300, warm_up_lr=1e-2)
    torch.manual_seed(0)
    networks = model.build(small.space)
    model.warm_up(networks, small, Stream(0), lambda done, of: None)
    encoder, decoder = networks.discriminator.embed, networks.generator.decoder
    assert not any(p.requires_grad for part in (encoder, decoder) for p in part.parameters())
    tokens = torch.from_numpy(small.tokens("train")).long()
    with torch.no_grad():
        codes = encoder(one_hot(tokens, len(small.vocabulary)))
        own, strange = decoder.surprise(codes, tokens), decoder.surprise(codes.roll(1, 0), tokens)
    assert own < strange - 0.1, "a code tells the decoder what its sentence is"
    assert torch.allclose(codes.norm(dim=1), torch.ones(len(codes)))


@pytest.fixture
def networks(small) -> Networks:
    return build(Latent(code=5, width=8, embedding=4, latent_dim=3, warm_up_steps=0), small.space)


def test_codes_have_length_one_on_either_side(networks: Networks, small):
    generator, critic = networks
    codes: list[Tensor] = []
    generator.decoder.start.register_forward_pre_hook(lambda m, i: codes.append(i[0]))
    generator(torch.randn(6, 3, generator=seeded()).double())
    codes.append(critic.embed(small.batch(torch.arange(6)).x.double()))
    for code in codes:
        assert code.shape == (6, 5)
        torch.testing.assert_close(code.norm(dim=1), torch.ones(6, dtype=torch.float64))


def test_all_chance_is_in_the_code(networks: Networks):
    decoder = networks.generator.decoder
    code = torch.randn(4, 5, generator=seeded()).double()
    before = torch.random.get_rng_state()
    assert torch.equal(decoder(code), decoder(code))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_word_is_read_the_same_from_its_number_and_from_its_vector(networks: Networks, small):
    encoder = networks.discriminator.embed
    tokens = torch.from_numpy(small.tokens("train")[:5]).long()
    embedded = nn.functional.embedding(tokens, encoder.embed.weight.T)
    torch.testing.assert_close(
        encoder.of_words(embedded), encoder(one_hot(tokens, len(small.vocabulary)).double()), rtol=0, atol=1e-12
    )


def test_where_nothing_is_known_every_word_costs_the_same(networks: Networks, small):
    decoder = networks.generator.decoder
    nn.init.zeros_(decoder.output.weight)
    nn.init.zeros_(decoder.output.bias)
    tokens = torch.from_numpy(small.tokens("train")[:20]).long()
    found = decoder.surprise(torch.randn(20, 5).double(), tokens).item()
    assert found == pytest.approx(math.log(len(small.vocabulary)), rel=1e-9)


def test_what_plays_is_between_latents_and_codes_and_between_codes_and_logits(networks: Networks):
    learns = [{name for name, p in net.named_parameters() if p.requires_grad} for net in networks]
    layers = [("first", "second", "out"), ("first", "second", "head")]
    assert learns == [{f"{layer}.{part}" for layer in of for part in ("weight", "bias")} for of in layers]
