"""What a network states about itself."""

import pytest
from torch import nn

from detente.engine.network import output_layers
from detente.errors import UsageError


class Stated(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.output_layers = layers
        self.head = nn.Linear(2, 1)


def test_the_output_layers_are_those_that_the_network_states():
    assert output_layers(Stated(("head",))) == ("head",)


def test_a_network_that_states_nothing_has_no_output_layers():
    assert output_layers(nn.Linear(2, 1)) is None


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (("head", "tail"), "Stated.output_layers names 'tail', but it has no submodule of that name."),
        ("head", "Stated.output_layers should be a tuple of names, but is 'head'."),
    ],
)
def test_output_layers_that_are_not_there_or_not_a_tuple_are_refused(layers, told):
    with pytest.raises(UsageError) as error:
        output_layers(Stated(layers))
    assert str(error.value) == told
