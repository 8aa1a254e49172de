"""What the site has beyond the pages: READMEs, the reference of names, equations as MathML. Hooks of MkDocs."""

import re
import unicodedata
from pathlib import Path
from typing import Any

import api  # beside this file, whose folder MkDocs has on the path of its hooks
from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

SHIM = "https://unpkg.com/iframe-worker/shim"
KINDS = ("image", "text", "speech", "molecule")
ACCENTS = {"\u0302": "hat", "\u0303": "tilde", "\u0304": "bar"}
SYMBOLS = {
    "‖": r"\lVert ",
    "·": r"\cdot ",
    "⊙": r"\odot ",
    "←": r"\leftarrow ",
    "′": "'",
    "Σ": r"\sum ",
    "~": r"\sim ",
    "*": r"^{\ast}",
    ",   ": r",\quad ",
    "1e-8": "10^{-8}",
}
"""What LaTeX needs a command for; it takes other characters as they are."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each plugin (its README, with links as they are from here) and those of the reference."""
    root = Path(config.config_file_path or "").parent
    for kind in KINDS:
        text = (root / "plugins" / kind / "README.md").read_text(encoding="utf-8")
        text = text.replace("](../../README.md", "](../index.md").replace("](../../docs/", "](../")
        files.append(File.generated(config, f"kinds/{kind}.md", content=text))
    for name in api.INTRO:
        files.append(File.generated(config, f"reference/api/{name}.md", content=api.page(name)))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Typeset the equation of a card, which is its first block."""
    if not page.file.src_uri.startswith("cards/"):
        return markdown
    return re.sub(r"^```text\n(.*?)^```\n", lambda m: typeset(m[1]), markdown, count=1, flags=re.M | re.S)


def on_page_content(html: str, **_: Any) -> str:
    """The corner of a table, where there is nothing to head, is no heading."""
    return re.sub(r"<th( [^>]*)?></th>", r"<td\1></td>", html)


def on_post_page(output: str, page: Page, **_: Any) -> str:
    """Load what lets the search work from the disk from the site itself, not from another host."""
    return output.replace(SHIM, get_relative_url("worker.js", page.url))


def on_post_template(output_content: str, template_name: str, **_: Any) -> str:
    """The same for the page of a wrong address."""
    return output_content.replace(SHIM, "worker.js")


def typeset(block: str) -> str:
    """An equation in the Unicode of a docstring, line by line, each with the note behind its wide gap."""
    rows = []
    for line in block.splitlines():
        equation, _, note = line.strip().partition("        ")
        if line.startswith("        "):
            equation, note = "", line
        rows.append(
            "<p>"
            + (convert(latex(equation)) if equation else "")
            + (f" <small>{note.strip()}</small>" if note else "")
            + "</p>"
        )
    return '<div class="equation" tabindex="0">' + "".join(rows) + "</div>\n"


def latex(equation: str) -> str:
    """LaTeX for an equation such as `R₁(ψ) = γ/2 · E_{x~p_D} ‖∇_x D_ψ(x)‖²`."""
    text = unicodedata.normalize("NFD", rooted(equation))
    text = re.sub("(.)([\u0302\u0303\u0304])", lambda m: rf"\{ACCENTS[m[2]]}{{{m[1]}}}", text)
    text = re.sub(r"[\u2080-\u2089]+", lambda m: "_{" + unicodedata.normalize("NFKC", m[0]) + "}", text)
    text = re.sub(r"[²³¹ᵀ]+", lambda m: "^{" + unicodedata.normalize("NFKC", m[0]) + "}", text)
    text = re.sub(r"_(\\\w+\{\w\}|[^\W\d_]+)", r"_{\1}", text)
    text = re.sub(r"(?<![\\\w])(?:Var|Bernoulli|[a-z][a-z'-]+(?: [a-z][a-z'-]+| a| k)*)(?![A-Za-z{])", words, text)
    text = re.sub(r"(?<![A-Za-z\\])E(?![A-Za-z])", r"\\mathbb{E}", text)
    for symbol, command in SYMBOLS.items():
        text = text.replace(symbol, command)
    return text


def rooted(equation: str) -> str:
    """`√(a + b)` and `√c` with braces, as LaTeX has them."""
    before, sign, after = equation.partition("√")
    if not sign:
        return before
    end = 1
    if after[0] == "(":
        while after[:end].count("(") > after[:end].count(")"):
            end += 1
        return rf"{before}\sqrt{{{after[1 : end - 1]}}}{rooted(after[end:])}"
    return rf"{before}\sqrt{{{after[0]}}}{rooted(after[1:])}"


def words(found: re.Match[str]) -> str:
    """Names of functions and words of the sentence stand upright."""
    text, start, end = found.string, found.start(), found.end()
    if text[end : end + 1] in tuple("(_") or found[0] == "Var":
        return rf"\operatorname{{{found[0]}}}"
    before, after = " " * (text[start - 1 : start] == " "), " " * (text[end : end + 1] == " ")
    return rf"\text{{{before}{found[0]}{after}}}"
