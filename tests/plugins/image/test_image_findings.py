"""Ill-posed combinations on the command line: refused before training, allowed by code, kept with the run."""

import json

import pytest

from detente.cli import main

BAD = ["--reg", "d:batch-norm+r1"]
CODE = "batch-norm-under-input-gradient"
QUICK = ["--steps", "2", "--batch", "4", "--set", "samples=8", "-q"]


def test_check_names_the_finding_and_exits_with_2(capsys):
    assert main(["check", "--domain", "image", *BAD]) == 2
    said = capsys.readouterr()
    assert CODE in said.out and "discriminator.regularizers.r1" in said.out and "--allow" in said.err


def test_check_has_nothing_to_object_to_where_nothing_is_wrong(capsys):
    assert main(["check", "--domain", "image", "--reg", "r1+g:ema"]) == 0
    assert "No findings" in capsys.readouterr().out


def test_check_warns_as_data_and_exits_with_0(capsys):
    assert main(["check", "--domain", "image", "--reg", "l2", "--json"]) == 0
    assert [f["code"] for f in json.loads(capsys.readouterr().out)["findings"]] == ["l2-under-adam"]


@pytest.mark.slow
def test_train_is_refused_before_it_writes_and_goes_on_when_it_is_allowed(tmp_path, capsys):
    run = tmp_path / "run"
    assert main(["train", "image", *BAD, *QUICK, "--folder", str(run)]) == 2
    assert CODE in capsys.readouterr().err and not run.exists()
    assert main(["train", "image", *BAD, *QUICK, "--folder", str(run), "--allow", CODE]) == 0
    assert [f["code"] for f in json.loads((run / "run.json").read_text())["findings"]] == [CODE]
    assert CODE in (run / "report.html").read_text(encoding="utf-8")


def test_an_unknown_code_is_named(tmp_path, capsys):
    assert main(["train", "image", *QUICK, "--folder", str(tmp_path / "run"), "--allow", "batch-nrom"]) == 2
    assert "batch-nrom" in capsys.readouterr().err


def test_a_study_with_a_refused_arm_writes_nothing(tmp_path, capsys):
    out = tmp_path / "study"
    assert main(["compare", "image", "--reg", "none", *BAD, "--seeds", "1", *QUICK[:6], "--out", str(out)]) == 2
    assert CODE in capsys.readouterr().err and not out.exists()


@pytest.mark.parametrize("domain", ["ring"])
def test_toys_take_anything(domain, capsys):
    assert main(["check", "--domain", domain, *BAD]) == 0
    assert CODE in capsys.readouterr().out
