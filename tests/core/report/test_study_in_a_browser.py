"""What a reader can do with a study's page, in a real Chromium."""

import base64
import json
import re

import pytest

import axe
from chromium import BINARY

pytestmark = [
    pytest.mark.skipif(BINARY is None, reason="there is no chromium here; apt install chromium"),
    pytest.mark.slow,
]

MARKS = "[...document.querySelectorAll('#answer .plot')[0].querySelectorAll('g[data-arm]')].map((g) => g.dataset.arm)"
DELTAS = "[...document.querySelectorAll('[data-part=delta]')].map((td) => td.firstChild.textContent)"
TIP = "document.getElementById('tip').hidden ? '' : document.getElementById('tip').textContent"
COPIED = "window.copied = []; navigator.clipboard.writeText = async (text) => { window.copied.push(text); }"


def press(browser, key: str) -> None:
    browser.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=key)
    browser.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=key)


def tick(browser, name: str, value: int) -> None:
    browser.run("document.querySelector('.controls details').open = true")
    browser.run(f"document.querySelector('input[name={name}][value=\"{value}\"]').click()")


def against(browser, arm: int) -> None:
    browser.run(
        f"(() => {{ const s = document.querySelector('select[name=against]'); s.value = '{arm}'; "
        "s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )


@pytest.fixture(autouse=True)
def _opened(browser, page):
    browser.said.clear()
    browser.asked.clear()
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    browser.look(1280)
    browser.open(page)
    yield
    browser.call("Emulation.setScriptExecutionDisabled", value=False)
    assert (browser.said, browser.asked) == ([], [])


def test_the_answer_is_a_picture_on_the_first_screen(browser):
    place = browser.run("document.querySelector('#answer svg').getBoundingClientRect().bottom")
    assert place < 900
    assert browser.run("document.querySelectorAll('#answer .panels svg').length") == 4
    rows = browser.run("[...document.querySelectorAll('.first tbody tr')].map((row) => row.innerText)")
    assert len(rows) == 4
    assert all("r1" in row and "▲ better" in row and "detente sample" in row and "+0.3" in row for row in rows)


def test_what_the_script_draws_is_what_the_page_had_without_it(browser, page):
    """The same picture and the same words, by Python and by the script."""
    shape = """() => [...document.querySelectorAll('.plot[data-forest] svg')].map((svg) =>
        [...svg.querySelectorAll('path, circle, text')].map((e) => [e.tagName, e.getAttribute('class'),
          e.getAttribute('d') ?? [e.getAttribute('cx') ?? e.getAttribute('x'), e.getAttribute('cy')].join(),
          e.dataset.tip ?? e.textContent]))"""
    cells = """() => [...document.querySelectorAll('.first td, .versus, [data-differences] td')].map((e) =>
        e.innerText.replace(/\\s*copy command\\s*/, '').trim())"""
    drawn = browser.run(f"({shape})()")
    told = browser.run(f"({cells})()")
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page)
    still = browser.run(f"({shape})()")
    assert browser.run("document.querySelector('form.controls').hidden")
    plain = browser.run(f"({cells})()")

    def places(path: str) -> list[int]:
        return [round(float(part)) for part in re.findall(r"-?[\d.]+", path)]

    assert len(drawn) == len(still) == 8
    for one, other in zip(drawn, still, strict=True):
        assert [e[0:2] + e[3:] for e in one] == [e[0:2] + e[3:] for e in other]
        for a, b in zip(one, other, strict=True):
            assert places(a[2]) == pytest.approx(places(b[2]), abs=1)
    assert told == plain


def test_ticking_an_arm_or_a_domain_away_takes_it_out_everywhere_and_brings_it_back(browser):
    before = browser.run("document.querySelector('main').innerText")
    assert browser.run(MARKS) == ["1", "2"]
    tick(browser, "arm", 1)
    assert browser.run(MARKS) == ["2"]
    assert browser.run(
        "[...document.querySelectorAll('main [data-arm=\"1\"]')].every((e) => !e.getClientRects().length)"
    )
    assert "r1" not in browser.run("document.querySelector('.first').innerText")
    tick(browser, "domain", 2)
    assert browser.run("document.getElementById('domain-3').hidden") is True
    assert browser.run("document.querySelectorAll('.first tbody tr:not([hidden])').length") == 3
    assert browser.run("document.querySelector('.controls output').textContent") == "2 of 3 arms, 3 of 4 domains"
    browser.run("document.querySelector('.controls button[type=reset]').click()")
    browser.run("new Promise((go) => setTimeout(go, 50))")
    browser.run("document.querySelector('.controls details').open = false")
    assert browser.run("document.querySelector('main').innerText") == before


