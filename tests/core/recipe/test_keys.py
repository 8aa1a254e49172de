"""Plain data addressed by dotted keys."""

import pytest

from detente.recipe.keys import at, flat, put

RECIPE = {"steps": 10, "discriminator": {"regularizers": {"r1": {"gamma": 1.0}}, "betas": [0.5, 0.9]}}


def test_what_is_put_stands_in_a_copy_and_the_original_stays() -> None:
    changed = put(RECIPE, {"discriminator.regularizers.r1.gamma": 2.0, "steps": 20, "seed": 3})
    assert changed == {
        "steps": 20,
        "seed": 3,
        "discriminator": {"regularizers": {"r1": {"gamma": 2.0}}, "betas": [0.5, 0.9]},
    }
    changed["discriminator"]["betas"].append(1)
    assert RECIPE["discriminator"] == {"regularizers": {"r1": {"gamma": 1.0}}, "betas": [0.5, 0.9]}
    assert put(RECIPE, {}) == RECIPE


def test_what_was_put_is_what_is_there() -> None:
    for key in ("steps", "discriminator.regularizers.r1", "discriminator.regularizers.r1.gamma"):
        assert at(put(RECIPE, {key: "x"}), key) == "x"
    assert at(RECIPE, "discriminator.betas") == [0.5, 0.9]


@pytest.mark.parametrize("key", ["seed", "discriminator.optimizer.lr"])
def test_a_key_that_is_not_there_is_a_key_error(key: str) -> None:
    with pytest.raises(KeyError):
        at(RECIPE, key)
    if "." in key:
        with pytest.raises(KeyError):
            put(RECIPE, {key: 1})


def test_flat_keys_lead_to_every_value_and_keep_empty_mappings() -> None:
    assert flat(RECIPE) == {
        "steps": 10,
        "discriminator.regularizers.r1.gamma": 1.0,
        "discriminator.betas": [0.5, 0.9],
    }
    assert flat({"data": {}, "a": {"b": {}}}) == {"data": {}, "a.b": {}}
    assert flat(3, "seed") == {"seed": 3}
    assert all(at(RECIPE, key) == value for key, value in flat(RECIPE).items())
