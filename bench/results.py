"""Turn a finished study into a page of the documentation: `python -m bench.results STUDY [PLACE]`, or `make results`.

Tables as Markdown, pictures as SVG that bring their own colours, the last samples of the first seed, and in words what
all of it shows and what it does not. The record of its runs is kept beside the page, and the page is written from that
record alone: `make results STUDY=docs/results/NAME` writes it again.
"""

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from bench.markdown import code, escaped, table, within
from bench.record import TABLE, last_sample, recorded
from bench.settings import settings, tiers, together
from detente.report.answer import answer, question, status
from detente.report.domains import DomainPart, Row
from detente.report.page import number, p_value, percent, signed, visible
from detente.results.outcomes import Outcome
from detente.results.study import Study
from detente.results.verdicts import Verdicts

LINES = 8  # of a text sample


def main(arguments: Sequence[str]) -> int:
    """Write `PLACE/<study>.md` and the folder of its record and its pictures; PLACE is docs/results."""
    if not 1 <= len(arguments) <= 2:
        sys.stderr.write("Give the folder of a study, and where the page goes: bench.results STUDY [docs/results]\n")
        return 2
    study = Study.open(Path(arguments[0]))
    place = Path(arguments[1] if len(arguments) > 1 else "docs/results")
    name = study.folder.resolve().name
    path = place / f"{name}.md"
    page = Page(recorded(study, place / name))
    path.write_text("\n".join(page.lines()) + "\n", encoding="utf-8")
    sys.stdout.write(f"{path}\n")
    return 0


class Page:
    """The page of one study.

    Args:
        study: its record, beside which the page stands.
    """

    def __init__(self, study: Study) -> None:
        self.study, self.pictures = study, study.folder
        self.outcomes = [Outcome.of(cell) for cell in study.cells]
        self.verdicts = Verdicts(study, self.outcomes)
        self.domains = [DomainPart(study, d, self.outcomes, self.verdicts) for d in study.domains]

    def lines(self) -> Iterator[str]:
        """All of it."""
        yield from (f"# {escaped(self.pictures.name)}: {escaped(question(self.study))}", "")
        for sentence in (*answer(self.study, self.verdicts), status(self.outcomes)):
            yield from (escaped(sentence), "")
        yield from self._made()
        yield from self._limits()
        yield from self._overview()
        yield from together(self.verdicts)
        for domain in self.domains:
            yield from self._domain(domain)

    def _made(self) -> Iterator[str]:
        yield from ("## How it was made", "", "```text")
        for words in self.study.content["commands"][-1:]:
            kept, place = [*map(str, words[1:])], f"studies/{self.pictures.name}"
            if "--out" in kept:
                kept[kept.index("--out") + 1] = place  # not where it lies on this machine
            yield shlex.join(["detente", *kept])
        yield from (f"make results STUDY=studies/{self.pictures.name}", "```", "")
        for domain in self.domains:
            yield f"- every arm on {escaped(domain.name)}: {self.study.budget(domain.name)}; no coefficient was tuned"
        versions = self.study.content["versions"][-1]
        kept = [f"{name} {versions[name]}" for name in ("detente", "torch", "python") if name in versions]
        yield from ("", f"Versions: {', '.join(kept)}.", "")
        yield from (f"Every run, with its raw scores: [{TABLE}]({self.pictures.name}/{TABLE}).", "")

    def _limits(self) -> Iterator[str]:
        domains = len(self.domains)
        yield from ("## What this does and does not show", "")
        if limits := self.verdicts.limits:
            yield f"- {escaped(limits)}"
        yield f"- Intervals are computed from {self.study.counted}; how often such intervals contain the true value is"
        yield "  measured in [statistics](../explanation/statistics.md)."
        yield f"- {'Each domain' if domains > 1 else 'The domain'} has one model, one data set and small budgets, with"
        yield "  the coefficients that the arms name. With others, longer runs or larger models the order may differ."
        yield "- An arm without a verdict is undecided, not shown to be useless."
        collapsed = [r for d in self.domains for r in d.rows if r.collapses]
        if collapsed:
            n = sum(len(r.collapses) for r in collapsed)
            yield f"- {n} of {len(self.outcomes)} runs collapsed or diverged; their final scores are part of the means."
        yield ""

    def _overview(self) -> Iterator[str]:
        yield from ("## Overview", "")
        yield "Mean scaled score at the last step (0 untrained, 1 real data), and the difference from"
        yield f"{code(self.study.against)} with its"
        yield ".95 interval, of pairs in which neither run broke down (diverged or scored 0). ▲ and ▼ are verdicts; all"
        yield from ("else is undecided.", "")
        head = ["arm", *(d.name for d in self.domains)]
        if self.verdicts.overall:
            head += [
                "interquartile mean" if self.verdicts.trimmed else "mean",
                f"chance to beat {escaped(self.study.against.text)}",
            ]
        rows: list[list[str]] = []
        for arm in self.study.arms:
            cells = [_cell(d.row(arm)) for d in self.domains]
            overall = next((o for o in self.verdicts.overall if o.arm == arm), None)
            if overall:
                cells += [within(number(overall.iqm, 2), overall.interval)]
                cells += [within(percent(overall.improvement), overall.improvement_interval)]
            rows.append([code(arm), *cells])
        yield from table(head, rows)

    @property
    def _many(self) -> bool:
        return len(self.study.seeds) > 1

    def _domain(self, d: DomainPart) -> Iterator[str]:
        yield from (f"## {escaped(d.name)}", "", escaped(d.sentence), "")
        for picture, text in (
            (d.curves, "Scaled score over steps"),
            (d.forest, f"Differences from {escaped(self.study.against.text)}"),
        ):
            if picture is not None and (self._many or picture is d.curves):
                file = self._picture(str(picture), f"{text.split()[0].lower()}-{d.name}")
                yield from (f"![{text} in {escaped(d.name)}]({file})", "")
        yield from settings(self.study, self.verdicts, d.name)
        yield from tiers(d)
        if self._many and self.study.others:
            yield from table(
                ["arm", "Δ", "p alone", "p Holm", "p joint", "broke down", "verdict"], [_difference(r) for r in d.rows]
            )
        yield from table(
            [
                "arm",
                d.primary["score"],
                "best",
                "final/best",
                "collapsed",
                "spikes",
                "D saturated",
                "× time",
            ],
            [_steady(d, row) for row in d.rows],
        )
        references = ", ".join(
            f"{text} {number(found[0])}" for text, of in d.references if (found := of(d.primary["score"]))
        )
        if references:
            yield from (f"{d.primary['score']} of the reference rows: {references}.", "")
        yield from self._samples(d)

    def _samples(self, d: DomainPart) -> Iterator[str]:
        seed = self.study.seeds[0]
        found: list[str] = []
        for row in d.rows:
            last = last_sample(row.outcomes[0].cell)
            if last is None:
                continue
            if last.suffix in (".png", ".svg"):
                file = last.relative_to(self.pictures.parent).as_posix()
                found += [code(row.arm), "", f"![samples]({file})", ""]
            elif last.suffix == ".txt":
                lines = visible(last.read_text(encoding="utf-8", errors="replace")).splitlines()[:LINES]
                shown = [line[:200].replace("```", "'''") for line in lines]
                found += [code(row.arm), "", "```text", *shown, "```", ""]
        if found:
            yield from (f"### Samples with seed {seed}, from the same latents", "", *found)

    def _picture(self, svg: str, name: str) -> str:
        (self.pictures / f"{name}.svg").write_text(standalone(svg), encoding="utf-8")
        return f"{self.pictures.name}/{name}.svg"


