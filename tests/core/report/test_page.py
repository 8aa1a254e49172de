"""What every page keeps: text of strangers stays text, nothing is asked for from outside, samples are inside."""

import base64
import hashlib
import re

import pytest

from detente.errors import typed
from detente.report import charts, page
from pages import EVIL


def test_text_of_strangers_stays_text(hostile):
    shown = page.visible(EVIL)
    assert shown in hostile.text
    assert "</pre><script>alert(2)</script>" in hostile.text
    assert [attributes.get("type") for attributes in hostile.all("script")] == ["application/json", None]
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


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (page.number(None), "–"),
        (page.number(-0.5), "−0.5"),
        (page.number(-0.001, 2), "0.00"),
        (page.signed(0.125, 3), "+0.125"),
        (page.signed(-0.25), "−0.25"),
        (page.signed(0.001), "±0.00"),
        (page.p_value(0.0009), "< .001"),
        (page.p_value(0.0214), ".021"),
        (page.p_value(1.0), "1"),
        (page.percent(0.125), "12 %"),
        (page.between((-0.1, 0.25)), "−0.10 to 0.25"),
        (page.between(None), ""),
        (typed("detente", "--reg", "r1 + l2"), "detente --reg 'r1 + l2'"),
    ],
)
def test_numbers_are_written_as_in_a_paper_and_commands_as_for_a_shell(shown, text):
    assert shown == text
