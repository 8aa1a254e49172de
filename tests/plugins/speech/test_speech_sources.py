"""Recordings as arrays: files, telephone codes, packages of apt."""

import subprocess

import numpy as np
import pytest
import soundfile

from detente import PluginError
from detente_speech import sources
from detente_speech.data import Prompts
from detente_speech.sources import RATE


def test_without_a_network_apt_is_quoted(monkeypatch, tmp_path):
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    monkeypatch.setattr(sources.shutil, "which", lambda tool: tool)

    def failed(command, **options):
        return subprocess.CompletedProcess(command, 100, "", "W: hm\nE: Unable to locate package\n")

    monkeypatch.setattr(sources.subprocess, "run", failed)
    with pytest.raises(PluginError, match=r"`apt-get .*download.*Unable to locate package.*--data folder"):
        Prompts()


def test_recordings_that_are_not_the_known_ones_are_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(sources.shutil, "which", lambda tool: tool)
    monkeypatch.setattr(sources._Apt, "update", lambda self: None)
    monkeypatch.setattr(sources._Apt, "fetch", lambda self, package: tmp_path)
    (tmp_path / "hello.g722").write_bytes(b"other")
    with pytest.raises(PluginError, match="not the release"):
        sources.fetch_prompts()


def test_g722_is_decoded_to_two_samples_a_byte():
    import G722

    wave = (0.3 * 32767 * np.sin(2 * np.pi * 500 * np.arange(8000) / RATE)).astype(np.int16)
    coded = bytes(G722.G722(RATE, 64000).encode(wave.tolist()))
    found = sources.read_g722(coded)
    assert found.dtype == np.int16 and len(found) == 2 * len(coded) == 8000
    lag = np.correlate(found[1000:5000].astype(float), wave[1000:5000].astype(float), "same").max()
    assert lag > 0.95 * np.square(wave[1000:5000].astype(float)).sum()
    assert len(sources.read_g722(b"")) == 0


@pytest.mark.parametrize(("seconds", "lengths"), [(3, [3]), (10, [10]), (10.5, [10, 0.5]), (25, [10, 10, 5])])
def test_a_long_recording_is_cut_every_ten_seconds(seconds, lengths):
    audio = np.arange(round(seconds * RATE)) % 30_000
    found = list(sources.pieces("x", audio.astype(np.int16), 4))
    assert [len(clip.audio) / RATE for clip in found] == lengths
    assert np.array_equal(np.concatenate([clip.audio for clip in found]), audio)
    assert [clip.name for clip in found] == (["x"] if len(lengths) == 1 else [f"x {i}" for i in range(len(lengths))])
    assert {clip.label for clip in found} == {4}


def test_the_digest_of_recordings_is_that_of_their_names_and_contents(tmp_path):
    def digest(*files: tuple[str, bytes]) -> str:
        for name, content in files:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_bytes(content)
        return sources.content(tmp_path / name for name, _ in files)

    one = digest(("a/x", b"1"), ("a/y", b"2"))
    assert one == digest(("a/x", b"1"), ("a/y", b"2"))
    others = [digest(("a/x", b"2"), ("a/y", b"1")), digest(("a/x", b"1"), ("b/y", b"2")), digest(("a/x", b"1"))]
    assert len({one, *others, sources.content([])}) == 5


def test_files_are_read_each_by_itself_and_the_broken_ones_named(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.full(100, 0.5), RATE)
    (tmp_path / "b.wav").write_bytes(b"?")
    read = sources.read_files(tmp_path, [tmp_path / "a.wav", tmp_path / "b.wav"], lambda file: len(file.name))
    assert [(clip.name, clip.label, len(clip.audio)) for clip in read.clips] == [("a.wav", 5, 100)]
    assert len(read.broken) == 1 and read.broken[0].startswith("b.wav (")
    assert read.files == 2 and not read.notes


def test_of_an_archive_only_spoken_digits_are_read_in_the_order_of_their_names(tmp_path):
    for name in ("7_anna_1.wav", "0_bo_12.wav", "10_anna_1.wav", "x_anna_1.wav", "7_anna.wav"):
        soundfile.write(tmp_path / name, np.full(50, 0.5), RATE)
    found = sources.spoken_digits(tmp_path).clips
    assert [(clip.name, clip.label) for clip in found] == [("0_bo_12.wav", 0), ("7_anna_1.wav", 7)]
    (tmp_path / "other").mkdir()
    with pytest.raises(PluginError, match=r"no recording such as 7_jackson_32.wav"):
        sources.spoken_digits(tmp_path / "other")
