"""Studies and searches that could not be measured: refused before anything trains, and nothing concluded from a gap."""

import csv
import json
import math
from pathlib import Path

import pytest

from detente import cli, plugins
from detente.errors import UsageError
from detente.experiments import compare as study
from detente.experiments import tune as tuning
from detente.experiments.executors.worker import train_cell
from detente.recipe import slug
from detente.results.outcomes import Outcome
from detente.results.search import Tuning
from detente.results.study import Study
from detente.results.verdicts import Verdicts
from detente.training.trainer import Trainer
from pages import Page
from searches import SMALL, InProcess, wish

pytestmark = pytest.mark.usefixtures("module_cache")

QUICK = ["samples=60", "steps=20", "evaluate_every=10", "data.size=64", "batch=8"]


def compare(out: Path, here: InProcess, *sets: str, domain: str = "pair", arms=("none", "l2"), seeds=2) -> Path:
    return study.compare(
        [domain], arms, seeds, out=out, host=plugins.host(), sets=[*QUICK, *sets], executor=here, command=["x"]
    )


@pytest.mark.parametrize(
    ("domain", "sets", "why"),
    [
        ("pair", ["metrics=[prdc]"], "none of them measures frechet"),
        ("ring", ["metrics=[frechet]"], "none of them measures quality"),
        ("tokens", ["samples=1"], "frechet cannot be measured on a single real sample"),
        ("dirac", ["model.theta=0.0"], "no better than the 0 of an untrained generator"),
    ],
)
def test_a_study_without_scores_is_refused_and_writes_nothing(tmp_path, here, domain, sets, why):
    with pytest.raises(UsageError, match=why):
        compare(tmp_path / "study", here, *sets, domain=domain)
    assert not (tmp_path / "study").exists() and not here.trained
    with pytest.raises(UsageError, match=why):  # as the dry run says
        study.plan([domain], ["none"], 2, out=tmp_path / "study", host=plugins.host(), sets=[*QUICK, *sets])


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"domain": "pair", "metric": "recall", "set": [*SMALL, "samples=4"]}, "recall cannot be measured on 4 real"),
        ({"domain": "pair", "metric": "frechet", "set": [*SMALL, "samples=1"]}, "on a single real sample"),
        ({"domain": "dirac", "set": [*SMALL, "model.theta=0.0"]}, "no better than the 0 of an untrained generator"),
        ({"domain": "pair", "metric": "recall>0.5", "set": [*SMALL, "samples=5"]}, "recall cannot be measured on 5"),
    ],
)
def test_a_search_whose_runs_could_have_no_score_is_refused(tmp_path, here, more, why):
    with pytest.raises(UsageError, match=why):
        tuning.tune(wish(**more), out=tmp_path / "search", host=plugins.host(), executor=here)
    assert not (tmp_path / "search").exists() and not here.trained


def test_a_threshold_may_be_searched_where_the_score_has_no_scale(tmp_path):
    found = wish(set=[*SMALL, "model.theta=0.0"], metric="distance<1")
    planned, _, _ = tuning.plan(found, out=tmp_path / "search", host=plugins.host())
    assert planned.measure.text.endswith("distance < 1")


def broken(patch: pytest.MonkeyPatch, *cells: str) -> InProcess:
    """An executor in whose runs of these cells (`folder/seed`) the score of the generator is never measured."""
    whole = Trainer.scores

    def scores(trainer: Trainer, *made):
        values, scaled = whole(trainer, *made)
        if "/".join(trainer.run.folder.parts[-2:]) in cells:
            values |= dict.fromkeys(values.keys() & {"frechet", "distance"}, math.nan)
            scaled = trainer.built.domain.primary.scaled_row(values, trainer.reference_rows())
        return values, scaled

    patch.setattr(Trainer, "scores", scores)
    return InProcess(train_cell)


