"""What a report says of one domain."""

import re
from typing import Any

import pytest

from detente.report import domains as module
from detente.report.domains import DomainPart
from detente.results.outcomes import Outcome
from detente.results.verdicts import Verdicts
from pages import write_cell, write_study


def part(folder, finals: dict[str, list[float | None]], **more: Any) -> DomainPart:
    """A domain of arm → final scores; a score of None is a run that failed."""
    seeds = range(len(next(iter(finals.values()))))
    study = write_study(folder, list(finals), seeds=seeds)
    outcomes = [
        Outcome(cell, "failed" if final is None else "finished", final=final, **more)
        for cell in study.cells
        for final in [finals[cell.arm.text][cell.seed]]
    ]
    return DomainPart(study, "pair", outcomes, Verdicts(study, outcomes))


def test_a_row_has_the_mean_of_the_seeds_that_finished_and_differences_of_the_pairs_that_did(tmp_path):
    none, r1 = part(tmp_path, {"none": [0.25, 0.5, 0.5], "r1": [0.75, None, 1.0]}).rows
    assert (none.mean, r1.mean) == (pytest.approx(1.25 / 3), 0.875)
    assert r1.differences == [0.5, None, 0.5]
    assert (r1.count("failed"), r1.heat, none.style, r1.style) == (1, "h9", 0, 1)
    assert none.compared is None and r1.compared is not None


def test_a_sentence_names_the_highest_arm_and_how_often_it_was_above_none(tmp_path):
    told = part(tmp_path / "a", {"none": [0.2, 0.6], "r1": [0.5, 0.5]}).sentence
    assert told.startswith(
        "In pair the highest mean scaled score is that of “r1”, 0.50 (from 0.50 to 0.50); “none” has"
    )
    assert told.endswith("It was above “none” in 1 of 2 pairs.")
    one = part(tmp_path / "b", {"none": [0.2], "r1": [0.5]}).sentence
    assert one == "In pair the highest scaled score is that of “r1”, 0.50; “none” has 0.20."
    assert part(tmp_path / "c", {"none": [None], "r1": [None]}).sentence == "In pair no run has finished yet."


def test_cost_is_relative_to_none_over_the_seeds_that_have_both(tmp_path):
    study = write_study(tmp_path, seeds=[0, 1])
    times = {("none", 0): 0.5, ("none", 1): 1.0, ("r1", 0): 1.0, ("r1", 1): None}
    outcomes = [Outcome(c, "finished", final=0.5, step_seconds=times[c.arm.text, c.seed]) for c in study.cells]
    none, r1 = DomainPart(study, "pair", outcomes, Verdicts(study, outcomes)).rows
    assert (none.cost, r1.cost) == (1.0, 2.0)


def test_a_run_that_diverged_counts_as_0_in_the_mean_curve_from_there_on(tmp_path):
    study = write_study(tmp_path, ["none"], seeds=[0, 1])
    write_cell(study.cells[0], "finished", (0.5, 1.0))
    write_cell(study.cells[1], "diverged", (0.5,))
    outcomes = [Outcome.of(cell) for cell in study.cells]
    own = DomainPart(study, "pair", outcomes, Verdicts(study, outcomes))
    assert own.runs == [[(((10, 0.5), (20, 1.0)), False), (((10, 0.5),), True)]]
    drawn = re.findall(r'class="end"', str(own.curves))
    assert len(drawn) == 1


def test_seeds_whose_samples_would_make_the_page_too_large_are_left_out_but_for_the_first(tmp_path, monkeypatch):
    study = write_study(tmp_path, seeds=range(3))
    for cell in study.cells:
        write_cell(cell, "finished", content=b"x" * 100)
    outcomes = [Outcome.of(cell) for cell in study.cells]
    shown = []
    for most in (1, 450, 10_000):
        monkeypatch.setattr(module, "MOST_SHOWN", most)
        shown.append([seed for seed, _ in DomainPart(study, "pair", outcomes, Verdicts(study, outcomes)).samples])
    assert shown == [[0], [0, 1], [0, 1, 2]]
