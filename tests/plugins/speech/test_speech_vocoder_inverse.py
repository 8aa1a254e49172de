"""A vocoder whose magnitudes start from those that its log-mel says."""

import pytest
import torch

from detente import Leaf, Space, UsageError
from detente_speech import transforms
from detente_speech.networks import Vocoder
from seeded import seeded
from voices import waves


def built(rate: int = 8000, **options):
    model = Vocoder(width=4, blocks=1, critic_width=2, rate=rate, latent_dim=3, **options)
    torch.manual_seed(0)
    space = Space((Leaf((1, transforms.length(rate)), channel_axis=1),), condition=(1, transforms.mels(rate), 64))
    return model, model.build(space)


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_magnitudes_that_the_pseudo_inverse_makes_have_the_mels_that_it_was_given(rate, seed):
    filters = transforms._transform("MelSpectrogram", rate, torch.float64, torch.device("cpu")).mel_scale.fb.T
    found = transforms.pseudo_inverse(rate).double()
    assert found.shape == (transforms.window(rate) // 2 + 1, transforms.mels(rate))
    # Of a spectrum's mels, not of any: at 16 kHz one filter lies between two bins, and has next to none to give.
    mel = filters @ torch.rand(filters.shape[1], 5, generator=seeded(seed), dtype=torch.float64)
    assert found.abs().max() < 2
    assert torch.allclose(filters @ (found @ mel), mel, atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_head_that_says_nothing_leaves_the_magnitudes_of_the_log_mel(rate):
    model, made = built(rate, inverse=True)
    mel = transforms.log_mel(waves(2, rate))
    with torch.no_grad():
        made.generator.head.weight.zero_()
        found = made.generator(model.latents(2, seeded()), mel)
    magnitude = (transforms.pseudo_inverse(rate) @ transforms.magnitudes(mel[:, 0])).abs().clamp(min=1e-5)
    spectrum = torch.cat([magnitude, magnitude[..., -1:]], -1).to(torch.complex64)  # phases are 0
    n, step = transforms.window(rate), transforms.hop(rate)
    wave = torch.istft(spectrum, n, step, window=torch.hann_window(n), length=transforms.length(rate))
    torch.testing.assert_close(found[:, 0], wave)


@pytest.mark.parametrize("factor", [0.5, 2.0, 3.0])
def test_an_untrained_vocoder_is_as_much_louder_as_its_log_mel(factor):
    """Apart from the share of the network, which here does not see the level."""
    model, made = built(inverse=True)
    mel, z = transforms.log_mel(waves(2, 8000)), model.latents(2, seeded())
    # Above the floor, so that louder is the same shift in every band.
    mel = mel.clamp(min=-0.5)
    louder = transforms.scaled(factor * (mel * transforms.HALF + transforms.MIDDLE).exp())
    with torch.no_grad():
        made.generator.embed.weight.zero_()
        one, other = made.generator(z, mel), made.generator(z, louder)
    ratio = other.std() / one.std()
    assert ratio.item() == pytest.approx(factor, rel=0.02)  # the floor is subtracted from both


def test_weights_are_those_without_it_so_that_either_reads_the_other():
    (_, without), (_, with_it) = built(), built(inverse=True)
    with_it.generator.load_state_dict(without.generator.state_dict())
    for a, b in zip(without.generator.parameters(), with_it.generator.parameters(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize(("rate", "bands"), [(8000, 80), (16000, 40), (16000, 100)])
def test_bands_that_no_filters_of_the_rate_have_are_refused(rate, bands):
    space = Space((Leaf((1, transforms.length(rate)), channel_axis=1),), condition=(1, bands, 64))
    with pytest.raises(UsageError, match=f"of {bands} bands"):
        Vocoder(rate=rate, inverse=True).build(space)


def test_in_half_precision_the_magnitudes_are_made_in_full():
    model, made = built(inverse=True)
    mel, z = transforms.log_mel(waves(2, 8000)), model.latents(2, seeded())
    with torch.no_grad():
        made.generator.head.weight.zero_()
        full = made.generator(z, mel)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            torch.testing.assert_close(made.generator(z, mel), full)
