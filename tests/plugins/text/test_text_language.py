"""A text of the user's own, in any language: elided words, a vocabulary that its lines need, what is said of them."""

from pathlib import Path

import pytest

from detente.recipe import resolve
from detente_text.data import Lines
from detente_text.language import foreign
from detente_text.preparing import enough
from detente_text.vocabulary import UNKNOWN, sentence, words

FRENCH = [
    "L'argument qu’elle donne n'est pas celui d'un ami.",
    "C’est l'été, et les enfants jouent dans le jardin.",
    "Il faut que je m'en aille avant qu'il arrive.",
    "Aujourd'hui nous mangeons des fraises avec de la crème.",
]


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("L’argument d’une amie", ["l'", "argument", "d'", "une", "amie"]),
        ("qu'aujourd'hui s'achève", ["qu'", "aujourd'hui", "s'", "achève"]),
        ("jusqu'à l'hôtel", ["jusqu'", "à", "l'", "hôtel"]),
        ("dell'arte un'altra c'è", ["dell'", "arte", "un'", "altra", "c'", "è"]),
    ],
)
def test_an_elided_word_is_a_word_of_its_own_and_comes_back_as_it_is_written(text: str, split: list[str]):
    assert words(text, elisions=True) == split
    assert sentence(split) == text.lower().replace("’", "'")


@pytest.mark.parametrize("word", ["don't", "it's", "o'clock", "ma'am", "we'll", "rock'n'roll", "aujourd'hui"])
def test_other_words_with_an_apostrophe_stay_whole(word: str):
    assert words(word, elisions=True) == [word] == words(word)


@pytest.mark.parametrize(
    ("needed", "sizes", "chosen"), [([1] * 9 + [99], (1, 10), 1), ([5] * 10, (1, 10), 10), ([50] * 4, (1, 10), 10)]
)
def test_the_smallest_size_is_chosen_that_nine_tenths_are_content_with(needed: list[int], sizes: tuple, chosen: int):
    assert enough(needed, sizes) == chosen


def test_at_least_four_fifths_of_a_text_train_and_a_note_counts_them(tmp_path: Path):
    lines = [f"le mot n{i} suit l'ordre m{i % 700} dans la phrase." for i in range(1500)]
    (tmp_path / "t.txt").write_text("\n".join(lines), encoding="utf-8")
    data = Lines(str(tmp_path / "t.txt"), vocabulary=None, length=None, reading=2)
    assert len(data) >= 0.8 * 1500
    # A smaller vocabulary says how many train, and what a larger one would bring, and it does.
    small = Lines(str(tmp_path / "t.txt"), vocabulary=1000, length=None, reading=2)
    larger = Lines(str(tmp_path / "t.txt"), vocabulary=2000, length=None, reading=2)
    assert f"{len(small):,} of 1,500 lines train" in " ".join(small.notes)
    known = sum(larger.packed.sizes.values()) - int((larger.tokens("extractor") == UNKNOWN).any(1).sum())
    assert f"2,000 words would bring {known:,}" in " ".join(small.notes)


def test_new_recipes_read_lines_so_and_whole_ones_from_before_as_they_did(tmp_path: Path):
    (tmp_path / "t.txt").write_text("\n".join(FRENCH), encoding="utf-8")
    new = resolve(None, "text", flags={"data": {"name": "lines", "path": str(tmp_path / "t.txt")}}).recipe.plain()
    assert (new["data"]["vocabulary"], new["data"]["length"], new["data"]["reading"]) == (None, None, 2)
    old = {**new, "data": {"name": "lines", "path": new["data"]["path"], "vocabulary": 2000, "length": 16}}
    assert resolve(old).recipe.data.options["reading"] == 1


@pytest.mark.parametrize(
    "lines",
    [
        FRENCH,
        ["Der Hund läuft durch den Garten und bellt die Nachbarn an.", "Es regnet seit drei Tagen."],
        ["El perro corre por el jardín y ladra a los vecinos.", "Llueve desde hace tres días."],
        ["Собака бежит по саду и лает на соседей."],
    ],
)
def test_of_other_languages_it_is_said_what_the_features_are_worth(lines: list[str]):
    assert "does not look like English" in foreign(lines)


@pytest.mark.parametrize(
    "lines",
    [
        ["The dog runs through the garden and barks at the neighbours."],
        ["And God said, Let there be light: and there was light."],
        ["1 2 3", "4 + 5"],
    ],
)
def test_of_english_and_of_numbers_nothing_is_said(lines: list[str]):
    assert foreign(lines) == ""