def test_any_arm_can_be_the_one_that_others_are_compared_with(browser):
    assert all(text.startswith("+0.3") for text in browser.run(DELTAS))
    against(browser, 1)
    assert browser.run(MARKS) == ["0", "2"]
    assert browser.run(DELTAS) == ["–"] * 4  # r1 itself is the best
    assert (
        browser.run("document.querySelector('.first [data-part=verdict]').textContent")
        == "no arm has a higher mean than r1"
    )
    row = browser.run("document.querySelector('[data-differences] tr[data-arm=\"0\"]').innerText").split()
    assert row[1:3] == ["▼", "worse"] and row[3].startswith("−0.3")
    assert set(browser.run("[...document.querySelectorAll('.against')].map((e) => e.textContent)")) == {"r1"}
    assert not browser.run("document.querySelector('[data-elsewhere]').hidden")
    low, high = browser.run("document.querySelector('.versus[data-row=\"0\"]').lastChild.textContent").split(" to ")
    assert low.startswith("−") and high.startswith("−") and float(low[1:]) > float(high[1:])
    assert float(low[1:]) > 0.29


def test_what_is_chosen_stands_in_the_address_and_an_address_chooses(browser, page):
    tick(browser, "arm", 0)
    tick(browser, "domain", 3)
    against(browser, 1)
    found = browser.run("location.hash")
    assert found == "#hide=none&without=molecule&against=r1"
    browser.run("location.hash = '#hide=r1&against=none'")
    browser.run("new Promise((go) => setTimeout(go, 50))")
    assert browser.run(MARKS) == ["2"]
    assert browser.run("[...document.querySelectorAll('input[name=arm]')].map((i) => i.checked)") == [True, False, True]
    browser.run("location.hash = '#made'")  # a link to a section changes nothing
    browser.run("new Promise((go) => setTimeout(go, 50))")
    assert browser.run(MARKS) == ["2"]


def test_pointing_at_a_mark_and_going_to_it_by_keys_both_tell_value_seed_and_step(browser):
    browser.run("document.querySelector('[data-curves] circle.hit').scrollIntoView({block: 'center'})")
    browser.run("new Promise((go) => setTimeout(go, 100))")
    box = browser.run(
        """(() => { const mark = [...document.querySelectorAll('[data-curves] g[data-arm="1"] circle.hit')][2];
             const b = mark.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"""
    )
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=box[0], y=box[1])
    said = browser.run(TIP)
    assert "seed" in said and "step 20: 0." in said
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
    assert browser.run(TIP) == ""
    browser.run("document.querySelector('[data-curves]').focus()")
    first = browser.run(TIP)
    assert first == "none, seed 0, step 0: 0.000"
    press(browser, "ArrowRight")
    assert browser.run(TIP) == "none, seed 0, step 10: 0.100"
    press(browser, "ArrowDown")
    assert browser.run(TIP).startswith("r1, seed 0, step 0")
    press(browser, "ArrowUp")
    assert browser.run(TIP).startswith("none, seed")
    press(browser, "Escape")
    assert browser.run(TIP) == ""
    browser.run("document.querySelector('[data-forest=wide]').focus()")
    assert browser.run(TIP).startswith("r1, seed 0: +0.3")
    head = "document.querySelector('.first thead th:nth-child(4)')"
    browser.run(f"{head}.dispatchEvent(new PointerEvent('pointerover', {{bubbles: true}}))")
    assert browser.run(TIP).startswith("Mean paired difference")


def test_two_arms_stand_side_by_side_with_the_same_latents(browser):
    browser.run("(() => { const d = document.querySelector('#domain-1 .duel details'); d.open = true; })()")
    browser.run("new Promise((go) => setTimeout(go, 100))")
    names = "[...document.querySelectorAll('#domain-1 .versus-samples figure bdi')].map((e) => e.textContent)"
    assert browser.run(names) == ["none", "r1"]
    assert browser.run("document.querySelectorAll('#domain-1 .versus-samples img').length") == 2
    browser.run(
        "(() => { const s = document.querySelectorAll('#domain-1 .duel select')[0]; s.value = '1'; "
        "s.dispatchEvent(new Event('change', {bubbles: true})); })()"
    )
    assert browser.run(names) == ["r1", "r1"]
    assert not browser.run("document.querySelectorAll('#domain-1 .duel fieldset').length")  # nothing to hear


