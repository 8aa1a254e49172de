"""Reports of studies and runs that are written by hand, with everything in them that a page must not fall for."""

import base64
import hashlib
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from detente.recipe.document import dump
from detente.report import charts, page, run_report, study_report
from detente.results.cells import Arm, Cell
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


def write_cell(cell: Cell, status: str, finals=(0.2, 0.5), *, suffix=".txt", content=b"words", error=None) -> None:
    run = Run.create(cell.folder, "steps: 20\n", {})
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


@pytest.fixture
def hostile(tmp_path) -> Page:
    """The page of a study in which every text that a stranger may choose is hostile."""
    study = write_study(tmp_path, ["none", EVIL, "=r1"], domains=["pair", "p<b>q"])
    for cell in study.cells:
        write_cell(cell, "finished", content=b"</pre><script>alert(2)</script>")
    write_cell(study.cells[2], "failed", (), error=f"{study.cells[2].folder}: {EVIL}")
    write_cell(study.cells[3], "diverged", (0.4,), error=EVIL)
    path = study_report(tmp_path)
    assert path == tmp_path / "report.html"
    return Page(path.read_text(encoding="utf-8"))


def test_text_of_strangers_stays_text(hostile):
    shown = page.visible(EVIL)
    assert shown in hostile.text
    assert "</pre><script>alert(2)</script>" in hostile.text
    assert len(hostile.all("script")) == 1
    assert not [name for _, attributes in hostile.tags for name in attributes if name.startswith("on")]
    assert not hostile.all("b") or all(set(attributes) <= {"class"} for attributes in hostile.all("b"))
    assert "{{ 7 * 7 }}" in hostile.text


def test_unseen_characters_are_spelled_out(hostile, tmp_path):
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "\u202e" not in text
    assert "\x07" not in text
    assert "⟨U+202E⟩gnp.⟨U+0007⟩" in hostile.text


def test_a_page_asks_for_nothing_from_outside(hostile, tmp_path):
    for _, attributes in hostile.tags:
        for name in ("src", "href", "poster", "srcset", "action"):
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:"))
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_policy_allows_this_style_and_this_script_alone(hostile):
    (policy,) = [m["content"] for m in hostile.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        digest = base64.b64encode(hashlib.sha256(hostile.inside[tag].encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy
    assert not [a for _, a in hostile.tags if "style" in a]


def test_failed_and_diverged_runs_are_listed_with_their_reasons(hostile):
    assert (
        "10 of 12 runs finished, 1 diverged (counted with score 0), 1 failed (left out of the means)." in hostile.text
    )
    lost = hostile.text[hostile.text.index("Runs that did not finish") :]
    assert lost.count("⟨U+202E⟩") >= 2


def test_means_ranges_and_paired_differences_are_of_the_seeds(tmp_path):
    study = write_study(tmp_path)
    for cell, final in zip(study.cells, (0.2, 0.4, 0.7, 0.5), strict=True):
        write_cell(cell, "finished", (0.1, final))
    text = Page(study_report(tmp_path).read_text(encoding="utf-8")).text
    assert (
        "the highest mean scaled score is that of “r1”, 0.60 (from 0.50 to 0.70); “none” has 0.30 (from 0.20 to 0.40)"
        in text
    )
    assert "above “none” with 2 of 2 seeds" in text
    assert "Δ +0.50" in text
    assert "Δ +0.10" in text
    assert "Δ +0.30" in text
    assert "No verdict: 2 seeds cannot give a verdict" in text


def test_a_diverged_run_counts_as_zero_and_a_failed_one_not(tmp_path):
    study = write_study(tmp_path, seeds=(0, 1, 2))
    for cell in study.cells:
        write_cell(cell, "finished", (0.1, 0.6))
    write_cell(study.cells[3], "diverged", (0.3,))
    write_cell(study.cells[4], "failed", (0.3,), error="broken")
    text = Page(study_report(tmp_path).read_text(encoding="utf-8")).text
    assert "“none”, 0.60 (from 0.60 to 0.60); “r1” follows with 0.30 (from 0.00 to 0.60)" in text


def test_one_seed_is_a_taste(tmp_path):
    study = write_study(tmp_path, seeds=[3])
    for cell in study.cells:
        write_cell(cell, "finished")
    text = Page(study_report(tmp_path).read_text(encoding="utf-8")).text
    assert "No verdict: with one seed" in text
    assert "No verdict yet" not in text


def test_a_study_that_has_not_begun_has_a_report(tmp_path):
    write_study(tmp_path)
    text = Page(study_report(tmp_path).read_text(encoding="utf-8")).text
    assert "0 of 4 runs finished; 4 not finished yet" in text
    assert "no run has finished yet" in text


@pytest.mark.parametrize(
    ("suffix", "content", "tag", "start"),
    [
        (".png", PNG, "img", "data:image/png;base64,"),
        (".svg", b"<svg onload='alert(1)'/>", "img", "data:image/svg+xml;base64,"),
        (".ogg", b"OggS", "audio", "data:audio/ogg;base64,"),
    ],
)
def test_samples_are_inside_the_page(tmp_path, suffix, content, tag, start):
    study = write_study(tmp_path)
    for cell in study.cells:
        write_cell(cell, "finished", suffix=suffix, content=content)
    shown = Page(study_report(tmp_path).read_text(encoding="utf-8")).all(tag)
    assert [attributes["src"] for attributes in shown] == [start + base64.b64encode(content).decode()] * 4


def test_samples_that_cannot_be_shown_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(page, "_MOST_BYTES", 3)
    for name, why in (("step-000010.bin", "cannot be shown"), ("step-000020.txt", "too large")):
        (tmp_path / name).write_bytes(b"1234" if name.endswith("txt") else b"1")
        found = page.preview(tmp_path / name)
        assert (found.kind, name in found.content, why in found.content) == ("none", True, True)


def test_the_files_of_a_step_stand_together_with_the_main_one_first(tmp_path):
    for name in (
        "step-000010.png",
        "step-000500-2.ogg",
        "step-000500.png",
        "step-000500-1.ogg",
        "step-000500.png.partial",
    ):
        (tmp_path / name).write_bytes(name.encode())
    first, last = page.samples(tmp_path)
    assert (first.step, len(first.parts)) == (10, 1)
    assert last.step == 500
    assert [part.kind for part in last.parts] == ["image", "sound", "sound"]
    decoded = [base64.b64decode(part.content.partition(",")[2]).decode() for part in last.parts]
    assert decoded == ["step-000500.png", "step-000500-1.ogg", "step-000500-2.ogg"]


def test_charts_are_well_formed_and_every_curve_has_its_letter(hostile, tmp_path):
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    drawn = re.findall(r'<svg class="chart".*?</svg>', text, re.DOTALL)
    assert len(drawn) == 4  # curves and differences of two domains
    for svg in drawn:
        letters = [t.text for t in ET.fromstring(svg).iter("text") if "key" in (t.get("class") or "")]
        arms = ["B", "C"] if "Differences" in svg else ["A", "B", "C"]
        assert sorted(filter(None, letters)) == arms
    assert 'class="end"' in drawn[0]  # the run that diverged


def test_letters_do_not_overlap():
    axes = charts.Axes(x=(0, 1), y=(0, 1))
    svg = charts.chart([charts.Series(k, i, [(0, 0), (1, 0.5)]) for i, k in enumerate("ABCDEF")], axes, "t")
    places = sorted(float(t.get("y") or 0) for t in ET.fromstring(svg).iter("text") if "key" in (t.get("class") or ""))
    assert min(b - a for a, b in pairwise(places)) >= 11.9
    assert places[-1] <= axes.height


def test_curves_keep_their_spikes_when_thinned():
    points = [(float(i), 100.0 if i == 777 else 0.0) for i in range(5000)]
    kept = charts.thin(points)
    assert len(kept) < 400
    assert (777.0, 100.0) in kept


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 2000), (-3.2, 7.9), (0.0, 1e-6), (5, 5)])
def test_ticks_are_round_and_inside(low, high):
    found = charts.ticks(low, high, 5)
    assert 1 <= len(found) <= 7
    assert all(low - 1e-9 <= tick <= high + 1e-9 for tick in found)


