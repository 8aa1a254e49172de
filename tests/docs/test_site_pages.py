"""The site reads well: equations are typeset, the plugins have pages, and the search works from the disk."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import axe
from chromium import BINARY, Browser

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("detente_docs_site", ROOT / "docs" / "site.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "docs")  # as MkDocs does
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, as `make docs` builds it."""
    folder = tmp_path_factory.mktemp("built") / "site"
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return folder


@pytest.mark.parametrize(
    ("unicode", "latex"),
    [
        ("R₁(ψ) = γ/2 · E_{x~p_D} ‖v‖²", r"R_{1}(ψ) = γ/2 \cdot  \mathbb{E}_{x\sim p_{D}} \lVert v\lVert ^{2}"),
        (
            "x̂ = (1 − α) x + α x̃, one α per sample",
            r"\hat{x} = (1 − α) x + α \tilde{x}, \text{ one } α \text{ per sample}",
        ),
        ("y = (x − E x) / √(Var x + ε) + β", r"y = (x − \mathbb{E} x) / \sqrt{\operatorname{Var} x + ε} + β"),
        ("λ · max_x̂ ‖∇_x̂ D(x̂)‖", r"λ \cdot  \operatorname{max}_{\hat{x}} \lVert ∇_{\hat{x}} D(\hat{x})\lVert "),
        ("p ← clip(p + s, 0, 1)", r"p \leftarrow  \operatorname{clip}(p + s, 0, 1)"),
        ("β = 2^{−1/h},   σ(W) ≈ uᵀWv", r"β = 2^{−1/h},\quad σ(W) ≈ u^{T}Wv"),
    ],
)
def test_the_unicode_of_an_equation_becomes_latex(hooks: ModuleType, unicode: str, latex: str) -> None:
    assert re.sub(r" +", " ", hooks.latex(unicode)) == re.sub(r" +", " ", latex)


@pytest.mark.slow
def test_every_card_shows_its_equation_as_mathml(site: Path) -> None:
    cards = [page for page in (site / "cards").glob("*.html") if page.stem != "index"]
    assert len(cards) == len(list((ROOT / "docs" / "cards").glob("*.md"))) - 1
    plain = [page.stem for page in cards if "<math" not in page.read_text("utf-8")]
    assert plain == []


def test_each_plugin_has_a_page_whose_links_stay_inside_the_site(site: Path) -> None:
    pages = [site / "kinds" / f"{folder.parent.name}.html" for folder in ROOT.glob("plugins/*/README.md")]
    assert len(pages) == 4
    for page in pages:
        links = re.findall(r'href="((?!https?:|#|mailto:|data:)[^"#]+)', page.read_text("utf-8"))
        assert links and [link for link in links if not (page.parent / link).exists()] == [], page


@pytest.mark.slow
@pytest.mark.skipif(BINARY is None, reason="there is no Chromium here")
def test_the_search_works_from_the_disk_and_nothing_is_asked_of_other_hosts(site: Path, tmp_path: Path) -> None:
    browser = Browser(tmp_path)
    try:
        browser.open(site / "cards" / "r1.html")
        found = browser.run(
            """new Promise((done) => {
              const query = document.querySelector("[data-md-component=search-query]");
              query.focus();
              query.value = "spectral";
              query.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }));
              const look = () => {
                const hits = [...document.querySelectorAll(".md-search-result__link")].map((a) => a.href);
                hits.length ? done(hits) : setTimeout(look, 50);
              };
              look();
            })"""
        )
        assert any(hit.split("?")[0].endswith("cards/spectral-norm.html") for hit in found)
        for page in ("index.html", "cards/index.html", "results/classics.html", "kinds/speech.html"):
            browser.look(390)
            browser.open(site / page)
            assert browser.run("document.documentElement.scrollWidth") <= 390, page
        assert browser.asked == [] and browser.said == []
    finally:
        browser.close()


@pytest.mark.slow
@pytest.mark.skipif(BINARY is None, reason="there is no Chromium here")
@pytest.mark.skipif(axe.SCRIPT is None, reason=axe.WHY_NOT)
@pytest.mark.parametrize("page", ["index.html", "gallery.html", "cards/r1.html", "how-to/your-own-loop.html"])
def test_axe_finds_nothing_on_a_page(site: Path, page: str, tmp_path: Path) -> None:
    browser = Browser(tmp_path)
    try:
        for width, dark in ((1280, False), (390, True)):
            browser.look(width, dark=dark)
            browser.open(site / page)
            assert axe.violations(browser) == [], (width, dark)
    finally:
        browser.close()
