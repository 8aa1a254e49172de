"""From data to a page: templates, what text may contain, and pictures inside the file."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from detente.errors import typed, visible
from detente.files import write_atomically
from detente.report.charts import short

_MOST_BYTES = 3_000_000  # of one sample file inside a report
_MOST_LINES = 40
_IMAGES = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".svg": "image/svg+xml"}
_SOUNDS = {".ogg": "audio/ogg", ".wav": "audio/wav", ".flac": "audio/flac"}


def render(template: str, path: Path, **values: Any) -> Path:
    """Write a page to `path`."""
    style, script = _part("style.css"), _part("sort.js")
    policy = (
        "default-src 'none'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'"
    )
    page = _environment().get_template(template)
    write_atomically(path, page.render(style=Markup(style), script=Markup(script), policy=policy, **values))
    return path


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("detente.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else visible(str(value)),
    )
    environment.filters.update(
        number=number,
        signed=signed,
        command=lambda words: typed(*words),
        duration=duration,
        percent=percent,
        p=p_value,
        between=between,
    )
    return environment


@cache
def _part(name: str) -> str:
    return resources.files("detente.report").joinpath("templates", name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def number(value: float | None, digits: int | None = None) -> str:
    """A number in a table; a dash where there is none."""
    if value is None:
        return "–"
    text = short(value) if digits is None else f"{value:.{digits}f}"
    if value < 0 and digits is not None and not float(text):
        return f"{0:.{digits}f}"
    return text.replace("-", "−", 1) if value < 0 else text


def signed(value: float | None, digits: int = 2) -> str:
    """A difference."""
    if value is None:
        return "–"
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if float(text) else f"±{0:.{digits}f}"


def percent(value: float | None) -> str:
    """A share."""
    return "–" if value is None else f"{100 * value:.0f} %"


def p_value(value: float | None) -> str:
    """The p of a test, `< .001` where it is small."""
    if value is None:
        return "–"
    return "< .001" if value < 0.001 else f"{value:.3f}".removeprefix("0") if value < 1 else "1"


def between(interval: Sequence[float] | None, digits: int = 2) -> str:
    """An interval."""
    return "" if interval is None else " to ".join(number(value, digits) for value in interval)


def duration(seconds: float | None) -> str:
    """`42 s`, `3 min 5 s` or `2 h 3 min`."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


@dataclass(frozen=True)
class Preview:
    """Samples as a page can show them.

    Attributes:
        step: after how many steps they were drawn.
        kind: `image`, `sound`, `text`, or `none` for a file that is not shown.
        content: a data URI, the text, or why nothing is shown.
    """

    step: int
    kind: str
    content: str


def preview(path: Path) -> Preview:
    """A file of a run's samples."""
    digits = re.search(r"\d+", path.stem)
    step = int(digits[0]) if digits else 0
    try:
        if path.is_symlink() or not path.is_file():  # what is not the run's own does not belong in its report
            return Preview(step, "none", f"{path.name} is not a file of the run")
        if path.stat().st_size > _MOST_BYTES:
            return Preview(step, "none", f"{path.name} is too large to be shown here")
        content = path.read_bytes()
    except OSError as error:
        return Preview(step, "none", f"{path.name} cannot be read ({error.strerror})")
    suffix = path.suffix.lower()
    for kind, types in (("image", _IMAGES), ("sound", _SOUNDS)):
        if suffix in types:
            return Preview(step, kind, f"data:{types[suffix]};base64,{base64.b64encode(content).decode()}")
    if suffix in (".txt", ".smi", ".csv"):
        lines = content.decode("utf-8", "replace").splitlines()
        more = [f"… and {len(lines) - _MOST_LINES} more"] if len(lines) > _MOST_LINES else []
        return Preview(step, "text", "\n".join([*lines[:_MOST_LINES], *more]))
    return Preview(step, "none", f"{path.name} has a format that cannot be shown here")


@dataclass(frozen=True)
class Samples:
    """The files of one step: what a domain shows may be several, such as sounds and a picture of them."""

    step: int
    parts: tuple[Preview, ...]


def samples(folder: Path) -> list[Samples]:
    """The sample files of a run, those of one step together, the main file of a step first."""
    steps: dict[str, list[Path]] = {}
    for path in folder.glob("step-*"):
        if not path.name.endswith(".partial"):
            steps.setdefault("-".join(path.stem.split("-")[:2]), []).append(path)
    found: list[Samples] = []
    for stem, paths in steps.items():
        ordered = sorted(paths, key=lambda path: (path.stem != stem, path.name))
        parts = tuple(preview(path) for path in ordered)
        found.append(Samples(parts[0].step, parts))
    return sorted(found, key=lambda shown: shown.step)