def test_heat_is_readable_in_light_and_in_dark():
    """Text on every step of the scale has a contrast of 4.5 to 1 at least (WCAG 2, AA)."""
    style = page._part("style.css")

    def luminance(colour: str) -> float:
        full = colour if len(colour) == 7 else "#" + "".join(2 * c for c in colour[1:])
        parts = [int(full[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = style.split("@media (prefers-color-scheme: dark)")
    for part in (light, dark[: dark.index("* {")]):
        colours = dict(re.findall(r"--(\w+): (#\w+)", part))
        pairs = [(colours[f"h{k}"], colours["low" if k < 6 else "high"]) for k in range(11)]
        pairs += [(colours["back"], colours[f"c{k}"]) for k in range(charts.STYLES)]
        pairs += [(colours[back], colours[text]) for back in ("back", "panel") for text in ("text", "soft", "accent")]
        for one, other in pairs:
            a, b = sorted((luminance(one), luminance(other)))
            assert (b + 0.05) / (a + 0.05) >= 4.5


def test_the_report_of_a_run_has_scores_terms_samples_recipe_and_command(tmp_path):
    cell = Cell("pair", Arm("none", "none"), 0, tmp_path / "run <b>")
    write_cell(cell, "finished", suffix=".png", content=PNG)
    (cell.folder / "recipe.yaml").write_text(dump({"note": EVIL}))
    cell.run.record({"argv": ["detente", "train", "pair", "--set", EVIL]})
    found = Page(run_report(cell.run).read_text(encoding="utf-8"))
    assert len(found.all("script")) == 1
    assert "Scaled score 0.50 after 20 steps" in found.text
    for row in ("real data (ceiling)", "baseline", "untrained (floor)"):
        assert row in found.text
    assert "D/adversarial" in found.text
    assert len(found.all("img")) == 2
    assert "detente train pair --set '<script>" in found.text
    assert "note:" in found.text


def test_the_report_of_a_run_that_failed_at_once_says_why(tmp_path):
    run = Run.create(tmp_path / "run", "steps: 1\n", {"status": "failed", "error": "The data are gone."})
    assert "The data are gone." in Page(run_report(run).read_text(encoding="utf-8")).text


def test_the_report_of_a_run_says_whose_the_data_are_and_what_is_to_be_known_of_them(tmp_path):
    told = {"licence": f"CC BY {EVIL}", "source": "a box", "notes": ["skipped 2 of 9 files"]}
    run = Run.create(tmp_path / "run", "steps: 1\n", {"status": "failed", "data": told})
    found = Page(run_report(run).read_text(encoding="utf-8"))
    assert "Licence: CC BY" in found.text and "From a box" in found.text and "skipped 2 of 9 files" in found.text
    assert len(found.all("script")) == 1
