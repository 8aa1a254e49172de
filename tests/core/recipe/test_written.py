"""A chain as text becomes regularizers, or a sentence."""

import pytest

from detente.engine.combinators import Lazily, Ramp, unwrap
from detente.errors import UsageError
from detente.recipe.written import regularizers


def test_a_text_makes_its_links_in_order_lazy_and_annealed_as_asked():
    norm, r1, second, ema = regularizers(
        "spectral-norm + r1(gamma=10, every=16) + r1(gamma={from: 1, to: 0, over: 500}) + ema"
    )
    assert [norm.name, r1.name, second.name, ema.name] == ["spectral-norm", "r1", "r1-2", "ema"]
    assert isinstance(r1, Lazily) and r1.every == 16 and unwrap(r1).gamma == 10
    assert second.ramps == {"gamma": Ramp(1.0, 0.0, 500)}
    assert regularizers("none") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("d:r1", "Leave out its prefix"),
        ("r1(gamma=-1)", "r1.gamma"),
        ("r1(every=0)", "r1.every"),
        ("r1(gama=1)", "Did you mean 'gamma'"),
        ("r1(gamma={from: 1, to: 0, over: 0.5})", "give a number of updates"),
        ("r9", "r9"),
        ("r1(name=a) + lecam(name=a)", "two regularizers are called 'a'"),
    ],
)
def test_what_is_wrong_with_a_text_is_said(text, said):
    with pytest.raises(UsageError) as refused:
        regularizers(text)
    assert said in str(refused.value)
