"""What tests of reports share: pages that are parsed, and studies and runs that are written by hand."""

import base64
import json
from html.parser import HTMLParser
from pathlib import Path

from detente.results.cells import Cell
from detente.results.study import Study
from detente.training.run_folder import Run

EVIL = "<script>alert(1)</script>\"' onload=x\u202egnp.\x07&amp;{{ 7 * 7 }}"
VOID = {"meta", "img", "br", "hr", "link", "input"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Page(HTMLParser):
    """Parses a page, checks that tags are closed, and keeps what there is to look at."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.inside: dict[str, str] = {}
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("script", "style"):
            self.inside[self.open[-1]] = data
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def write_cell(
    cell: Cell, status: str, finals=(0.2, 0.5), *, recipe="steps: 20\n", suffix=".txt", content=b"words", error=None
) -> None:
    run = Run.create(cell.folder, recipe, {})
    lines = [
        {"step": s, "terms": {"D/adversarial": 1.0 / s, f"D/{EVIL}": None}, "seconds": s / 10} for s in (5, 10, 15)
    ]
    lines += [
        {"step": 10 * (i + 1), "scores": {"frechet": 2 - v, EVIL: v}, "scaled": v, "seconds": 1.0 + i}
        for i, v in enumerate(finals)
    ]
    run.metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (run.samples / f"step-000010{suffix}").write_bytes(b"older")
    (run.samples / f"step-000020{suffix}").write_bytes(content)
    rows = {"real": 0.5, "baseline": 1.0, "untrained": 2.5}
    last = {"scaled": finals[-1], "scores": {"frechet": 2 - finals[-1], EVIL: finals[-1]}} if finals else {}
    run.record(
        {
            "status": status,
            "error": error,
            "step": 20,
            "seconds": 2.0,
            "best": {"scaled": max(finals), "step": 20} if finals else None,
            "final": last,
            "references": {row: {"frechet": value, EVIL: value} for row, value in rows.items()},
        }
    )


def write_study(folder: Path, arms=("none", "r1"), domains=("pair",), seeds=(0, 1)) -> Study:
    primary = {"score": "frechet", "direction": "lower", "log": False, "protocol": EVIL}
    study = Study(
        folder,
        {
            "format": 1,
            "created": "2026-01-01T00:00:00+0000",
            "commands": [["detente", "compare", "--reg", arms[-1]]],
            "versions": [{"detente": "0.1.0", "python": "3.11"}],
            "seeds": list(seeds),
            "arms": [{"text": text, "slug": f"arm-{i}"} for i, text in enumerate(arms)],
            "domains": {name: {"primary": primary} for name in domains},
            "recipes": {
                name: {f"arm-{i}": {"steps": 20, "note": arms[i]} for i in range(len(arms))} for name in domains
            },
        },
    )
    study.write()
    return study
