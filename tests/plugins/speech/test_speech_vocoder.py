"""The vocoder: its noise, its condition."""

import pytest
import torch

from detente import Leaf, Space, Stream, UsageError
from detente.training.evaluation import conditions, generate
from detente_speech import transforms
from detente_speech.networks import Vocoder
from seeded import seeded
from small_speech import SMALL


def test_a_vocoders_noise_changes_its_waveform(vocoded):
    model, space, _ = SMALL["vocoder"]
    torch.manual_seed(0)
    net = model.build(space).generator
    mel = vocoded.conditions(2)
    one, other = (net(model.latents(2, seeded(seed)), mel) for seed in (0, 1))
    assert (one - other).abs().max() > 1e-3


def test_evaluated_samples_of_a_vocoder_are_conditioned_on_held_out_log_mels(vocoded):
    model, space, _ = SMALL["vocoder"]
    given = conditions(vocoded, model, 5, Stream(0))
    assert torch.equal(given, vocoded.conditions(5))
    assert generate(model.build(space).generator, model, 5, Stream(0), given).shape == (5, 1, 4096)


def built(**options):
    model = Vocoder(**{"width": 4, "blocks": 2, "critic_width": 2, "rate": 8000, "latent_dim": 3, **options})
    torch.manual_seed(0)
    rate = model.rate
    space = Space((Leaf((1, transforms.length(rate)), channel_axis=1),), condition=(1, transforms.mels(rate), 64))
    return model, model.build(space)


@pytest.mark.parametrize("rate", [8000, 16000])
@pytest.mark.parametrize("frames", [64, 10])
def test_a_frame_of_a_log_mel_becomes_a_hop_of_sound(rate, frames):
    model, made = built(rate=rate)
    mel = torch.rand(2, 1, transforms.mels(rate), frames, generator=seeded()) * 2 - 1
    wave = made.generator(model.latents(2, seeded()), mel)
    assert wave.shape == (2, 1, frames * rate // 125)
    assert wave.isfinite().all()


@pytest.mark.parametrize(("periods", "numbers"), [("2 3 5", [2, 3, 5]), (7, [7]), ("  11   1 ", [11, 1])])
def test_there_is_a_critic_for_each_period(periods, numbers):
    _, made = built(periods=periods)
    logits = made.discriminator(torch.randn(2, 1, 4096, generator=seeded()))
    assert [critic.period for critic in made.discriminator.critics] == numbers
    # A third of the rows four times over, rounded up, in each of p columns.
    for p, part in zip(numbers, logits, strict=True):
        rows = -(-4096 // p)
        for _ in range(4):
            rows = -(-rows // 3)
        assert part.shape == (2, rows * p)
    assert made.discriminator.output_layers == tuple(f"critics.{i}.head" for i in range(len(numbers)))
    assert len(made.discriminator.feature_layers) == 4 * len(numbers)


@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_column_of_a_critic_sees_every_pth_sample_alone(period):
    _, made = built(periods=str(period))
    x = torch.randn(1, 1, 1024, generator=seeded(), requires_grad=True)
    (logits,) = made.discriminator(x)
    for column in range(period):
        (slope,) = torch.autograd.grad(logits[0, column::period].sum(), x, retain_graph=True)
        seen = slope[0, 0].view(-1, period).abs().sum(0) > 0
        assert seen.tolist() == [other == column for other in range(period)]


def test_a_critic_does_not_look_at_the_condition():
    _, made = built()
    x = torch.randn(2, 1, 4096, generator=seeded())
    for one, other in zip(made.discriminator(x), made.discriminator(x, torch.zeros(2, 1, 40, 64)), strict=True):
        assert torch.equal(one, other)


def test_magnitudes_are_cut_off_where_vocos_does():
    """100 in every bin, half a window late, is a click in the middle of each frame: of 100 over Σ hann² = 1.5."""
    model, made = built()
    z, mel = model.latents(1, seeded()), torch.zeros(1, 1, 40, 64)
    waves = []
    for level in (5.0, 50.0):  # e⁵ = 148
        with torch.no_grad():
            made.generator.head.weight.zero_()
            made.generator.head.bias.zero_()
            magnitude, phase = made.generator.head.bias.chunk(2)
            magnitude.fill_(level)
            phase.copy_(torch.pi * torch.arange(len(phase)))
            waves.append(made.generator(z, mel))
    assert torch.equal(*waves)
    assert waves[0][..., 1000:3000].max().item() == pytest.approx(100 / 1.5, rel=1e-4)


@pytest.mark.parametrize("periods", ["", "0 2", "2 2", "a", "1.5", "-3"])
def test_periods_that_are_none_are_refused(periods):
    with pytest.raises(UsageError, match="must be different integers"):
        Vocoder(periods=periods)


def test_in_half_precision_the_fourier_transform_is_done_in_full():
    model, made = built()
    net = made.generator.bfloat16()
    wave = net(model.latents(1, seeded()).bfloat16(), torch.zeros(1, 1, 40, 64, dtype=torch.bfloat16))
    assert wave.dtype == torch.float32 and wave.isfinite().all()
