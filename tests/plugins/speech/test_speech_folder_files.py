"""Any file may lie in a folder of recordings, and an archive may be anything: one note each, or one sentence."""

import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from detente import PluginError, UsageError
from detente_speech.data import Folder, SpokenDigits
from detente_speech.recordings import loud
from detente_speech.sources import RATE
from detente_speech.transforms import length
from voices import spoken, write

CROP = length(RATE)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))


def test_every_bad_file_is_one_note_and_the_others_are_used(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    for i in range(3):
        write(folder / f"{i}.wav", 0.8, i)
    for name, rate in (("seven", 7), ("none", 0), ("billion", 10**9)):
        content = bytearray((folder / "0.wav").read_bytes())
        content[24:28] = struct.pack("<I", rate)
        (folder / f"{name}.wav").write_bytes(content)
    soundfile.write(folder / "nan.wav", np.full(20_000, np.nan), RATE, subtype="FLOAT")
    write(folder / "prime.wav", 0.8, 5, rate=16_000)
    content = bytearray((folder / "prime.wav").read_bytes())
    content[24:28] = struct.pack("<I", 15_991)
    (folder / "prime.wav").write_bytes(content)
    (folder / "later.m4a").write_bytes(b"x")
    os.mkfifo(folder / "pipe.wav")
    d = Folder(str(folder))
    assert d.notes[0].startswith("folder: skipped 4 of 8 files that cannot be read: ")
    for name in (
        "billion.wav (a sampling rate of 1,000,000,000 Hz",
        "seven.wav (a sampling rate of 7 Hz",
        "none.wav (",
        "nan.wav (",
    ):
        assert name in d.notes[0]
    assert str(tmp_path) not in " ".join(d.notes)
    assert "folder: ignored 1 file with other endings: .m4a (1)." in d.notes
    assert "folder: left out 1 that are not regular files: pipe.wav (a pipe)." in d.notes
    assert len(set(d.audio.arrays["clips"].tolist())) == 4


def test_floats_at_the_scale_of_integers_are_the_same_recordings(tmp_path: Path) -> None:
    for i in range(4):
        audio = spoken(0.8, i)
        for kind, values, subtype in (("int", audio, "PCM_16"), ("float", audio.astype("f4"), "FLOAT")):
            (tmp_path / kind).mkdir(exist_ok=True)
            soundfile.write(tmp_path / kind / f"{i}.wav", values, RATE, subtype=subtype)
    integers, floats = Folder(str(tmp_path / "int")), Folder(str(tmp_path / "float"))
    assert floats.identity == integers.identity
    assert floats.notes[0].startswith("folder: 4 recordings of floating-point samples, up to ")
    assert "32,768 was taken for full scale" in floats.notes[0]


def test_a_value_that_never_changes_is_no_speech(tmp_path: Path) -> None:
    for i in range(2):
        write(tmp_path / f"{i}.wav", 0.8, i)
    for level in (-0.7, 0.01, 0.5, 1.0):
        soundfile.write(tmp_path / f"dc{level}.wav", np.full(RATE, level), RATE, subtype="PCM_24")
    d = Folder(str(tmp_path))
    assert any("4 of 6 clips are silent, or the same value throughout, and left out" in note for note in d.notes)
    assert len(set(d.packed.arrays["clips"].tolist())) == 2


@pytest.mark.parametrize("offset", [0, 1000, -8000])
def test_a_constant_part_neither_hides_speech_nor_makes_a_pause_loud(offset: int) -> None:
    voice = spoken(1.1, 3) // 4
    audio = np.concatenate([np.zeros(CROP, np.int16), voice, np.zeros(CROP, np.int16)])
    assert loud(audio + np.int16(offset), CROP) == loud(audio, CROP) != []


def test_recordings_that_are_mostly_cut_off_are_named(tmp_path: Path) -> None:
    for i in range(3):
        audio = spoken(0.8, i) / 32768
        soundfile.write(tmp_path / f"fine{i}.wav", audio, RATE)
        subtype = ("PCM_16", "PCM_U8", "FLOAT")[i]
        soundfile.write(
            tmp_path / f"loud{i}.wav", 15 * audio if i == 2 else (60 * audio).clip(-1, 1), RATE, subtype=subtype
        )
    (note,) = [note for note in Folder(str(tmp_path)).notes if "at full scale" in note]
    assert note.startswith("folder: 3 of 6 clips have more than a tenth of their samples at full scale")
    assert all(f"loud{i}.wav" in note for i in range(3)) and "fine" not in note


def test_linked_folders_are_read_and_names_need_no_utf8(tmp_path: Path) -> None:
    folder, other = tmp_path / os.fsdecode(b"aufnahmen-\xe4"), tmp_path / "other"
    for i in range(2):
        write(tmp_path / "x.wav", 0.8, i)
        folder.mkdir(exist_ok=True)
        (tmp_path / "x.wav").rename(folder / (os.fsdecode(b"\xf6\xff") + f"{i}.wav"))  # soundfile writes no such name
        write(other / f"{i}.flac", 0.8, 2 + i)
    (folder / os.fsdecode(b"\xfc.ogg")).write_bytes(b"OggS")
    (folder / "more").symlink_to(other)
    (other / "loop").symlink_to(folder)
    d = Folder(str(folder))
    assert len(set(d.packed.arrays["clips"].tolist())) == 4
    assert r"\xfc.ogg (" in d.notes[0] and d.source.endswith(r"aufnahmen-\xe4")
    assert any("did not enter 1 folder: more/loop (" in note for note in d.notes)
    "\n".join([*d.notes, d.source]).encode("utf-8")


def digits(n: int = 3) -> list[tuple[str, bytes]]:
    found = []
    for i in range(n):
        content = io.BytesIO()
        soundfile.write(content, spoken(0.7, i), RATE, format="WAV")
        found.append((f"recordings/{i}_anna_{i}.wav", content.getvalue()))
    return found


def packed(kind: str, *files: tuple[str, bytes]) -> bytes:
    into = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(into, "w") as archive:
            for name, content in files:
                archive.writestr(name, content)
    else:
        with tarfile.open(fileobj=into, mode="w") as archive:
            for name, content in files:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return into.getvalue()


@pytest.mark.parametrize("kind", ["zip", "tar", "folder"])
def test_one_bad_recording_of_spoken_digits_is_one_note(tmp_path: Path, kind: str) -> None:
    files = [*digits(), ("recordings/9_bo_1.WAV", b"RIFF"), ("recordings/about.wav", b"no digit")]
    place = tmp_path / "set"
    if kind == "folder":
        for name, content in files:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)
    else:
        place.write_bytes(packed(kind, *files))
    d = SpokenDigits(str(place))
    assert d.notes[0].startswith("fsdd: skipped 1 of 4 files that cannot be read: recordings/9_bo_1.WAV (")
    assert sorted(set(d.packed.arrays["labels"].tolist())) == [0, 1, 2]


def test_archives_that_are_encrypted_damaged_or_none_are_one_sentence(tmp_path: Path) -> None:
    whole = packed("tar", *digits())
    header = whole.index(b"recordings/1_anna")
    broken = bytearray(packed("zip", *digits()))
    broken[6] |= 1
    broken[broken.index(b"PK\x01\x02") + 8] |= 1
    cases = {
        "encrypted": bytes(broken),
        "header": whole[:header] + b"?" + whole[header + 1 :],
        "cut": whole[: len(whole) // 2],
        "bytes": packed("zip", *digits()).replace(b"\x01\x00", b"\x00\x01"),
        "noise": b"no archive" * 200,
        "empty": b"",
    }
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(PluginError, match=r"^data 'fsdd' cannot read .*Download the archive again\.$"):
            SpokenDigits(str(tmp_path / name))


def test_a_place_that_is_no_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for place in (str(tmp_path / "pipe"), "/dev/zero"):
        with pytest.raises(UsageError, match="is a pipe, a socket or a device, not a regular file"):
            SpokenDigits(place)
    for place in (str(tmp_path / "loop"), "a\0b", "~nobody-of-this-name/x"):
        with pytest.raises(PluginError, match="was not found"):
            SpokenDigits(place)
