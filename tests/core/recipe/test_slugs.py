"""Names of the folders of arms."""

from hypothesis import given, settings
from hypothesis import strategies as st

from detente.recipe import slug


@given(st.text() | st.from_regex(r"[a-z+():=, .]{50,90}", fullmatch=True))
@settings(max_examples=100, deadline=None)
def test_a_slug_is_a_name_for_a_folder_anywhere(text: str) -> None:
    name = slug(text)
    assert 0 < len(name) <= 60
    assert name[0].isalnum()
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789.=-")
    assert name == name.strip(".")


def test_slugs_are_legible_stable_and_apart() -> None:
    assert slug("r1(gamma=1)+g:ema") == "r1-gamma=1-g-ema-532054a2"
    assert slug("../..") == "arm-9ae83f98"
    assert slug("R1") != slug("r1")
    assert len({slug("x" * n) for n in range(50, 90)}) == 40
