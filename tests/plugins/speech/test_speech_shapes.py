"""Which data the models take."""

import pytest

from detente import Leaf, Space, UsageError
from detente_speech.networks.shapes import shape_of


def space(*shapes: tuple[int, ...]) -> Space:
    return Space(tuple(Leaf(shape, str(i)) for i, shape in enumerate(shapes)))


@pytest.mark.parametrize(("shape", "dimensions"), [((1, 4096), 2), ((1, 40, 64), 3), ((2, 7), 2)])
def test_the_shape_is_that_of_the_one_leaf(shape: tuple[int, ...], dimensions: int):
    assert shape_of(space(shape), "some-model", dimensions) == shape


@pytest.mark.parametrize(
    ("shapes", "dimensions", "wanted"),
    [
        (((1, 40, 64),), 2, r"waveforms \(1, L\)"),
        (((1, 4096),), 3, r"log-mels \(1, M, T\)"),
        (((7,),), 2, r"waveforms \(1, L\)"),
        (((1, 4096), (1, 4096)), 2, r"waveforms \(1, L\)"),
    ],
)
def test_a_refusal_names_the_model_what_it_wants_and_what_there_is(
    shapes: tuple[tuple[int, ...], ...], dimensions: int, wanted: str
):
    with pytest.raises(UsageError, match=rf"model 'some-model' is for {wanted}, but") as refused:
        shape_of(space(*shapes), "some-model", dimensions)
    assert all(str(shape) in str(refused.value) for shape in shapes)
