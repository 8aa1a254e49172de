"""Pictures of more than 8 bits: one range for a folder, said; never one for each file."""

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
from detente_image.ranges import in_one_range

SIDE = 16


def tiff(path: Path, values: np.ndarray, photometric: int | None = None, bits: int | None = None) -> None:
    """An uncompressed TIFF of [H, W] or [H, W, C], little-endian, written here so that no library chooses its kind."""
    height, width, *bands = values.shape
    channels = bands[0] if bands else 1
    depth = bits or 8 * values.dtype.itemsize
    width = width * 8 * values.dtype.itemsize // depth
    kind = {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    content = values.astype(values.dtype.newbyteorder("<")).tobytes()
    after = 8 + 2 + 11 * 12 + 4

    def entry(tag: int, *of: int) -> bytes:
        if len(of) == 1:
            return struct.pack("<HHII", tag, 4, 1, of[0])
        return struct.pack("<HHII", tag, 3, len(of), after + (0 if tag == 258 else 2 * channels))

    entries = [
        entry(256, width),
        entry(257, height),
        entry(258, *[depth] * channels),
        entry(259, 1),
        entry(262, (2 if bands else 1) if photometric is None else photometric),
        entry(273, after + 4 * channels),
        entry(277, channels),
        entry(278, height),
        entry(279, len(content)),
        entry(284, 1),
        entry(339, *[kind] * channels),
    ]
    more = struct.pack(f"<{2 * channels}H", *[depth] * channels, *[kind] * channels)
    path.write_bytes(b"II*\0" + struct.pack("<IH", 8, 11) + b"".join(entries) + bytes(4) + more + content)


def png16(path: Path, values: np.ndarray) -> None:
    """A PNG of 16 bits for each colour, which Pillow does not write."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    )


def read(folder: Path, channels: int = 1) -> tuple[list[np.ndarray], list[str]]:
    files = sorted(folder.iterdir())
    return in_one_range([sources.read_picture(f, f.name, SIDE, channels) for f in files], channels)


def series(low: float, high: float, dtype: str, n: int = 4) -> list[np.ndarray]:
    """Pictures of noise, darker and lighter ones, which together reach from `low` to `high`."""
    draws = np.random.Generator(np.random.PCG64(0))
    found = []
    for i in range(n):
        most = low + (high - low) * (i + 1) / n
        found.append(draws.uniform(low, most, (SIDE, SIDE)).astype(dtype))
    found[0].flat[0], found[-1].flat[0] = low, high
    return found


@pytest.mark.parametrize(
    ("dtype", "low", "high", "black", "white", "said"),
    [
        ("u2", 3, 3900, 0, 4095, "integers from 3 to 3,900; 0 became black and 4,095 white"),
        ("u2", 0, 1000, 0, 1023, "1,023 white"),
        ("u2", 100, 60_000, 0, 65_535, "65,535 white"),
        ("u2", 0, 200, 0, 255, "255 white"),
        ("i2", -1024, 3071, -1024, 3071, "integers from -1,024 to 3,071; -1,024 became black and 3,071 white"),
        ("i4", 0, 100_000, 0, 131_071, "131,071 white"),
        ("i4", -5, 70_000, -5, 70_000, "-5 became black"),
        ("u4", 0, 4_000_000_000, 0, 2**32 - 1, "4,294,967,295 white"),
        ("i1", -128, 127, -128, 127, "integers from -128 to 127"),
        ("f4", 0.1, 0.7, 0, 1, "floating-point numbers from 0.1 to 0.7; 0 became black and 1 white"),
        ("f4", -1, 1, -1, 1, "-1 became black and 1 white"),
        ("f4", 0.5, 4095.5, 0.5, 4095.5, "0.5 became black and 4095.5 white"),
        ("f4", 0, 12.5, 0, 12.5, "12.5 white"),
        ("f4", 0, 1e-6, 0, 1e-6, "0 became black and 1e-06 white"),
        ("f4", 0.0, 0.02, 0, 0.02, "0.02 white"),
        ("f4", 0, 0.05, 0, 1, "1 white"),
    ],
)
def test_one_range_holds_for_all_pictures_and_is_said(tmp_path, dtype, low, high, black, white, said) -> None:
    pictures = series(low, high, dtype)
    for i, values in enumerate(pictures):
        tiff(tmp_path / f"{i}.tif", values)
    found, notes = read(tmp_path)
    for values, pixels in zip(pictures, found, strict=True):
        right = 255 * (values.astype(float) - black) / (white - black)
        assert pixels.dtype == np.uint8 and pixels.shape == (1, SIDE, SIDE)
        assert np.abs(pixels[0] - right).max() <= 0.51  # half a step of rounding
    assert len(notes) == 1 and notes[0].startswith("4 grey pictures of more than 8 bits: ") and said in notes[0]


@pytest.mark.parametrize("dtype", ["u1", "u2", "f4"])
def test_where_white_is_zero_white_stays_white(tmp_path: Path, dtype: str) -> None:
    ramp = np.linspace(0, {"u1": 255, "u2": 4095, "f4": 1}[dtype], SIDE * SIDE).reshape(SIDE, SIDE).astype(dtype)
    tiff(tmp_path / "black-is-zero.tif", ramp, 1)
    tiff(tmp_path / "white-is-zero.tif", ramp, 0)
    (usual, inverse), _ = read(tmp_path)
    assert usual[0, 0, 0] == 0 and usual[0, -1, -1] == 255
    assert (np.abs(inverse.astype(int) - (255 - usual.astype(int))) <= 1).all()


@pytest.mark.parametrize("photometric", [0, 1])
def test_one_bit_is_black_and_white(tmp_path: Path, photometric: int) -> None:
    bits = np.random.Generator(np.random.PCG64(1)).integers(2, size=(SIDE, SIDE))
    tiff(tmp_path / "x.tif", np.packbits(bits, axis=1), photometric, bits=1)
    ((pixels,), notes) = read(tmp_path)
    assert np.array_equal(pixels[0], 255 * (bits if photometric else 1 - bits)) and not notes


def test_palettes_and_few_bits_are_seen_as_they_are_meant(tmp_path: Path) -> None:
    index = np.arange(SIDE * SIDE, dtype=np.uint8).reshape(SIDE, SIDE)
    picture = Picture.fromarray(index % 4, "P")
    picture.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30])
    for bits in (2, 8):
        picture.save(tmp_path / f"{bits}.png", bits=bits)
    found, notes = read(tmp_path, channels=3)
    colours = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]])[index % 4]
    assert all(np.array_equal(pixels.transpose(1, 2, 0), colours) for pixels in found) and not notes


@pytest.mark.parametrize("most", [1023, 4095, 65_535])
def test_a_format_that_says_what_white_is_is_believed(tmp_path: Path, most: int) -> None:
    values = np.linspace(0, most / 3, SIDE * SIDE).astype(">u2").reshape(SIDE, SIDE)  # a dark one
    (tmp_path / "x.pgm").write_bytes(f"P5 {SIDE} {SIDE} {most}\n".encode() + values.tobytes())
    ((pixels,), notes) = read(tmp_path)
    assert np.abs(pixels[0] - 255 * values.astype(float) / most).max() <= 0.51 and not notes


@pytest.mark.skipif(not features.check("jpg_2000"), reason="this Pillow has no JPEG 2000")
@pytest.mark.parametrize(("most", "white"), [(1000, 1023), (4000, 4095), (65_000, 65_535)])
def test_jpeg_2000_of_few_bits_in_16_has_the_range_of_its_values(tmp_path: Path, most: int, white: int) -> None:
    values = np.linspace(0, most, SIDE * SIDE).astype("u2").reshape(SIDE, SIDE)
    Picture.fromarray(values).save(tmp_path / "x.jp2", "JPEG2000")  # which is lossless by default
    ((pixels,), notes) = read(tmp_path)
    assert np.abs(pixels[0] - 255 * values.astype(float) / white).max() <= 0.51 and f"{white:,} white" in notes[0]


@pytest.mark.skipif(not features.check("jpg_2000"), reason="this Pillow has no JPEG 2000")
@pytest.mark.parametrize(("mode", "suffix"), [("RGB", "jp2"), ("RGBA", "jp2"), ("RGB", "j2k"), ("LA", "jp2")])
def test_colours_of_jpeg_2000_in_more_than_8_bits_are_refused(tmp_path: Path, mode: str, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    bands = len(mode)
    values = np.random.Generator(np.random.PCG64(4)).integers(256, size=(SIDE, SIDE, bands)).astype(np.uint8)
    Picture.fromarray(values, mode).save(path)
    assert read(tmp_path, channels=3)[1] == []  # of 8 bits
    plain = path.read_bytes()
    at = plain.index(b"\xff\x4f\xff\x51") + 42  # one byte says each component's bits less one, two its sampling
    for bits in (9, 12, 16):
        changed = bytearray(plain)
        changed[at : at + 3 * bands : 3] = bytes([bits - 1] * bands)
        path.write_bytes(changed)
        with pytest.raises(ValueError, match=f"colours of {bits} bits, which Pillow reads wrongly; convert it to PNG"):
            read(tmp_path, channels=3)


@pytest.mark.parametrize("save", [tiff, png16])
def test_colours_of_16_bits_are_their_upper_bytes(tmp_path: Path, save) -> None:
    values = np.random.Generator(np.random.PCG64(2)).integers(65_536, size=(SIDE, SIDE, 3)).astype("u2")
    suffix = "tif" if save is tiff else "png"
    save(tmp_path / f"bright.{suffix}", values)
    save(tmp_path / f"dark.{suffix}", values // 16)
    (bright, dark), notes = read(tmp_path, channels=3)
    assert np.array_equal(bright.transpose(1, 2, 0), values >> 8)
    assert np.array_equal(dark.transpose(1, 2, 0), values >> 12)
    assert notes == ["2 colour pictures of 16 bits: 0 became black and 65,535 white."]


@pytest.mark.parametrize("save", [tiff, png16])
def test_colours_of_12_bits_in_16_are_refused_rather_than_read_as_black(tmp_path: Path, save) -> None:
    draws = np.random.Generator(np.random.PCG64(3))
    suffix = "tif" if save is tiff else "png"
    for i in range(3):
        save(tmp_path / f"{i}.{suffix}", draws.integers(4096, size=(SIDE, SIDE, 3)).astype("u2"))
    with pytest.raises(UsageError, match=r"left out 3 colour pictures of 16 bits .*Convert them to 8 bits"):
        Folder(str(tmp_path), size=SIDE)
    Picture.fromarray(draws.integers(256, size=(SIDE, SIDE, 3)).astype(np.uint8)).save(tmp_path / "fine.png")
    d = Folder(str(tmp_path), size=SIDE)
    assert len(d) == 1 and "left out 3 colour pictures" in d.notes[0] and f"0.{suffix}" in d.notes[0]


def test_a_bitmap_of_16_bits_for_three_colours_has_bytes(tmp_path: Path) -> None:
    head = struct.pack("<IHHIIiiHHIIIIII", 0, 0, 0, 66, 40, SIDE, SIDE, 1, 16, 3, 2 * SIDE * SIDE, 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    pixels = np.full((SIDE, SIDE), (4 << 11) | (8 << 5) | 12, "<u2")  # a dark blue
    (tmp_path / "x.bmp").write_bytes(b"BM" + head + masks + pixels.tobytes())
    ((found,), notes) = read(tmp_path, channels=3)
    assert not notes
    assert np.abs(found[:, 0, 0] - 255 * np.array([4 / 31, 8 / 63, 12 / 31])).max() <= 1


def test_bytes_keep_their_grey_beside_wide_pictures_and_all_is_noted_in_the_data(tmp_path: Path) -> None:
    wide = series(0, 4000, "u2", 3)
    for i, values in enumerate(wide):
        Picture.fromarray(values).save(tmp_path / f"{i}.png")
    narrow = np.random.Generator(np.random.PCG64(4)).integers(100, size=(SIDE, SIDE)).astype(np.uint8)
    Picture.fromarray(narrow).save(tmp_path / "narrow.png")
    d = Folder(str(tmp_path), size=SIDE, channels=3)
    assert d.notes[0].startswith("folder: 3 grey pictures of more than 8 bits: integers from 0 to 4,000;")
    rows = d.packed.arrays["images"].astype(float)
    assert len(rows) == 4 and (rows == rows[:, :1]).all(), "grey in all channels"
    for right in (narrow, *(255 * values.astype(float) / 4095 for values in wide)):
        assert min(np.abs(row[0] - right).max() for row in rows) <= 0.51
    assert Folder(str(tmp_path), size=SIDE, channels=3).notes == d.notes, "from the cache too"


def test_the_same_value_everywhere_is_one_grey_not_an_error(tmp_path: Path) -> None:
    tiff(tmp_path / "x.tif", np.full((SIDE, SIDE), 3.5, "f4"))
    ((pixels,), notes) = read(tmp_path)
    assert (pixels == pixels[0, 0, 0]).all() and "from 3.5 to 3.5" in notes[0]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_no_picture(tmp_path: Path, value: float) -> None:
    values = np.zeros((SIDE, SIDE), "f4")
    values[3, 4] = value
    tiff(tmp_path / "x.tif", values)
    with pytest.raises(ValueError, match="not finite"):
        read(tmp_path)
