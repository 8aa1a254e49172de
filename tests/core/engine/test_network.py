"""What a network states about itself."""

import pytest
from torch import nn

from detente.engine.network import Network, abilities, feature_layers, input_layers, output_layers
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


def test_the_input_layers_are_those_that_the_network_states():
    assert input_layers(nn.Linear(2, 1)) is None
    assert input_layers(Critic(input_layers=("embed",))) == ("embed",) and input_layers(Critic(input_layers=())) == ()
    with pytest.raises(UsageError, match=r"Critic\.input_layers names 'first', but it has no submodule"):
        input_layers(Critic(input_layers=("first",)))


class Critic(Network):
    """States what a test gives it."""

    def __init__(self, **stated):
        super().__init__()
        self.embed, self.act = nn.Linear(1, 1), nn.ReLU()
        for name, value in stated.items():
            setattr(self, name, value)


def test_what_a_network_states_of_its_abilities_and_features_is_read():
    net = Critic(abilities={"embed", "features"}, feature_layers=["act"])
    assert abilities(net) == frozenset({"embed", "features"}) and feature_layers(net) == ("act",)
    assert feature_layers(Critic(feature_layers=("act",))) == (), "without the ability the layers are no features"


def test_a_submodule_of_two_names_is_there_under_both():
    net = Critic(abilities={"mapping"})
    net.mapping = net.embed
    assert abilities(net) == {"mapping"}


def test_any_module_may_state_nothing():
    assert (abilities(nn.Identity()), feature_layers(nn.Identity()), output_layers(nn.Identity())) == (set(), (), None)


@pytest.mark.parametrize(
    ("stated", "read", "said"),
    [
        (
            {"abilities": {"features"}, "feature_layers": "act"},
            feature_layers,
            "Critic.feature_layers should be a tuple of names, but is 'act'.",
        ),
        (
            {"abilities": {"features"}, "feature_layers": ("act", "atc")},
            feature_layers,
            "Critic.feature_layers names 'atc', but it has no submodule of that name.",
        ),
        ({"abilities": "features"}, abilities, "Critic.abilities should be a set of names, but is 'features'."),
        (
            {"abilities": frozenset({"embed"}), "embed": None},
            abilities,
            "Critic.abilities names 'embed', but it has no submodule of that name.",
        ),
        (
            {"abilities": frozenset({"mapping"})},
            abilities,
            "Critic.abilities names 'mapping', but it has no submodule of that name.",
        ),
    ],
)
def test_what_a_network_states_wrongly_is_said_in_one_sentence(stated, read, said):
    with pytest.raises(UsageError) as error:
        read(Critic(**stated))
    assert str(error.value) == said
