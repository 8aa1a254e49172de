"""Which images the models take."""

import pytest
import torch

from detente import Leaf, Space, UsageError
from detente_image.networks import DCGAN, MLP, ResNet
from detente_image.networks.shapes import image_shape, stages_of
from images import space


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 8), (3, 32, 64)])
def test_sizes_that_no_doubling_reaches_are_refused(shape: tuple[int, ...]):
    for model in (DCGAN(), ResNet()):
        with pytest.raises(UsageError, match="power of two"):
            model.build(Space((Leaf(shape, channel_axis=1),)))
    assert MLP(width=8).build(Space((Leaf(shape, channel_axis=1),))).generator(torch.randn(2, 64)).shape == (2, *shape)


def test_what_is_no_image_is_refused():
    with pytest.raises(UsageError, match="for images"):
        MLP().build(Space((Leaf((7,)),)))


@pytest.mark.parametrize(("size", "stages"), [(16, 2), (32, 3), (64, 4), (1024, 8)])
def test_stages_are_how_often_four_by_four_doubles(size: int, stages: int):
    assert stages_of(space(3, size), "dcgan") == stages
    assert 4 * 2**stages == size


def test_images_are_channels_height_and_width_whatever_the_axis_is_called():
    assert image_shape(Space((Leaf((3, 5, 7)),)), "mlp") == (3, 5, 7)


@pytest.mark.parametrize("leaves", [((7,),), ((2, 3),), ((1, 2, 3, 4),), ((1, 8, 8), (1, 8, 8))])
def test_a_refusal_names_the_model_and_what_the_data_are(leaves: tuple[tuple[int, ...], ...]):
    with pytest.raises(UsageError) as refused:
        image_shape(Space(tuple(Leaf(shape, str(i)) for i, shape in enumerate(leaves))), "some-model")
    assert "'some-model'" in str(refused.value)
    assert all(str(shape) in str(refused.value) for shape in leaves)


def test_a_refusal_of_a_size_says_what_to_do():
    with pytest.raises(UsageError, match=r"28 × 28.*16, 32, 64, …, or take model 'mlp'"):
        stages_of(space(1, 28), "dcgan")
