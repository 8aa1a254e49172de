"""Any file may lie in a folder of pictures: what Pillow reads is read, the rest is one note, and nothing hangs."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from PIL import features

from detente import UsageError
from detente_image import sources
from detente_image.data import Folder


def noise(seed: int, side: int = 12) -> Picture.Image:
    return Picture.fromarray(np.random.Generator(np.random.PCG64(seed)).integers(256, size=(side, side, 3), dtype="u1"))


@pytest.mark.parametrize(
    ("ending", "form", "mode"),
    [
        (".jfif", "JPEG", "RGB"),
        (".jpe", "JPEG", "RGB"),
        (".JPEG", "JPEG", "CMYK"),
        (".mpo", "MPO", "RGB"),
        (".pnm", "PPM", "RGB"),
        (".pbm", "PPM", "1"),
        (".pfm", "PPM", "F"),
        (".dib", "DIB", "RGB"),
        (".apng", "PNG", "RGB"),
        (".Tiff", "TIFF", "LA"),
        (".jp2", "JPEG2000", "RGB"),
        (".avif", "AVIF", "RGB"),
    ],
)
def test_every_ending_of_a_format_is_read(tmp_path: Path, ending: str, form: str, mode: str) -> None:
    codec = {"AVIF": "avif", "JPEG2000": "jpg_2000"}.get(form)
    if codec and not features.check(codec):
        pytest.skip(f"this Pillow has no {form}")
    noise(0).convert(mode).save(tmp_path / f"x{ending}", form)
    assert len(Folder(str(tmp_path), size=8)) == 1


def png_of(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")


def bmp_of(width: int, height: int) -> bytes:
    return b"BM" + struct.pack("<IHHIIiiHHIIIIII", 54, 0, 0, 54, 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.png", png_of(2**31 - 1, 2**31 - 1)),
        ("x.png", png_of(60_000, 60_000)),
        ("x.png", png_of(0, 5)),
        ("x.bmp", bmp_of(100_000, 100_000)),
        ("x.pgm", b"P5 100000 100000 255\n" + bytes(100)),
        ("x.ppm", b"P6 99999999999999999999 1 255\n"),
        ("x.gif", b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + b"," + bytes(20)),
        ("x.tif", b"II*\0" + struct.pack("<IH", 8, 2) + struct.pack("<HHII", 256, 4, 1, 2**30) * 2),
        ("x.tif", b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 65_535)),
        ("x.webp", b"RIFF" + struct.pack("<I", 30) + b"WEBPVP8L" + struct.pack("<I", 10) + b"\x2f" + b"\xff" * 9),
    ],
)
def test_enormous_and_impossible_sizes_are_one_note(tmp_path: Path, name: str, content: bytes) -> None:
    noise(1).save(tmp_path / "fine.png")
    (tmp_path / name).write_bytes(content)
    d = Folder(str(tmp_path), size=8)
    assert len(d) == 1 and d.notes[0].startswith(f"folder: skipped 1 of 2 files that cannot be read: {name} (")
    assert str(tmp_path) not in d.notes[0]


def test_an_error_that_no_one_foresaw_leaves_out_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(3):
        noise(i).save(tmp_path / f"{i}.png")
    real = sources._square

    def fails(opened, name, size, channels):
        if name == "1.png":
            raise MemoryError
        return real(opened, name, size, channels)

    monkeypatch.setattr(sources, "_square", fails)
    d = Folder(str(tmp_path), size=8)
    assert len(d) == 2 and "skipped 1 of 3 files that cannot be read: 1.png (MemoryError)" in d.notes[0]


def test_pipes_devices_and_loops_are_noted_and_linked_folders_are_read(tmp_path: Path) -> None:
    folder, other = tmp_path / "set", tmp_path / "other"
    for where, seeds in ((folder, range(3)), (other, range(3, 7))):
        where.mkdir()
        for i in seeds:
            noise(i).save(where / f"{i}.png")
    (folder / "linked").symlink_to(other)
    (other / "back").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    (folder / "zero.tif").symlink_to("/dev/zero")
    (folder / "raw.NEF").write_bytes(b"raw")
    d = Folder(str(folder), size=8)
    assert len(d) == 7
    said = "\n".join(d.notes)
    assert "ignored 1 file with other endings: .nef (1)." in said
    assert "left out 2 that are not regular files: pipe.png (a pipe), zero.tif (a device)." in said
    assert "did not enter 1 folder: linked/back (it leads to a folder that is read already)." in said


def test_what_was_ignored_is_said_anew_where_the_pictures_come_from_the_cache(tmp_path: Path) -> None:
    noise(0).save(tmp_path / "x.png")
    before = Folder(str(tmp_path), size=8)
    (tmp_path / "y.heic").write_bytes(b"later")
    after = Folder(str(tmp_path), size=8)
    assert after.identity == before.identity
    assert [*before.notes, "folder: ignored 1 file with other endings: .heic (1)."] == [*after.notes]


def test_a_folder_of_other_files_alone_says_what_is_there(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"{i}.heic").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"no picture in .*looked for .*\.jfif .*ignored 3 files .*\.heic \(3\)"):
        Folder(str(tmp_path))


@pytest.mark.parametrize("damaged", [False, True])
def test_names_that_are_not_utf8_are_read_and_shown(tmp_path: Path, damaged: bool) -> None:
    folder = tmp_path / os.fsdecode(b"bilder-\xe4")
    folder.mkdir()
    for i, ending in enumerate((".png", ".tif", ".jpg", ".pgm")):
        noise(i).convert("L").save(folder / (os.fsdecode(b"\xf6\xff") + ending))
    if damaged:
        (folder / os.fsdecode(b"\xfc.webp")).write_bytes(b"RIFF")
    d = Folder(str(folder), size=8, channels=1)
    assert len(d) == 4 and d.source.endswith(r"bilder-\xe4")
    "\n".join([*d.notes, d.source]).encode("utf-8")
    assert any(r"\xfc.webp (" in note for note in d.notes) == damaged


@pytest.mark.parametrize(("name", "form"), [("x.tif", "TIFF"), ("x.gif", "GIF"), ("x.webp", "WEBP"), ("x.png", "PNG")])
def test_of_a_file_with_several_pictures_the_first_is_taken_and_said(tmp_path: Path, name: str, form: str) -> None:
    first, *others = (noise(i) for i in range(3))
    first.save(tmp_path / name, form, save_all=True, append_images=others)
    first.convert("L").save(tmp_path / f"one-{name}", form)
    notes = Folder(str(tmp_path), size=8).notes
    assert notes[0] == f"folder: took the first picture of 1 file with several: {name}."


def test_a_file_whose_second_picture_is_damaged_still_gives_its_first(tmp_path: Path) -> None:
    noise(0).save(tmp_path / "x.gif", save_all=True, append_images=[noise(1), noise(2)])
    content = (tmp_path / "x.gif").read_bytes()
    (tmp_path / "x.gif").write_bytes(content[: len(content) // 2 + 20])
    assert len(Folder(str(tmp_path), size=8)) == 1
