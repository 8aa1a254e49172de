"""A study's page in a real Chromium: it renders, sounds load, tables sort, nothing is asked of anybody."""

import os
from pathlib import Path

import pytest

from chromium import BINARY

pytestmark = [
    pytest.mark.skipif(BINARY is None, reason="there is no chromium here; apt install chromium"),
    pytest.mark.slow,
]


@pytest.fixture(autouse=True)
def _opened(browser, page):
    browser.said.clear()
    browser.asked.clear()
    browser.look(1200)
    browser.open(page)


def test_it_renders_without_a_word_on_the_console_and_asks_for_nothing(browser):
    assert "r1" in browser.run("document.querySelector('h1').textContent")
    assert browser.run("getComputedStyle(document.querySelector('table.heat td')).textAlign") == "center"
    assert browser.run("[...document.images].every((i) => i.complete && i.naturalWidth > 0)")
    assert (browser.said, browser.asked) == ([], [])


def test_the_verdict_comes_first(browser):
    first = browser.run("document.querySelector('.verdict').textContent")
    assert first.startswith("With 8 seeds “r1” improves on “none” in 4 of 4 domains, on image by 0.30 (")


def test_sounds_load_and_have_controls_and_names(browser):
    found = browser.run(
        """Promise.all([...document.querySelectorAll("audio")].map((a) => new Promise((done) => {
             const tell = () => done({ready: a.readyState, seconds: a.duration, controls: a.controls,
                                      name: a.getAttribute("aria-label"), error: a.error && a.error.message});
             if (a.readyState >= 1 || a.error) tell();
             else { a.onloadedmetadata = a.onerror = tell; a.load(); }
           })))"""
    )
    assert len(found) == 3 * 3 * 2  # arms, seeds that are shown, files
    assert all(
        each["ready"] >= 1 and each["controls"] and each["seconds"] == pytest.approx(0.5, abs=0.05) for each in found
    )
    assert len({each["name"] for each in found}) == len(found)
    assert browser.said == []


@pytest.mark.parametrize("table", ["#overview table", "#domain-1 table.sortable"])
def test_tables_sort_by_click_and_by_key(browser, table):
    own = f"document.querySelector('{table}')"
    order = f"[...{own}.tBodies[0].rows].map((row) => row.dataset.arm).join('')"
    head = f"{own}.querySelectorAll('thead button')"
    assert browser.run(order) == "012"
    browser.run(f"{head}[1].focus()")
    press = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
    browser.call("Input.dispatchKeyEvent", type="keyDown", **press)
    browser.call("Input.dispatchKeyEvent", type="keyUp", **press)
    assert browser.run(order)[0] == "1"  # r1 is the highest, and has the verdict
    assert browser.run(f"{head}[1].parentNode.getAttribute('aria-sort')") == "descending"
    browser.run(f"{head}[0].click()")
    browser.run(f"{head}[0].click()")
    assert browser.run(order) == "012"


def test_what_strangers_wrote_is_text_and_their_pictures_run_nothing(browser):
    assert browser.run("window.hit === undefined")
    assert browser.run("[...document.scripts].map((s) => s.type).join()") == "application/json,"
    shown = browser.run("document.querySelector('pre.words').textContent")
    assert "<script>alert(1)</script>" in shown
    assert "</pre></svg>" in shown
    assert len(shown) > 10_000
    assert "⟨U+202E⟩right to left" in shown
    assert browser.run("[...document.images].filter((i) => i.src.startsWith('data:image/svg')).length") == 9
    assert browser.asked == []


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("dark", [False, True])
def test_it_fits_its_window_in_light_and_in_dark(browser, page, width, dark):
    browser.look(width, dark=dark)
    browser.open(page)
    assert browser.run("document.documentElement.scrollWidth") <= width
    back = browser.run("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") == (not dark)
    assert browser.run("[...document.querySelectorAll('audio')].every((a) => a.getBoundingClientRect().width >= 130)")
    if shots := os.environ.get("DETENTE_SCREENSHOTS"):
        browser.screenshot(Path(shots) / f"report-{width}-{'dark' if dark else 'light'}.png")


def test_everything_that_can_be_used_can_be_reached_by_keyboard_and_has_a_name(browser):
    nameless = browser.run(
        """[...document.querySelectorAll("a, button, audio, summary, [tabindex]")].filter((e) =>
             e.tabIndex < 0 || !(e.textContent.trim() || e.getAttribute("aria-label"))).map((e) => e.outerHTML)"""
    )
    assert nameless == []
    assert browser.run("[...document.images].every((i) => i.alt)")
    assert browser.run("[...document.querySelectorAll('svg')].every((s) => s.ariaLabel || s.ariaHidden)")
    scrolls = "[...document.querySelectorAll('.wide')].filter((e) => e.scrollWidth > e.clientWidth && e.tabIndex < 0)"
    assert browser.run(f"{scrolls}.length") == 0
