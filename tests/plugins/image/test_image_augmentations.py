"""Random changes of pictures: what they change, what they keep, where chance comes from."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from detente_image.augmentations import colour, cutout, translation
from seeded import seeded

AUGMENTATIONS = [translation, cutout, colour]


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_augmentations_change_pictures_and_keep_their_range(augmentation: Callable[..., Tensor], channels: int):
    x = torch.rand(32, channels, 16, 16, generator=seeded()) * 2 - 1
    x[0], x[1] = 1, -1
    y = augmentation(x, seeded(1))
    assert y.shape == x.shape
    assert not torch.equal(x, y)
    assert y.abs().max() <= 1 + 1e-6  # a mean of 256 numbers rounds


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_augmentations_draw_from_the_given_generator_alone(augmentation: Callable[..., Tensor]):
    x = torch.rand(8, 3, 16, 16, generator=seeded())
    torch.manual_seed(0)
    a = augmentation(x, seeded(1))
    after = torch.rand(())
    torch.manual_seed(0)
    assert torch.rand(()) == after, "the default generator was not touched"
    assert torch.equal(a, augmentation(x, seeded(1)))
    assert not torch.equal(a, augmentation(x, seeded(2)))


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_augmentations_are_differentiable(augmentation: Callable[..., Tensor]):
    x = torch.rand(2, 3, 4, 4, generator=seeded(), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: augmentation(x, seeded(1)), (x,))


def test_translation_shifts_each_picture_by_at_most_an_eighth():
    x = torch.full((64, 1, 16, 16), -1.0)
    x[:, :, 8, 8] = 1
    y = translation(x, seeded())
    where = (y == 1).nonzero()[:, 2:]
    assert len(where) == 64
    assert (where - 8).abs().max() == 2
    assert len(where.unique(dim=0)) > 10


def test_cutout_hides_at_most_a_square_of_half_the_side():
    hidden = (cutout(torch.ones(200, 2, 16, 16), seeded()) == 0)[:, 0].sum((1, 2))
    assert hidden.max() == 64
    assert hidden.min() >= 1
