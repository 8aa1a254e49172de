"""A study's table for a paper or a page: LaTeX, Markdown, CSV."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from detente.errors import visible
from detente.report.page import between, number, p_value, signed
from detente.report.references import reference_rows
from detente.report.section import Results
from detente.report.words import MARKS, more
from detente.results.study import Study
from detente.results.table import plain_text

_HEAD = ("domain", "arm", "score", "Δ", "95 % interval", "p", "verdict")


@dataclass(frozen=True)
class Line:
    """An arm, or a reference row, in one domain.

    Attributes:
        score: mean scaled score.
        claimed: 1 for a verdict that it is better than the reference, −1 worse, 0 open; None where nothing is compared.
        first: whether a domain begins with it.
    """

    domain: str
    arm: str
    score: float | None
    mean: float | None = None
    interval: tuple[float, float] | None = None
    pairs: int | None = None
    p: float | None = None
    claimed: int | None = None
    verdict: str = ""
    first: bool = False
    reference: bool = False


def lines(results: Results) -> Iterator[Line]:
    """Every arm of every domain, and the reference rows after them."""
    references = reference_rows(results.study, results.outcomes)
    for i, domain in enumerate(results.domains):
        for row in domain.rows:
            c, first = row.compared, row.number == 0
            if c is None:
                yield Line(domain.name, row.arm.text, row.mean, first=first)
                continue
            words = ": ".join(filter(None, (c.contrast.word, more(c, results.verdicts))))
            numbers = c.mean, c.interval, c.contrast.pairs, c.adjusted
            yield Line(domain.name, row.arm.text, row.mean, *numbers, c.claimed, words, first)
        for reference in references:
            if reference.scaled[i] is not None:
                yield Line(domain.name, reference.text, reference.scaled[i], reference=True)


def markdown(results: Results) -> str:
    """A table of Markdown, with its caption below."""
    rows = [f"| {' | '.join(_HEAD)} |", "|---|---|--:|--:|--:|--:|---|"]
    for line in lines(results):
        name = f"*{_md(line.arm)}*" if line.reference else _md(line.arm)
        mark = f"{MARKS[line.claimed or 0]} {line.verdict}".strip()
        cells = [_md(line.domain) if line.first else "", name, *_numbers(line), mark]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join([*rows, "", _md(caption(results)), ""])


def latex(results: Results) -> str:
    """A table of LaTeX with the rules of booktabs, complete with caption and label."""
    head = ["domain", "arm", "score", r"$\Delta$", r"95\,\% interval", "$p$", "verdict"]
    out = [
        r"% In the preamble: \usepackage{booktabs}",
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{_tex(caption(results))}}}",
        rf"\label{{tab:{_label(results.study)}}}",
        r"\begin{tabular}{llrrrrl}",
        r"\toprule",
        " & ".join(head) + r" \\",
    ]
    for line in lines(results):
        if line.first:
            out.append(r"\midrule")
        name = rf"\emph{{{_tex(line.arm)}}}" if line.reference else _tex(line.arm)
        marks = {1: r"$\uparrow$ ", -1: r"$\downarrow$ "}
        verdict = marks.get(line.claimed or 0, "") + _tex(line.verdict)
        numbers = [_tex(text) for text in _numbers(line)]
        out.append(" & ".join([_tex(line.domain) if line.first else "", name, *numbers, verdict]).rstrip() + r" \\")
    return "\n".join([*out, r"\bottomrule", r"\end{tabular}", r"\end{table}", ""])


def table_csv(results: Results) -> str:
    """The same as numbers, one row per line of the table, for other programs; results.csv has the runs."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["domain", "arm", "against", "score", "mean", "low", "high", "pairs", "p", "claimed", "verdict"])
    for line in lines(results):
        low, high = line.interval or (None, None)
        against = "" if line.claimed is None else results.study.against.text
        texts = [plain_text(text) for text in (line.domain, line.arm, against)]
        numbers = [line.score, line.mean, low, high, line.pairs, line.p, line.claimed]
        writer.writerow([*texts, *numbers, line.verdict])
    return out.getvalue()


FORMS: dict[str, Callable[[Results], str]] = {"latex": latex, "markdown": markdown, "csv": table_csv}


def study_table(folder: Path, form: str) -> str:
    """A study's table in one of `FORMS`.

    Raises:
        UsageError: the folder holds no study, or one of which too much is damaged.
    """
    return FORMS[form](Results.of(Study.in_part(folder)))


def caption(results: Results) -> str:
    """What the numbers are, in sentences that a paper can keep."""
    study, verdicts = results.study, results.verdicts
    seeds = f"mean over {study.counted}" if results.many else "one seed"
    text = f"Scaled scores at the last step (0 untrained, 1 real data), {seeds}."
    if study.others:
        text += f" Δ is the difference from {study.against.text} with the same seed where neither run broke down"
        text += ", with its 95 % interval." if results.many else "."
    if not verdicts.complete:
        return (
            f"{text} The study is unfinished: {verdicts.ended} of {verdicts.runs} runs have ended; nothing is tested."
        )
    if results.many and study.others:
        text += (
            " p is that of the joint step-down permutation test over all comparisons; a verdict needs .05. "
            f"“About k more” are the {study.pair_word}s that would settle what is open with a chance of 80 %."
        )
    return text


def _numbers(line: Line) -> list[str]:
    return [
        number(line.score, 2),
        "" if line.claimed is None else signed(line.mean),
        between(line.interval),
        "" if line.p is None else p_value(line.p),
    ]


_TEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "Δ": r"$\Delta$",
    "−": r"$-$",
    "±": r"$\pm$",
    "“": "``",
    "”": "''",
    "–": "--",
    "⟨": r"$\langle$",
    "⟩": r"$\rangle$",
    "`": "`{}",
}


def _tex(text: str) -> str:
    """Text as LaTeX prints it, whatever engine and fonts; a letter that plain LaTeX has none for is its number."""
    return "".join(_TEX.get(c) or (c if c.isascii() else f"[U+{ord(c):04X}]") for c in visible(text))


def _md(text: str) -> str:
    """Text that Markdown shows as it is."""
    return "".join(f"\\{c}" if c in "\\`*_[]<>|#" else c for c in visible(text).replace("\n", " "))


def _label(study: Study) -> str:
    name = study.folder.resolve().name
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in name)
