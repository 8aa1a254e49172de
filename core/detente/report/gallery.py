"""Samples as a page shows them: small enough to be inside it, what belongs together side by side, real data first."""

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_MOST_BYTES = 3_000_000  # of one sample file inside a report
_MOST_LINES = 40
_SMALL = 8_000  # bytes of a picture that is not worth packing anew
_FEW = 64  # colours of a picture that is drawn, not photographed
_WIDEST = 900  # pixels of a picture in a page
_MOST_PIXELS = 40_000_000  # of one that is opened at all
_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".svg": "image/svg+xml"}
_SOUNDS = {".ogg": "audio/ogg", ".wav": "audio/wav", ".flac": "audio/flac"}
_TEXTS = (".txt", ".smi", ".csv")

REFERENCES = {"real": "real data", "untrained": "untrained generator"}
"""What a run keeps samples of beside its own, by the name of the files, in the order in which they are shown."""


@dataclass(frozen=True)
class Preview:
    """Samples as a page can show them.

    Attributes:
        step: after how many steps they were drawn.
        kind: `image`, `sound`, `text`, or `none` for a file that is not shown.
        content: a data URI, the text, or why nothing is shown.
        part: which of several files of a step it is; empty for the main one.
    """

    step: int
    kind: str
    content: str
    part: str = ""


def preview(path: Path) -> Preview:
    """A file of a run's samples."""
    digits = re.search(r"\d+", path.stem)
    step = int(digits[0]) if digits else 0
    part = re.sub(r"^(step-\d+|[a-z]+)-?", "", path.stem)
    try:
        if path.is_symlink() or not path.is_file():  # what is not the run's own does not belong in its report
            return Preview(step, "none", f"{path.name} is not a file of the run", part)
        if path.stat().st_size > _MOST_BYTES:
            return Preview(step, "none", f"{path.name} is too large to be shown here", part)
        content = path.read_bytes()
    except OSError as error:
        return Preview(step, "none", f"{path.name} cannot be read ({error.strerror})", part)
    suffix = path.suffix.lower()
    if suffix in _IMAGES:
        return Preview(step, "image", _uri(*_packed(content, suffix)), part)
    if suffix in _SOUNDS:
        return Preview(step, "sound", _uri(content, _SOUNDS[suffix]), part)
    if suffix in _TEXTS:
        lines = content.decode("utf-8", "replace").splitlines()
        more = [f"… and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
        return Preview(step, "text", "\n".join([*lines[:_MOST_LINES], *more]), part)
    return Preview(step, "none", f"{path.name} has a format that cannot be shown here", part)


def _uri(content: bytes, media: str) -> str:
    return f"data:{media};base64,{base64.b64encode(content).decode()}"


def _packed(content: bytes, suffix: str) -> tuple[bytes, str]:
    """A picture as WebP where that is smaller, with its media type; as it is where it cannot be opened."""
    if suffix == ".svg" or len(content) < _SMALL:
        return content, _IMAGES[suffix]
    from PIL import Image

    smallest = content, _IMAGES[suffix]
    try:
        with Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "WEBP")) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                return smallest
            picture = opened.convert("RGB")
    except Exception:  # damaged, or made to be: a browser shows of it what it can
        return smallest
    if picture.width > _WIDEST:
        height = max(1, round(picture.height * _WIDEST / picture.width))
        picture = picture.resize((_WIDEST, height), Image.Resampling.LANCZOS)
    # A picture with much in it is not small without loss, and takes long to find that out.
    plain = len(content) < 8 * _SMALL or picture.getcolors(_FEW) is not None
    ways = [{"lossless": True}] if plain else []
    for how in (*ways, {"quality": 72}):
        out = io.BytesIO()
        picture.save(out, "WEBP", method=4, **how)
        if len(found := out.getvalue()) < len(smallest[0]):
            smallest = found, _IMAGES[".webp"]
        if len(smallest[0]) <= 2 * _SMALL:  # sharp pixels are worth a few kilobytes
            break
    return smallest


@dataclass(frozen=True)
class Samples:
    """The files of one step: what a domain shows may be several, such as sounds and a picture of each.

    Attributes:
        parts: all of them, the main one first.
    """

    step: int
    parts: tuple[Preview, ...]

    @property
    def main(self) -> Sequence[Preview]:
        """Those that stand for all samples of the step."""
        return [part for part in self.parts if not part.part.isdigit()]

    @property
    def single(self) -> Sequence[tuple[str, Sequence[Preview]]]:
        """By the number of a sample, what belongs to it alone: its picture before its sound."""
        numbers = dict.fromkeys(part.part for part in self.parts if part.part.isdigit())
        return [
            (n, sorted((p for p in self.parts if p.part == n), key=lambda p: p.kind == "sound"))
            for n in sorted(numbers, key=int)
        ]

    @property
    def size(self) -> int:
        """Characters that they take in a page."""
        return sum(len(part.content) for part in self.parts)


def samples(folder: Path) -> list[Samples]:
    """The sample files of a run, those of one step together, the main file of a step first."""
    steps: dict[str, list[Path]] = {}
    for path in folder.glob("step-*"):
        if not path.name.endswith(".partial"):
            steps.setdefault("-".join(path.stem.split("-")[:2]), []).append(path)
    return sorted((_together(stem, paths) for stem, paths in steps.items()), key=lambda shown: shown.step)


def references(folder: Path) -> list[tuple[str, Samples]]:
    """What else a run shows: real data and an untrained generator, each with what it is called."""
    found = [(text, stem, sorted(folder.glob(f"{stem}*.*"))) for stem, text in REFERENCES.items()]
    found = [
        (t, s, [p for p in paths if p.stem.split("-")[0] == s and p.suffix != ".partial"]) for t, s, paths in found
    ]
    return [(text, _together(stem, paths)) for text, stem, paths in found if paths]


def _together(stem: str, paths: Sequence[Path]) -> Samples:
    ordered = sorted(paths, key=lambda path: (path.stem != stem, path.name))
    parts = tuple(preview(path) for path in ordered)
    return Samples(parts[0].step, parts)
