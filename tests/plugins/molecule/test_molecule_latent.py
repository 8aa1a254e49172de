"""The GAN on codes of an autoencoder: what is learnt before the game, and what in it."""

import copy
import math

import pytest
import torch

from detente import Networks, Stream, weights
from detente.engine.layers import layers
from detente.training.warmup import fresh
from detente_molecule.chemistry import likeliest
from detente_molecule.data import QM9
from detente_molecule.networks import Latent, latent
from molecules import nothing
from seeded import seeded


@pytest.fixture(scope="module")
def warmed(few: QM9) -> Networks:
    model = Latent(warm_up_steps=500)
    networks = fresh(model, few.space, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(latent, "BATCH", 32)
        model.warm_up(networks, few, Stream(0), nothing)
    return networks


@pytest.mark.slow
def test_the_autoencoder_learns_to_tell_graphs_apart_and_to_write_valid_ones(few: QM9, warmed: Networks):
    x = few.batch(torch.arange(300)).x
    decoder, encoder = warmed.generator.decoder, warmed.discriminator.embed
    with torch.no_grad():
        codes = encoder(x)
        own, other = decoder.loss(codes, *x), decoder.loss(codes.roll(1, 0), *x)
        written = likeliest(decoder(codes)).molecules()
    assert own < 0.8 * other
    assert sum(mol is not None for mol in written) > 100


def test_encoder_and_decoder_stay_what_they_are_in_the_game(few: QM9, warmed: Networks):
    assert not any(p.requires_grad for p in warmed.generator.decoder.parameters())
    assert not any(p.requires_grad for p in warmed.discriminator.embed.parameters())
    assert {layer.name for layer in layers(warmed.generator)} == {"layers.0", "layers.1", "layers.2"}
    assert {name for name, _ in weights(warmed.discriminator)} == {"layers.0.weight", "layers.1.weight", "head.weight"}


def test_a_gradient_goes_from_the_critic_through_encoder_and_decoder_to_codes(few: QM9, warmed: Networks):
    generator, critic = copy.deepcopy(warmed)
    critic(generator(torch.randn(8, 32, generator=seeded()))).sum().backward()
    assert all(layer.weight.grad.abs().sum() > 0 for layer in layers(generator))


def test_a_decoder_that_knows_nothing_finds_every_pair_and_every_atom_equally_surprising(few: QM9):
    decoder = latent.Decoder(4, 9, 5)
    for layer in (decoder.write.bonds, decoder.write.atoms):
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    bonds, atoms = few.batch(torch.arange(6)).x
    found = decoder.loss(torch.randn(6, 4, generator=seeded()), bonds, atoms).item()
    assert found == pytest.approx(36 * math.log(4) + 9 * math.log(5), rel=1e-6)


def test_a_code_has_numbers_between_minus_one_and_one_and_reads_both_directions_of_a_bond(few: QM9):
    torch.manual_seed(0)
    encoder = latent.Encoder(9, 5, 7)
    bonds, atoms = few.batch(torch.arange(6)).x
    codes = encoder((bonds, atoms))
    assert codes.shape == (6, 7) and codes.abs().max() < 1
    bonds = bonds.requires_grad_()
    (slope,) = torch.autograd.grad(encoder((bonds, atoms)).sum(), bonds)
    assert slope.any() and torch.equal(slope, slope.transpose(1, 2))


def test_a_warm_up_tells_how_far_it_is_and_draws_from_its_stream_alone(few: QM9, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(latent, "BATCH", 4)
    model, told = Latent(code=4, warm_up_steps=3), []
    made = [fresh(model, few.space, 0) for _ in range(3)]
    for networks, stream in zip(made, (Stream(1), Stream(1), Stream(2)), strict=True):
        model.warm_up(networks, few, stream, lambda done, of: told.append((done, of)))
    assert told[:3] == [(1, 3), (2, 3), (3, 3)]
    one, same, other = (networks.generator.decoder.write.atoms.weight for networks in made)
    assert torch.equal(one, same) and not torch.equal(one, other)
