"""`choose` on the command line."""

import json

import pytest

from choices import DIRAC, few
from detente import cli
from detente.experiments import choose
from searches import InProcess

FLAGS = [word for text in DIRAC for word in ("--set", text)] + ["--steps", "50", "--jobs", "1", "-q"]


@pytest.mark.slow
def test_a_selection_prints_the_recommendation_first_and_can_be_resumed_and_used(tmp_path, monkeypatch, capsys):
    few(monkeypatch, {"damps": ("r1",)})
    monkeypatch.setattr(choose, "LocalExecutor", lambda jobs, block: InProcess())
    out = str(tmp_path / "x")
    assert cli.main(["choose", "dirac", "--cells", "24", "--out", out, *FLAGS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Use “r1") and "exact one-sided p" in lines[0]
    assert (
        lines[1].startswith("To be surer, compare the two on ") and "detente compare dirac --reg none --reg" in lines[1]
    )
    assert f"--recipe {out}/choice.yaml" in lines[-1]
    assert cli.main(["resume", out, "--json", "-q"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["verdict"] == "improves" and found["recommended"].startswith("r1") and found["cells"] == 24
    assert found["surer"].startswith("detente compare dirac") and "--steps 50" in found["surer"]
    assert cli.main(["report", out]) == 0
    assert cli.main(["sample", out, "-n", "2", "--out", str(tmp_path / "s"), "-q"]) == 0
    assert cli.main(["train", "--recipe", f"{out}/choice.yaml", "--folder", str(tmp_path / "run"), "-q"]) == 0


@pytest.mark.slow
def test_a_dry_run_shows_what_would_be_tried_and_what_not(tmp_path, capsys):
    assert cli.main(["choose", "dirac", "--cells", "120", "--vary", "lr=/2,x1", "-n", *FLAGS]) == 0
    text = capsys.readouterr().out
    assert "120 runs, of 50 steps" in text and "critic gradients" in text
    assert "at 2 settings in turn: lr=/2; lr=x1" in text
    assert "no hidden layer" in text and "then the one that is left and none on 12 fresh blocks or more" in text
    assert cli.main(["choose", "dirac", "--budget", "30m", "-n", "--json", *FLAGS]) == 0
    assert json.loads(capsys.readouterr().out)["budget"] == 1800


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["choose"], "needs a DOMAIN"),
        (["choose", "dirac"], "needs a budget"),
        (["choose", "dirac", "--budget", "30"], "--budget 30: give a time"),
        (["choose", "dirac", "--cells", "3"], "choosing takes 18"),
        (["choose", "dirac", "--cells", "60", "--budget", "1h"], "needs a budget"),
        (["choose", "dirac", "--cells", "60", "--also", "dropout"], "no hidden layer"),
    ],
)
def test_what_is_wrong_is_said_with_exit_code_2(words: list[str], said: str, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(words) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
