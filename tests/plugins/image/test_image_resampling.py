"""The filter [1, 3, 3, 1]: what it does to an image in either direction."""

import torch
import torch.nn.functional as F

from detente_image.networks.resampling import blur, downsample, upsample
from seeded import seeded

F64 = torch.float64
TAPS = torch.tensor([1.0, 3.0, 3.0, 1.0], dtype=F64) / 8


def test_resampling_filters_with_one_three_three_one():
    x = torch.randn(2, 3, 8, 8, dtype=F64, generator=seeded())
    padded = F.pad(x, (1, 1, 1, 1))
    by_hand = torch.einsum("bcijkl,k,l->bcij", padded.unfold(2, 4, 2).unfold(3, 4, 2), TAPS, TAPS)
    torch.testing.assert_close(downsample(x), by_hand)
    up = upsample(x)
    assert up.shape == (2, 3, 16, 16)
    # Away from the border it is bilinear interpolation.
    torch.testing.assert_close(up[..., 1:-1, 1:-1], F.interpolate(x, scale_factor=2, mode="bilinear")[..., 1:-1, 1:-1])
    # And each is the other's transpose, up to the factor that keeps the mean.
    y = torch.randn(2, 3, 16, 16, dtype=F64, generator=seeded(1))
    torch.testing.assert_close((up * y).sum(), 4 * (x * downsample(y)).sum())


def test_a_blurred_image_has_the_filter_at_each_place_and_halves_to_the_halved_one():
    x = torch.randn(2, 3, 8, 8, dtype=F64, generator=seeded())
    by_hand = torch.einsum("bcijkl,k,l->bcij", F.pad(x, (2,) * 4).unfold(2, 4, 1).unfold(3, 4, 1), TAPS, TAPS)
    torch.testing.assert_close(blur(x, padding=2), by_hand)
    torch.testing.assert_close(blur(x, padding=1)[..., ::2, ::2], downsample(x))
    torch.testing.assert_close(blur(x, padding=2, gain=4), 4 * by_hand)