def standalone(svg: str) -> str:
    """A chart as a file of its own: with the report's light colours, whatever page shows it."""
    style = resources.files("detente.report").joinpath("templates", "style.css").read_text(encoding="utf-8")
    light = style.split("@media")[0]
    rules = [line for line in style.splitlines() if re.match(r"(\.chart|\.c\d|\.d\d|path|circle)", line)]
    inside = "<style>svg { background: #fff }\n" + "\n".join([light, *rules]) + "</style>"
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" width="640" ', 1).replace(">", f">{inside}", 1)


def _cell(row: Row) -> str:
    if row.mean is None:
        return "–"
    c = row.compared
    if c is None or c.mean is None:
        return number(row.mean, 2)
    mark = "▲ " if c.claimed > 0 else "▼ " if c.claimed < 0 else ""
    return within(f"{mark}{number(row.mean, 2)}, Δ {signed(c.mean)}", c.interval)


def _difference(row: Row) -> list[str]:
    n, of, interval = row.broken
    broken = within(f"{n} of {of}", interval) if of else "–"
    c = row.compared
    if c is None:
        return [code(row.arm), "–", "–", "–", "–", broken, "–"]
    verdict = ("▲ " if c.claimed > 0 else "▼ " if c.claimed < 0 else "") + c.contrast.word
    ps = [p_value(value) for value in (c.p, c.holm, c.adjusted)]
    return [code(row.arm), within(signed(c.mean), c.interval), *ps, broken, verdict]


def _steady(d: DomainPart, row: Row) -> list[str]:
    raw = row.score(d.primary["score"])
    return [
        code(row.arm),
        "–" if raw is None else f"{number(raw[0])} ({number(raw[1])} to {number(raw[2])})",
        number(row.best, 2),
        number(row.kept, 2),
        f"{len(row.collapses)} of {len(row.settled)}" if row.settled else "–",
        number(row.spikes),
        percent(row.saturated),
        number(row.cost, 2),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
