"""What `choose` tries, and in which order."""

from collections import Counter

import pytest

from detente import plugins
from detente.experiments.candidates import ALSO, FAMILIES, candidates, strength
from detente.plugins.loader import is_core
from detente.recipe.chains import parse_links


def test_every_regularizer_of_the_core_is_tried_once_at_its_default():
    own = {entry.name for entry in plugins.host().entries("regularizer") if is_core(entry.origin)}
    texts = [text for family, texts in FAMILIES.items() if family != "pairs" for text in texts]
    assert Counter(texts) == Counter(own)


def test_the_first_of_each_family_comes_before_any_second_and_before_other_strengths():
    found = candidates([], plugins.host())
    assert [one.text for one in found[: len(FAMILIES)]] == [texts[0] for texts in FAMILIES.values()]
    assert len({one.text for one in found}) == len(found)
    place = {one.text: i for i, one in enumerate(found)}
    assert place["r1"] < place["r1(gamma=1)"] < place["gradient-penalty(weight=100)"] < place["max-gp(weight=10)"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("r1", ("gamma", 10.0)),
        ("l2", ("weight", 1e-4)),
        ("g:ema", ("half_life", 500.0)),
        ("lecam", ("weight", 0.3)),
        ("instance-noise", ("std", 0.1)),
        ("clip-norm", ("max_norm", 1.0)),
        ("dropout", None),  # a probability has an upper end
        ("layer-norm", None),  # its first option is fixed
        ("spectral-norm", None),  # an integer
        ("ada", None),  # a target, not a strength
        ("weight-norm", None),
        ("label-smoothing", None),
        ("r1+g:ema", None),
        ("nobody", None),
    ],
)
def test_a_strength_is_a_first_option_that_is_a_number_without_an_upper_end(text: str, expected: object):
    assert strength(text, plugins.host()) == expected


def test_strengths_are_decades_around_the_default():
    own = [one for one in candidates([], plugins.host()) if one.like == "r1"]
    assert [parse_links(one.text)[0].options for one in own] == [{}, {"gamma": 1}, {"gamma": 100}]


def test_what_the_user_names_comes_first_and_a_bare_name_with_its_strengths():
    found = candidates(["drift", "r1(gamma=3)+g:ema"], plugins.host())
    assert [one.text for one in found[:4]] == [
        "drift",
        "drift(weight=0.0001)",
        "drift(weight=0.01)",
        "r1(gamma=3)+g:ema",
    ]
    assert {one.family for one in found[:4]} == {ALSO}
    assert [one.text for one in found].count("drift") == 1
