"""A spectrogram GAN whose networks work with log-mels of mean 0 and variance 1."""

import pytest
import torch

from detente import Leaf, Networks, Space
from detente_speech.networks import SpecGAN
from seeded import seeded

SHAPES = [(1, 40, 64), (1, 16, 24), (1, 80, 64)]


def built(shape: tuple[int, ...], **options: bool) -> Networks:
    torch.manual_seed(0)
    return SpecGAN(width=2, latent_dim=3, **options).build(Space((Leaf(shape, channel_axis=1),)))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_standard_generator_spreads_what_the_other_squeezes(shape: tuple[int, ...]):
    z = torch.randn(5, 3, generator=seeded()).double()
    plain, standard = (built(shape, standard=one).generator.double()(z) for one in (False, True))
    torch.testing.assert_close(standard, 0.33 * plain.atanh() + 0.08, rtol=1e-5, atol=1e-5)  # atanh rounds near 1


@pytest.mark.parametrize("shape", SHAPES)
def test_a_standard_critic_sees_mean_0_and_variance_1_of_what_speech_has(shape: tuple[int, ...]):
    x = torch.randn(5, *shape, generator=seeded())
    plain, standard = built(shape).discriminator, built(shape, standard=True).discriminator
    torch.testing.assert_close(standard(0.33 * x + 0.08), plain(x))


@pytest.mark.parametrize("shape", SHAPES)
def test_weights_have_the_same_names_either_way(shape: tuple[int, ...]):
    for plain, standard in zip(built(shape), built(shape, standard=True), strict=True):
        standard.load_state_dict(plain.state_dict())


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_an_untrained_standard_generator_makes_has_the_size_of_speech(seed: int):
    torch.manual_seed(seed)
    net = SpecGAN(width=8, standard=True).build(Space((Leaf(SHAPES[0], channel_axis=1),))).generator
    x = net(torch.randn(64, 64, generator=seeded(seed)))
    assert abs(x.mean().item() - 0.08) < 0.1 and 0.15 < x.std().item() < 0.6
