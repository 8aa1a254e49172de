"""From data to a page: templates, what text may contain, and how numbers are written."""

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from detente.errors import typed, visible
from detente.files import write_atomically
from detente.report.charts import short

_SCRIPTS = ("sort.js", "look.js")


def render(template: str, path: Path, scripts: Sequence[str] = (), **values: Any) -> Path:
    """Write a page to `path`.

    Args:
        template: its template.
        scripts: what runs in it beside what every page has, by the names of files.
        values: what the template shows.
    """
    style, script = _part("style.css"), _whole((*_SCRIPTS, *scripts))
    policy = (
        "default-src 'none'; img-src data:; media-src data:; base-uri 'none'; form-action 'none'; "
        f"style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'"
    )
    page = _environment().get_template(template)
    write_atomically(path, page.render(style=Markup(style), script=Markup(script), policy=policy, **values))
    return path


def fragment(template: str, **values: Any) -> Markup:
    """Part of a page."""
    return Markup(_environment().get_template(template).render(**values))


def embedded(data: Any) -> Markup:
    """Data as JSON that may stand in a script element: no text in it can end the element, or is unseen."""
    text = json.dumps(_shown(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _shown(data: Any) -> Any:
    """Texts with what is unseen spelled out, as everywhere on a page; numbers as exact as a page needs."""
    if isinstance(data, str):
        return visible(data)
    if isinstance(data, float):
        return round(data, 6) if math.isfinite(data) else None
    if isinstance(data, Mapping):
        return {key: _shown(value) for key, value in data.items()}
    return [_shown(value) for value in data] if isinstance(data, list | tuple) else data


def link(content: str, media: str) -> str:
    """A text as an address that holds it, to be kept as a file."""
    return f"data:{media};base64,{base64.b64encode(content.encode()).decode()}"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("detente.report", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: value if isinstance(value, Markup) else visible(f"{value}"),
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


def _whole(scripts: Sequence[str]) -> str:
    """Scripts as one, whose names are its own."""
    return "\n".join(['(() => { "use strict";', *map(_part, scripts), "})();"])


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
