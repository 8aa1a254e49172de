"""Which keys of a recipe may change while a run goes on, and how the others are named."""

import pytest

from detente import recipe
from detente.errors import UsageError
from detente.recipe.keys import put
from detente.training.agreement import FREE, changes, refuse, told

PLAIN = recipe.load(domain="ring", regs=["d:clip-norm+r1(gamma=2)"]).plain()
WORDS = {"there": "there", "here": "here", "instead": "Begin anew."}


@pytest.mark.parametrize(
    ("key", "value"),
    [("steps", 7), ("log_every", 3), ("evaluate_every", 3), ("checkpoint_every", 3), ("samples", 9),
     ("metrics", ["prdc"]), ("device", "cpu"), ("allow", ["dragan-without-slope"])],
)  # fmt: skip
def test_what_is_free_changes(key, value):
    found = changes(PLAIN, put(PLAIN, {key: value}))
    assert found == {key: (PLAIN[key], value)} and key in FREE
    refuse(found, "run", data_too=True, **WORDS)
    assert told(found) == f"{key} ({PLAIN[key]!r} → {value!r})"


@pytest.mark.parametrize("field", sorted(recipe.Recipe.model_fields))
def test_every_field_of_a_recipe_is_free_or_decides_what_is_trained(field):
    decides = {"format", "domain", "data", "model", "objective", "seed", "batch", "critic_steps", "generator_first"}
    decides |= {"simultaneous", "fresh_fakes", "precision", "generator", "discriminator"}
    decides |= {"channels_last", "compile", "evaluate"}
    assert (field in FREE) != (field in decides)


@pytest.mark.parametrize(
    ("key", "value"),
    [("seed", 1), ("batch", 32), ("critic_steps", 2), ("fresh_fakes", True), ("precision", "fp64"),
     ("model.hidden", 7), ("generator.optimizer.lr", 1.0), ("discriminator.regularizers.r1.gamma", 3.0)],
)  # fmt: skip
def test_what_decides_the_next_update_is_refused_by_key(key, value):
    try:
        found = changes(PLAIN, put(PLAIN, {key: value, "steps": 7}))
    except KeyError:
        pytest.fail(f"{key} is no key")
    with pytest.raises(UsageError) as refused:
        refuse(found, "run", data_too=True, **WORDS)
    first, last = str(refused.value).splitlines()
    assert first.startswith(f"run: {key} is ") and first.endswith(f" there but {value!r} here.")
    assert last.endswith("Begin anew.") and "steps" in last


def test_a_regularizer_that_comes_or_goes_is_named_by_its_options():
    without = put(PLAIN, {"discriminator.regularizers": {}})
    gone = changes(PLAIN, without)
    assert gone["discriminator.regularizers.r1.gamma"] == (2.0, ...)
    assert changes(without, PLAIN)["discriminator.regularizers.r1.gamma"] == (..., 2.0)
    assert all(key.startswith("discriminator.regularizers.") for key in gone)


def test_the_order_of_regularizers_counts():
    chain = PLAIN["discriminator"]["regularizers"]
    turned = put(PLAIN, {"discriminator.regularizers": dict(reversed(chain.items()))})
    assert changes(PLAIN, turned) == {"discriminator.regularizers": ("clip-norm + r1", "r1 + clip-norm")}


def test_data_are_judged_by_their_identity_where_that_is_known():
    found = changes(PLAIN, put(PLAIN, {"data.std": 0.5}))
    assert list(found) == ["data.std"]
    refuse(found, "run", data_too=False, **WORDS)
    with pytest.raises(UsageError, match=r"data.std is 0.05 there but 0.5 here|data.std is "):
        refuse(found, "run", data_too=True, **WORDS)


def test_a_default_that_an_older_version_did_not_write_down_is_no_difference():
    older = put(PLAIN, {})
    del (
        older["fresh_fakes"],
        older["generator"]["optimizer"]["lr"],
        older["discriminator"]["regularizers"]["r1"]["every"],
    )
    assert changes(older, PLAIN) == {}
