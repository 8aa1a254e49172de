"""The sets of recordings, where they are and where they are missing."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from detente import PluginError, UsageError, batch_size
from detente_speech import downloads, sources
from detente_speech.data import Folder, Prompts, SpeechCommands, SpokenDigits, YesNo
from detente_speech.domain import Speech
from detente_speech.sources import RATE
from voices import write


def test_a_folder_takes_mixed_rates_stereo_and_silence_and_names_what_is_broken(tmp_path, caplog):
    for i in range(24):
        rate, suffix = ((8000, "wav"), (16000, "flac"), (44100, "wav"), (22050, "ogg"))[i % 4]
        write(tmp_path / ("a" if i % 2 else "b/c") / f"{i}.{suffix}", 1.2, i, rate, 1 + i % 2)
    write(tmp_path / "silent.wav", 1.0, 99, gain=0.0)
    (tmp_path / "broken.wav").write_bytes(b"RIFF?")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), 8000)
    (tmp_path / "notes.txt").write_text("no recording")
    d = Folder(str(tmp_path))
    assert (
        "skipped 2 of 27 files" in d.notes[0] and "broken.wav (" in d.notes[0] and "empty.wav (no sound" in d.notes[0]
    )
    assert "1 of 25 clips are silent" in d.notes[1] and "silent.wav" in d.notes[1]
    assert set(d.notes) <= set(caplog.messages)
    assert d.packed.sizes["train"] > 50 and len(d.held_out()) and len(d.reference())
    assert Folder(str(tmp_path)).notes == d.notes, "a cached folder says so too"


def test_few_clips_all_train_and_a_long_recording_is_cut(tmp_path):
    write(tmp_path / "0.wav", 1.0, 0)
    d = Folder(str(tmp_path))
    assert len(d.held_out()) == len(d.reference()) == 0 and "1 clips are too few" in d.notes[0]
    assert Speech().features(d.reference()).shape == (0, 64)
    assert batch_size(d.waveforms(8000, conditional=True).targets(3)) == 3
    assert [len(clip.audio) for clip in sources.pieces("x", np.zeros(25 * RATE, np.int16))] == [160000, 160000, 80000]


@pytest.mark.parametrize("inside", [None, "empty", "broken", "silent"])
def test_a_folder_without_recordings_is_a_usage_error(tmp_path, inside):
    folder = tmp_path / "recordings"
    if inside:
        folder.mkdir()
    if inside == "broken":
        (folder / "x.wav").write_bytes(b"?")
    if inside == "silent":
        write(folder / "x.wav", 1.0, 0, gain=0.0)
    with pytest.raises(UsageError, match="record"):
        Folder(str(folder))


def test_spoken_digits_come_from_a_folder_or_an_archive(tmp_path):
    import shutil

    for digit in range(3):
        for i in range(8):
            write(tmp_path / "set" / "recordings" / f"{digit}_anna_{i}.wav", 0.6, 10 * digit + i, 8000)
    kinds = [shutil.make_archive(str(tmp_path / "set"), kind, tmp_path / "set") for kind in ("zip", "gztar")]
    found = [SpokenDigits(place) for place in (str(tmp_path / "set" / "recordings"), *kinds)]
    assert len({len(d) for d in found}) == 1
    assert found[0].space.classes == 10
    assert set(found[0].batch(torch.arange(len(found[0]))).labels.tolist()) <= {0, 1, 2}
    for place in ("", str(tmp_path / "nowhere.zip")):
        with pytest.raises(PluginError, match="free-spoken-digit-dataset"):
            SpokenDigits(place)
    (tmp_path / "cut.zip").write_bytes(Path(kinds[0]).read_bytes()[:500])
    with pytest.raises(PluginError, match="cannot read"):
        SpokenDigits(str(tmp_path / "cut.zip"))


def test_without_apt_the_error_says_what_else_can_be_used(monkeypatch, tmp_path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    monkeypatch.setattr(sources.shutil, "which", lambda tool: None)
    with pytest.raises(
        PluginError, match=r"no apt-get on this machine.*--data folder --set data.path=DIR.*fsdd.*yesno"
    ):
        Prompts()


def test_downloads_that_are_there_are_read(monkeypatch, tmp_path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    monkeypatch.setattr(downloads, "yesno", lambda: tmp_path / "yes")
    monkeypatch.setattr(downloads, "speech_commands", lambda: tmp_path / "words")
    for i in range(3):
        write(tmp_path / "yes" / f"{i}.wav", 1.0, i, 8000)
        write(tmp_path / "words" / ("two", "one", "cat")[i] / "a.wav", 1.0, i)
    assert len(YesNo()) > 3
    assert set(SpeechCommands("one two").batch(torch.arange(4)).labels.tolist()) == {0, 1}
    with pytest.raises(UsageError, match="not a word of the data set"):
        SpeechCommands("one dog")
