"""A study's table for a paper."""

import csv
import io
import re
import shutil
import subprocess

import pytest

from detente.report import paper
from detente.report.section import Results
from pages import EVIL, write_cell, write_study

NASTY = 'r1(γ=1)_a & 50% $x^2$ #{} \\input{x} ~ `"<|>'
LATEX = shutil.which("pdflatex")


@pytest.fixture(
    params=[("none", "r1", "l2"), ("none", "r1", NASTY), ("none", "r1", EVIL)], ids=["plain", "nasty", "evil"]
)
def results(request, tmp_path):
    study = write_study(tmp_path / "my_study", request.param, domains=["image", "te_xt"], seeds=range(8))
    for cell in study.cells:
        better = (
            0.3 + 0.01 * (-1) ** cell.seed
            if cell.arm.text == "r1"
            else 0.02 * (-1) ** (cell.seed // 3) * (cell.arm.text != "none")
        )
        write_cell(cell, "finished", (0.1, 0.4 + better + 0.01 * (cell.seed * 7 % 5)))
    return Results.of(study)


def test_latex_has_a_row_for_every_arm_and_as_many_cells_as_columns(results):
    text = paper.latex(results)
    (spec,) = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
    body = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    rows = [row for row in body.split(r"\\" + "\n") if "&" in row]
    assert len(rows) == 1 + 2 * (3 + 3)  # head; arms and reference rows of each domain
    assert all(len(re.findall(r"(?<!\\)&", row)) == len(spec) - 1 for row in rows)
    assert text.count(r"$\uparrow$ better") == 2
    assert r"te\_xt" in text and r"\label{tab:my-study}" in text


def test_latex_is_closed_and_escaped(results):
    """Read as TeX reads it: groups close, mathematics ends, and no text is a command or a comment."""
    text = re.sub(r"^%.*$", "", paper.latex(results), count=1, flags=re.MULTILINE)
    known = {"begin", "end", "centering", "caption", "label", "toprule", "midrule", "bottomrule", "emph", "Delta"}
    known |= {"uparrow", "downarrow", "pm", "langle", "rangle", "textbackslash", "textasciitilde", "textasciicircum"}
    known |= {"textless", "textgreater", "textbar"}
    assert set(re.findall(r"\\([A-Za-z]+)", text)) <= known
    bare = re.sub(r"\\[^A-Za-z]", "", text)  # escaped characters, and \\
    depth = 0
    for character in bare:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0
    assert bare.count("$") % 2 == 0
    assert "%" not in bare and "#" not in bare and "~" not in bare and "^" not in bare
    assert "_" not in re.sub(r"\\label\{[^}]*\}", "", bare)
    assert text.isascii()
    begun, ended = (re.findall(rf"\\{word}\{{(\w+)\}}", text) for word in ("begin", "end"))
    assert begun == ended[::-1]


@pytest.mark.skipif(LATEX is None, reason="there is no LaTeX here")
@pytest.mark.slow
def test_latex_compiles_with_booktabs(results, tmp_path):
    table = paper.latex(results)
    page = rf"\documentclass{{article}}\usepackage{{booktabs}}\begin{{document}}{table}\end{{document}}"
    (tmp_path / "x.tex").write_text(page, encoding="utf-8")
    call = [str(LATEX), "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "x.tex"]
    done = subprocess.run(call, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode("utf-8", "replace")[-2000:]
    assert (tmp_path / "x.pdf").stat().st_size > 1000


def test_markdown_has_a_table_whose_rows_have_one_width(results):
    text = paper.markdown(results)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
    assert len(rows) == 2 + 12
    assert "▲ better" in text and "undecided: about" in text
    assert "\u202e" not in text and "\x07" not in text


def test_csv_has_numbers_for_other_programs(results):
    rows = list(csv.DictReader(io.StringIO(paper.table_csv(results))))
    assert len(rows) == 12
    (r1,) = [row for row in rows if (row["domain"], row["arm"]) == ("image", "r1")]
    assert (r1["against"], r1["claimed"], r1["pairs"]) == ("none", "1", "8")
    assert float(r1["mean"]) == pytest.approx(0.3)
    assert float(r1["low"]) < 0.3 < float(r1["high"])
    (real,) = [row for row in rows if (row["domain"], row["arm"]) == ("image", "real data")]
    assert (float(real["score"]), real["mean"]) == (1.0, "")
    assert not any(value.startswith(("=", "+", "@")) for row in rows for value in row.values())


@pytest.mark.parametrize(
    ("seeds", "statuses", "said"),
    [
        (1, "finished", "one seed. Δ is the difference from none with the same seed where neither run broke down."),
        (3, "running", "The study is unfinished: 0 of 6 runs have ended; nothing is tested."),
        (3, "finished", "a verdict needs .05"),
    ],
)
def test_the_caption_says_what_the_numbers_are_worth(tmp_path, seeds, statuses, said):
    study = write_study(tmp_path, seeds=range(seeds))
    for cell in study.cells:
        write_cell(cell, statuses)
    assert said in paper.caption(Results.of(study))
