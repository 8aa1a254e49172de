"""Settings as a study keeps them, and where their values stand on an axis."""

import pytest

from detente.results.settings import axis, octave, settings


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("/8", -3),
        ("x1", 0),
        ("x4", 2),
        ("500", 8.9657842847),
        ("resnet", None),
        ("0", None),
        ("-2", None),
        ("nan", None),
    ],
)
def test_a_value_stands_on_an_axis_in_octaves(text, value):
    assert octave(text) == (None if value is None else pytest.approx(value))


def test_the_axis_is_the_first_key_whose_values_are_numbers():
    def named(*values: dict[str, str]):
        return settings({"settings": [{"name": str(v), "values": v, "seeds": [i]} for i, v in enumerate(values)]})

    assert axis(named({"model": "a", "lr": "/2"}, {"model": "b", "lr": "x2"})) == "lr"
    assert axis(named({"model": "a", "lr": "x2"}, {"model": "b", "lr": "x2"})) is None
    assert axis(named({"batch": "16"}, {"batch": "64"})) == "batch"
    assert axis([]) is None


def test_a_setting_changes_what_it_names_and_an_arm_without_changes_keeps_its_recipe():
    (one,) = settings(
        {"settings": [{"name": "a=1", "values": {"a": "1"}, "seeds": [3], "changes": {"d": {"s": {"x.y": 2}}}}]}
    )
    assert one.recipe({"x": {"y": 1, "z": 0}}, "d", "s") == {"x": {"y": 2, "z": 0}}
    assert one.recipe({"x": {"y": 1}}, "d", "other") == {"x": {"y": 1}} == one.recipe({"x": {"y": 1}}, "e", "s")
    with pytest.raises(KeyError):
        one.recipe({"w": 1}, "d", "s")
    assert settings({}) == []