def test_a_blind_trial_of_sounds_counts_what_was_right(browser):
    browser.run("Math.random = () => 0.1")  # the first sound, and X is A
    browser.run("(() => { document.querySelector('#domain-2 .duel details').open = true; })()")
    browser.run("new Promise((go) => setTimeout(go, 100))")
    button = "[...document.querySelectorAll('#domain-2 .duel fieldset button')]"
    assert browser.run(f"{button}.map((b) => b.textContent)") == ["play A", "play B", "play X", "X is A", "X is B"]
    browser.run(f"{button}[2].click()")
    assert browser.run("document.querySelector('#domain-2 .duel fieldset audio').src.slice(0, 11)") == "data:audio/"
    for i in (3, 3, 4, 3):
        browser.run(f"{button}[{i}].click()")
    score = browser.run("document.querySelector('#domain-2 .duel output').textContent")
    assert score == "3 of 4 right; by guessing as many or more with a chance of 31 %"  # (4 + 1) / 16


def test_commands_and_recipes_are_copied(browser, page):
    browser.run(COPIED)
    browser.run("document.querySelector('.first .copy').click()")
    browser.run("document.querySelector('#domain-1 tr[data-arm=\"1\"] [data-train]').click()")
    browser.run("document.querySelector('#domain-1 tr[data-arm=\"1\"] [data-recipe]').click()")
    browser.run("document.querySelector('#made .copy').click()")
    use, train, recipe, command = browser.run("window.copied")
    folder = page.parent
    assert use.startswith(f"detente sample {folder}/cells/image/arm-1/") and use.endswith(" -n 16")
    assert train == f"detente train --recipe {folder}/cells/image/arm-1/0/recipe.yaml"
    assert recipe == "{steps: 20, note: r1}\n"
    assert command.startswith("detente compare --reg")


def test_the_table_of_runs_is_inside(browser, page):
    link = browser.run("document.querySelector('a[download]').href")
    assert base64.b64decode(link.partition(",")[2]).decode() == (page.parent / "results.csv").read_text("utf-8")


def test_samples_of_real_data_come_first_and_a_sound_stands_beside_its_picture(browser):
    captions = (
        "[...document.querySelectorAll('#domain-1 .samples')[0].querySelectorAll('figcaption')].map((c) => c.innerText)"
    )
    assert browser.run(captions)[:2] == ["real data", "untrained generator"]
    first = "[...document.querySelectorAll('#domain-2 .single li:first-child .pair')]"
    pairs = browser.run(f"{first}.map((l) => [...l.children].map((e) => e.tagName).join())")
    assert set(pairs) == {"IMG,AUDIO"}


def test_printed_it_has_all_that_is_said_and_nothing_to_press(browser, tmp_path):
    pdf = base64.b64decode(browser.call("Page.printToPDF", printBackground=True)["data"])
    (tmp_path / "report.pdf").write_bytes(pdf)
    assert pdf.startswith(b"%PDF") and len(pdf) > 50_000
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        pressed = "[...document.querySelectorAll('form, .copy, .duel')].every((e) => !e.getClientRects().length)"
        assert browser.run(pressed)
        assert browser.run("document.querySelector('#answer svg').getClientRects().length") == 1
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")


@pytest.mark.skipif(axe.SCRIPT is None, reason=axe.WHY_NOT)
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (390, True)])
def test_axe_finds_nothing_to_object_to(browser, page, width, dark):
    browser.look(width, dark=dark)
    browser.open(page)
    browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
    browser.run("new Promise((go) => setTimeout(go, 200))")
    assert axe.violations(browser) == []
    against(browser, 1)
    tick(browser, "arm", 2)
    assert axe.violations(browser) == []


def test_without_scripts_it_is_whole(browser, page):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    browser.open(page)
    assert browser.run("document.querySelectorAll('[hidden]').length > 0")
    said = browser.run("document.querySelector('main').innerText")
    for part in (
        "Overview",
        "Differences from",
        "Samples with seed 0",
        "All scores",
        "How this was made",
        "results.csv",
    ):
        assert part in said
    assert json.loads(browser.run("document.getElementById('payload').textContent"))["arms"][1] == "r1"
    assert browser.run("document.documentElement.scrollWidth") <= 1280
