"""Clips, their crops and their splits."""

import math

import numpy as np
import pytest
import torch

from detente import Leaf, Space, Stream, UsageError
from detente_speech import transforms
from detente_speech.recordings import FROM_ONE, cropped, crops_at, loud, padded
from detente_speech.sources import RATE, Clip
from voices import clips, spoken

CROP = transforms.length(RATE)


def test_recordings_are_log_mels_and_waveforms_of_the_same_crops(voices):
    x, labels = voices.batch(torch.tensor([0, 5, 5]))
    assert x.shape == (3, 1, 40, 64) and x.dtype == torch.float32 and torch.equal(x[1], x[2])
    assert voices.space == Space((Leaf((1, 40, 64), channel_axis=1),), 2)
    for rate in (8000, 16000):
        wave, same = voices.waveforms(rate).batch(torch.tensor([0, 5, 5]))
        assert wave.shape == (3, 1, transforms.length(rate)) and torch.equal(labels, same)
    # float16, on a scale of 1
    assert (transforms.log_mel(voices.waveforms(8000).batch(torch.tensor([0, 5, 5])).x) - x).abs().max() < 1e-3
    assert isinstance(voices.packed.arrays["mels"], np.memmap)


def test_splits_share_no_clip(voices):
    of = voices.packed
    found = [set(of.arrays["clips"][of.rows(split)].tolist()) for split in of.sizes]
    assert all(found) and sum(map(len, found)) == len(set().union(*found)) == 40
    assert len(voices.held_out()) == of.sizes["held_out"] and len(voices.extractor_split()[0]) == of.sizes["extractor"]


def test_equal_clips_are_kept_once_and_scored_crops_of_one_clip_are_few():
    twice = [*clips(24), *clips(24)]
    of = cropped([*twice, Clip("long", spoken(20.0, 5))])
    assert len(set(of.arrays["clips"].tolist())) == 25
    for split in ("held_out", "reference"):
        assert np.bincount(of.arrays["clips"][of.rows(split)]).max() <= FROM_ONE


def test_a_vocoder_is_evaluated_on_held_out_recordings_in_their_order(vocoded):
    n = len(vocoded.held_out()) + 2
    given = vocoded.conditions(n, Stream(0))
    assert given.shape == (n, 1, 40, 64)
    assert torch.equal(given[-1], given[1])
    assert torch.equal(transforms.log_mel(vocoded.targets(n)), given)
    x, mel = vocoded.batch(torch.arange(2))
    assert torch.equal(transforms.log_mel(x), mel)


def sine(crops: float, level: float, hertz: float = 440.0) -> np.ndarray:
    """So many crops of a tone, int16, its root mean square so many dB below full scale."""
    t = np.arange(round(crops * CROP)) / RATE
    return (32768 * 10 ** (level / 20) * math.sqrt(2) * np.sin(2 * np.pi * hertz * t)).astype(np.int16)


@pytest.mark.parametrize(("level", "found"), [(-20, [0]), (-49, [0]), (-51.5, []), (-90, [])])
def test_a_crop_is_silent_below_minus_50_db(level: float, found: list[int]):
    assert loud(sine(1, level)) == found


def test_crops_overlap_by_half_unless_they_are_apart_and_end_within_the_clip():
    audio = sine(2.6, -20)
    assert loud(audio) == [0, CROP // 2, CROP, 3 * CROP // 2]
    assert loud(audio, CROP) == [0, CROP]
    assert loud(np.concatenate([np.zeros(CROP, np.int16), sine(1, -20)]), CROP) == [CROP]


@pytest.mark.parametrize("n", [0, 1, CROP - 1, CROP, CROP + 5])
def test_a_short_clip_has_silence_behind_it_a_long_one_stays_as_it_is(n: int):
    audio = np.ones(n, np.int16)
    found = padded(audio)
    assert len(found) == max(n, CROP) and found.dtype == np.int16
    assert found.sum() == n and found[:n].all()


def test_of_silence_alone_nothing_can_be_made():
    with pytest.raises(UsageError, match="none of the 2 recordings is louder than -50 dB"):
        cropped([Clip("a", sine(1, -70)), Clip("b", np.zeros(100, np.int16))])


def test_a_fifth_is_for_extractors_if_it_is_wanted_and_labels_go_with_their_clips():
    some = [Clip(str(i), spoken(0.6, i), i) for i in range(40)]
    without, with_them = cropped(some), cropped(some, extracts=True)
    assert without.sizes["extractor"] == 0
    for of in (without, with_them):
        assert (of.arrays["labels"] == of.arrays["clips"]).all()
    clips_of = {s: set(with_them.arrays["clips"][with_them.rows(s)].tolist()) for s in with_them.sizes}
    assert {split: len(found) for split, found in clips_of.items()} == {
        "train": 23, "extractor": 5, "held_out": 6, "reference": 6
    }  # fmt: skip


def test_neither_order_nor_names_of_clips_decide_where_they_go():
    some = [Clip(str(i), spoken(0.6, i), i) for i in range(24)]
    other = [clip._replace(name=f"other {clip.name}") for clip in reversed(some)]
    splits = [
        {split: sorted(of.arrays["labels"][of.rows(split)].tolist()) for split in of.sizes}
        for of in (cropped(some), cropped(other))
    ]
    assert splits[0] == splits[1]


def test_a_crop_is_what_the_clip_has_there():
    audio = sine(3, -20)
    of = cropped([Clip("a", audio)])
    assert of.arrays["starts"].tolist() == [0, CROP // 2, CROP, 3 * CROP // 2, 2 * CROP]
    found = crops_at(of, slice(1, 3))
    assert found.shape == (2, 1, CROP)
    assert np.array_equal(found[0, 0].numpy() * 32768, audio[CROP // 2 : 3 * CROP // 2].astype(float))
