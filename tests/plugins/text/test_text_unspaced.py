"""Scripts that put no spaces between words."""

import random

import pytest
import torch

from detente import Evaluation
from detente_text.data import one_hot
from detente_text.metrics import Uniqueness
from detente_text.vocabulary import sentence, unspaced, words
from texts import lines, met

SCRIPTS = {
    "chinese": "我们去公园看花吃饭天气很好今明",
    "japanese": "きょうはいいてんきですねカタナ",
    "thai": "กขคงจฉชซญดตถทธน",
    "khmer": "កខគឃងចឆជឈញដឋឌឍណ",
    "burmese": "ကခဂဃငစဆဇဈညတထဒဓန",
    "lao": "ກຂຄງຈຊຍດຕຖທນບປຜ",
    "javanese": "ꦲꦤꦕꦫꦏꦢꦠꦱꦮꦭꦥꦝꦗꦪꦚ",
    "balinese": "ᬳᬦᬘᬭᬓᬤᬢᬲᬯᬮᬧᬥᬚᬬᬜ",
    "buginese": "ᨀᨁᨂᨄᨅᨆᨈᨉᨊᨌᨍᨎᨐᨑᨒ",
    "vai": "ꔀꔁꔂꔃꔄꔅꔆꔇꔈꔉꔊꔋꔌꔍꔎ",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天天气很好，我们去公园。", list("今天天气很好，我们去公园。")),
        ("ラーメン屋さん々", list("ラーメン屋さん々")),
        ("ｶﾞﾗｽ！", ["ガ", "ラ", "ス", "！"]),
        ("ที่นี้", ["ที่", "นี้"]),
        ("ꦲꦫꦗꦮ", ["ꦲ", "ꦫ", "ꦗ", "ꦮ"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("தமிழ் ௧௨", ["தமிழ்", "௧௨"]),
        ("ខ្មែរ", ["ខ្មែ", "រ"]),
        ("私はPythonが好き", ["私", "は", "python", "が", "好", "き"]),
        ("iPhone手机５５元", ["iphone", "手", "机", "55", "元"]),
        ("한국어는 띄어쓰기가 있다", ["한국어는", "띄어쓰기가", "있다"]),  # Korean has spaces
    ],
)
def test_each_of_their_characters_is_a_word(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize("mark", "。！？，、；：「」（）《》…·｡､؟،।॥։።")
def test_marks_of_all_scripts_are_words_of_their_own(mark):
    assert words(f"啊{mark}哦") == ["啊", mark, "哦"]
    assert words(f"ab{mark}cd") == ["ab", mark, "cd"]


@pytest.mark.parametrize("text", ["今天天气很好，我们去公园。", "ภาษาไทย", "私は python が好き！", "「はい」と言う"])
def test_they_are_written_without_spaces_and_read_as_the_same_words(text):
    assert sentence(words(text)) == text
    assert words(sentence(words(text))) == words(text)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_file_of_clauses_is_learnt_by_character_and_says_so(tmp_path, script):
    draws = random.Random(0)
    clauses = {"".join(draws.choices(SCRIPTS[script], k=draws.randint(5, 9))) for _ in range(300)}
    data = lines(tmp_path, "\n".join(sorted(clauses)), vocabulary=50)
    assert len(data.vocabulary) == 2 + len(set(SCRIPTS[script]))  # before: a word for each clause
    assert any("100% of the characters" in note and "Each of them is a word" in note for note in data.notes)
    assert set(met(data).sentences(data.held_out())) <= clauses
    shuffled = [draws.sample(row, len(row)) for row in data.tokens("train").astype(int).tolist()]
    novel = Uniqueness()(Evaluation(one_hot(torch.tensor(shuffled), len(data.vocabulary)), data, met(data)))
    assert novel["novelty"] > 0.9


def test_spaces_that_somebody_set_between_words_are_kept(tmp_path):
    draws = random.Random(0)
    known = ["今天", "天气", "很", "好", "我们", "去", "公园", "看", "花", "吃饭"]
    data = lines(tmp_path, "\n".join(" ".join(draws.choices(known, k=6)) + " 。" for _ in range(200)), vocabulary=50)
    assert set(data.vocabulary[2:]) == {*known, "。"}
    assert any("taken as they are" in note for note in data.notes)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["a cat", "der Hund"], (0.0, False)),
        (["马到成功", "一石二鸟"], (1.0, True)),  # four characters, but nothing separates words
        (["ab 猫", "cd"], (0.2, True)),
        (["他 说 : 好 的", "我 去 公园"], (8 / 9, False)),
    ],
)
def test_how_much_is_unspaced_and_whether_it_is_in_one_piece(texts, found):
    assert unspaced(texts)[0] == pytest.approx(found[0])
    assert unspaced(texts)[1] == found[1] or not found[0]
