"""Every option of every component of the four plugins is checked where it is declared, before anything is made."""

import math
import typing
from typing import Any

import pytest
import torch

from detente import DetenteError, Leaf, Space, UsageError
from detente.engine.options import declared_options
from detente.plugins import host
from detente.recipe import options_of

DOMAINS = ("image", "molecule", "speech", "text")
KINDS = ("data", "model", "metric")
UNCHECKED = {"path", "column", "encoding", "words", "periods", "sampling", "reward", "rate", "channels", "messages"}
UNCHECKED |= {"valences", "reading", "rectified", "conditional", "condition", "standard", "inverse"}
"""Words, places and choices; and pairs of numbers, which the reader of recipes checks."""


def components() -> list[Any]:
    found = []
    for kind in KINDS:
        for entry in host().entries(kind):
            if entry.domain in DOMAINS:
                found.append(pytest.param(entry, id=f"{entry.domain}-{kind}-{entry.name}"))
    return found


@pytest.mark.parametrize("entry", components())
def test_numbers_outside_their_range_are_refused_in_one_sentence(entry: Any) -> None:
    target = host().load(entry.kind, entry.name, entry.domain)
    stated = declared_options(target)
    numbers = {option.name for option in options_of(target)} - UNCHECKED
    assert numbers == stated.keys() - UNCHECKED, "every number states its range"
    required = {option.name: "somewhere" for option in options_of(target) if option.required}
    for name in numbers:
        for wrong in (-1, -math.inf, math.inf, math.nan, "many"):
            with pytest.raises(UsageError, match=rf"^[\w-]+: {name}=\S+ should be [^\n]+\.$"):
                target(**required, **{name: wrong})


@pytest.mark.parametrize(
    ("kind", "domain", "name", "options", "message"),
    [
        ("model", "image", "dcgan", {"width": 0}, "width=0"),
        ("model", "image", "resnet", {"width": 24}, "multiple of group=16"),
        ("model", "image", "mlp", {"depth": 1.5}, "depth=1.5"),
        ("data", "image", "emoji", {"size": 7}, "size=7"),
        ("data", "image", "emoji", {"background": 256}, "background=256"),
        ("data", "image", "folder", {"path": ".", "channels": 2}, "channels=2"),
        ("data", "image", "stacked-digits", {"count": 0}, "count=0"),
        ("model", "molecule", "molgan", {"temperature": 0.0}, "temperature=0.0"),
        ("model", "molecule", "molgan", {"messages": (4, 0)}, "messages"),
        ("model", "molecule", "latent", {"code": 0}, "code=0"),
        ("data", "molecule", "qm9", {"size": 0}, "size=0"),
        ("data", "molecule", "smiles", {"path": "a", "types": 30}, "types=30"),
        ("model", "speech", "vocoder", {"periods": "2 x"}, "periods"),
        ("model", "speech", "vocoder", {"periods": "3 3"}, "periods"),
        ("model", "speech", "vocoder", {"mel_weight": -1.0}, "mel_weight=-1.0"),
        ("model", "text", "transformer", {"heads": 3}, "multiple of heads=3"),
        ("model", "text", "relgan", {"coldest": 0.0}, "coldest=0.0"),
        ("data", "text", "bible-bbe", {"vocabulary": 9}, "vocabulary=9"),
        ("data", "text", "glosses", {"length": 257}, "length=257"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    kind: typing.Literal["data", "model"], domain: str, name: str, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(DetenteError, match=message):
        host().load(kind, name, domain)(**options)


def test_renamed_options_lead_to_options_that_there_are() -> None:
    found = {}
    for kind in KINDS:
        for entry in host().entries(kind):
            if entry.domain in DOMAINS:
                target = host().load(entry.kind, entry.name, entry.domain)
                names = {option.name for option in options_of(target)}
                renamed = getattr(target, "renamed", {})
                assert set(renamed.values()) <= names and not set(renamed) & names
                found |= {(entry.domain, entry.name, old): new for old, new in renamed.items()}
    assert found == {
        ("molecule", "latent", "codes"): "code",
        **{("text", name, "hard"): "sampling" for name in ("latent", "relgan", "relgan-null", "transformer")},
    }


@pytest.mark.parametrize("name", ["latent", "relgan", "transformer"])
def test_true_and_false_still_say_whether_words_are_whole(name: str) -> None:
    space = Space((Leaf((4, 6), channel_axis=-1),))

    def whole(sampling: str | bool) -> bool:
        model = host().load("model", name, "text")(sampling=sampling)
        generator = model.build(space).generator
        x = generator(torch.randn(3, model.latent_dim))
        return bool(torch.isin(x, torch.tensor([0.0, 1.0])).all())

    assert [whole(value) for value in ("straight-through", True, "soft", False)] == [True, True, False, False]


@pytest.mark.parametrize("name", ["latent", "relgan", "relgan-null", "transformer"])
def test_an_option_works_by_its_old_name_in_python_too(name: str) -> None:
    model = host().load("model", name, "text")
    with pytest.warns(DeprecationWarning, match="The option 'hard' is called 'sampling' now") as said:
        assert model(hard=False).sampling is False
    assert said[0].filename == __file__
    with pytest.raises(TypeError, match="hard"):
        model(hard=False, sampling="soft")


def test_an_old_name_is_checked_like_the_new_one() -> None:
    latent = host().load("model", "latent", "molecule")
    with pytest.warns(DeprecationWarning, match="'codes' is called 'code' now"):
        assert latent(codes=7).code == 7
    for wrong in (0, -3, 1.5):
        with pytest.raises(UsageError, match="code="):
            latent(codes=wrong)