@pytest.mark.slow
def test_a_run_that_was_not_measured_makes_no_pair_and_no_0(tmp_path, monkeypatch):
    page = compare(tmp_path / "study", broken(monkeypatch, f"{slug('l2')}/1"), seeds=3).read_text(encoding="utf-8")
    found = Study.open(tmp_path / "study")
    gap = next(cell for cell in found.cells if (cell.arm.text, cell.seed) == ("l2", 1))
    info = json.loads((gap.folder / "run.json").read_text())
    assert info["status"] == "finished" and info["final"]["scaled"] is None and info["best"] is None
    lines = [json.loads(line) for line in (gap.folder / "metrics.jsonl").read_text().splitlines()]
    assert {line["scaled"] for line in lines if "scores" in line} == {None}
    with (found.folder / "results.csv").open(encoding="utf-8", newline="") as file:
        row = next(r for r in csv.DictReader(file) if (r["arm"], r["seed"]) == ("l2", "1"))
    assert [row[key] for key in ("status", "raw", "scaled_final", "scaled_best", "best_step", "collapse_step")] == [
        "finished", "", "", "", "", ""
    ]  # fmt: skip
    assert row["floor"] and row["ceiling"]
    outcomes = [Outcome.of(cell) for cell in found.cells]
    verdicts = Verdicts(found, outcomes)
    (compared,) = verdicts.comparisons
    assert sorted(compared.differences) == [0, 2]
    assert verdicts.diverged("pair", compared.arm)[:2] == (0, 3)
    assert next(o for o in outcomes if o.cell == gap).curve == ()
    assert (
        "6 of 6 runs finished, 1 of them without a score that could be measured (left out of the comparison)." in page
    )
    assert "1 without a scaled score" in page


@pytest.mark.slow
def test_a_study_of_runs_that_were_not_measured_has_no_verdict(tmp_path, monkeypatch):
    cells = [f"{slug(arm)}/{seed}" for arm in ("none", "l2") for seed in range(6)]
    text = Page(compare(tmp_path / "study", broken(monkeypatch, *cells), seeds=6).read_text(encoding="utf-8")).text
    assert "No verdict: no arm has a score that can be paired with one of “none”." in text
    assert "In pair no run has a scaled score: it was not measured." in text
    assert "does not differ" not in text and "undecided" not in text.partition("Differences from")[2]
    statistics = json.loads((tmp_path / "study" / "statistics.json").read_text())
    assert statistics["comparisons"][0]["mean"] is None and statistics["comparisons"][0]["interval"] is None


@pytest.mark.slow
def test_what_one_domain_lacks_is_said_beside_what_another_shows(tmp_path, monkeypatch):
    cells = [f"{slug(arm)}/{seed}" for arm in ("none", "l2") for seed in range(6)]
    here = broken(monkeypatch, *cells)
    page = study.compare(
        ["dirac", "ring"], ["none", "l2"], 6, out=tmp_path / "study", host=plugins.host(), executor=here, command=["x"],
        sets=[*QUICK, "evaluate_every=20"],
    )  # fmt: skip
    text = Page(page.read_text(encoding="utf-8")).text
    assert "Nothing can be said about dirac: no pair of runs there has scaled scores." in text


@pytest.mark.slow
def test_a_search_gives_no_score_to_what_was_not_measured_and_has_no_winner_then(tmp_path, monkeypatch, capsys):
    slugs = [f"trial-{n:04d}/{seed}" for n in range(6) for seed in (0, 1)]
    first = broken(monkeypatch, *slugs[2:4])
    tuning.tune(wish(), out=tmp_path / "one", host=plugins.host(), executor=first)
    found = Tuning.open(tmp_path / "one")
    assert found.trials[1].status == "failed" and found.trials[1].scores == {}
    assert found.winner is not None and found.winner.number != 1
    monkeypatch.undo()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
        tuning.tune(wish(), out=tmp_path / "two", host=plugins.host(), executor=broken(patch, *slugs))
    lost = Tuning.open(tmp_path / "two")
    assert lost.winner is None and not lost.rivals and not lost.best.exists()
    text = Page(lost.report.read_text(encoding="utf-8")).text
    assert "No trial has a score: 6 failed or could not be measured." in text and "won the search" not in text
    assert cli.main(["resume", str(tmp_path / "two"), "--jobs", "1"]) == 0
    assert "No trial has a score, so there is no winner." in capsys.readouterr().out
