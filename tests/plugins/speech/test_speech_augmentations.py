"""Random changes of sounds: what they change, what they keep, where chance comes from."""

import pytest
import torch

from detente_speech import augmentations, transforms
from detente_speech.domain import Speech
from seeded import seeded
from voices import waves

AUGMENTATIONS = list(Speech.augmentations.values())
KINDS = {"log-mel": lambda: transforms.log_mel(waves(4)), "waveform": lambda: waves(4)}


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_augmentations_change_each_sample_by_itself_from_the_given_generator_alone(augmentation, kind):
    x = KINDS[kind]()
    torch.manual_seed(0)
    y = augmentation(x, seeded(1))
    after = torch.rand(())
    torch.manual_seed(0)
    assert torch.rand(()) == after, "the default generator was not touched"
    assert y.shape == x.shape and y.dtype == x.dtype
    assert torch.equal(y, augmentation(x, seeded(1)))
    assert not torch.equal(y, augmentation(x, seeded(2)))
    alone = x.clone()
    alone[1:] = alone[1:].flip(-1)
    assert torch.equal(augmentation(alone, seeded(1))[0], y[0]), "a sample does not see the others"
    changed = (y - x).abs().flatten(1).amax(1) > 0
    assert changed.sum() >= 3, "each is changed, but for the rare draw of nothing"


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("shape", [(2, 1, 4, 8), (2, 1, 16)])
def test_augmentations_are_differentiable_twice(augmentation, shape):
    x = torch.rand(shape, generator=seeded(), dtype=torch.float64, requires_grad=True)
    f = lambda x: augmentation(x.sin(), seeded(1))  # noqa: E731  something that curves
    assert torch.autograd.gradcheck(f, (x,))
    assert torch.autograd.gradgradcheck(f, (x,))


def test_masks_are_silent_stretches_of_a_quarter_at_most():
    x = torch.zeros(50, 1, 40, 64)
    hidden = augmentations.time_mask(x, seeded()) == -1
    assert (hidden == hidden[:, :, :1]).all() and hidden[:, 0, 0].sum(1).max() <= 17
    hidden = augmentations.frequency_mask(x, seeded()) == -1
    assert (hidden == hidden[..., :1]).all() and 5 < hidden[:, 0, :, 0].sum(1).max() <= 11
    assert torch.equal(augmentations.gain(x - 1, seeded()), x - 1), "silence stays silent"
