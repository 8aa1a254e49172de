"""Lifecycle hooks: what observers of runs, studies and cells are told, and that they change no number."""

import logging
import random
from collections.abc import Mapping
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest
import torch

from detente.errors import DivergedError, Interrupted
from detente.experiments import compare as study
from detente.experiments import tune
from detente.hookspecs import CellView, RunView, StudyView, hookimpl
from detente.plugins import Host
from observers import STEPS, Stop, assert_same_numbers, lines, train, watched_by
from searches import SMALL, InProcess, wish

pytestmark = pytest.mark.usefixtures("module_cache")


class Diary:
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    @hookimpl
    def detente_run_started(self, run: RunView) -> None:
        self.told.append(("started", run.step, run))

    @hookimpl
    def detente_logged(self, run: RunView, step: int, terms: Mapping[str, float]) -> None:
        assert terms == run.terms and step == run.step
        self.told.append(("logged", step, run))

    @hookimpl
    def detente_evaluated(self, run: RunView, step: int, scores: Mapping[str, float]) -> None:
        assert scores == run.scores and step == run.step
        self.told.append(("evaluated", step, run))

    @hookimpl
    def detente_run_finished(self, run: RunView) -> None:
        self.told.append((run.status, run.step, run))

    @property
    def short(self) -> list[tuple[str, int]]:
        return [(what, step) for what, step, _ in self.told]


class Failing:
    """Raises wherever it can."""

    @hookimpl
    def detente_run_started(self) -> None:
        raise RuntimeError("no start")

    @hookimpl
    def detente_logged(self) -> None:
        raise SystemExit("no line")

    @hookimpl
    def detente_evaluated(self, scores: Any) -> None:
        scores["distance"] = 0.0

    @hookimpl
    def detente_run_finished(self) -> None:
        raise RuntimeError("no end")


class Gambler:
    """Takes from the global random generators, and sets one."""

    @hookimpl
    def detente_logged(self) -> None:
        torch.manual_seed(random.randrange(1000))
        torch.rand(7)


@pytest.fixture(scope="module")
def plain(module_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody observes."""
    folder = tmp_path_factory.mktemp("plain") / "run"
    train(folder)
    return folder


def test_a_run_tells_of_its_start_of_log_lines_and_evaluations_and_of_its_end(tmp_path: Path) -> None:
    diary = Diary()
    train(tmp_path, watched_by(diary))
    assert diary.short == [
        *[("started", 0), ("logged", 10), ("logged", 20), ("evaluated", 20)],
        *[("logged", 30), ("logged", 40), ("evaluated", 40), ("finished", 40)],
    ]
    assert {run.steps for *_, run in diary.told} == {40}
    assert {run.folder for *_, run in diary.told} == {tmp_path}
    assert {run.primary for *_, run in diary.told} == {"distance"}


def test_an_observer_is_shown_what_stands_in_the_runs_own_log(tmp_path: Path) -> None:
    diary = Diary()
    train(tmp_path, watched_by(diary))
    shown = []
    for what, step, run in diary.told:
        late = {"late": run.late} if run.late else {}
        if what == "logged":
            shown.append({"step": step, "terms": run.terms, **late, "watched": run.watched})
        if what == "evaluated":
            found = {"scores": run.scores, "scaled": run.scaled, "spectral": run.spectral, "examined": run.examined}
            shown.append({"step": step, **found})
    assert shown == lines(tmp_path)


def test_an_observer_gets_the_recipe_the_record_and_the_preview(tmp_path: Path) -> None:
    diary = Diary()
    train(tmp_path, watched_by(diary))
    run = diary.told[-1][-1]
    assert run.recipe["discriminator"]["regularizers"]["r1"]["every"] == 4
    assert run.info["status"] == "finished" and run.info["references"].keys() == {"real", "baseline", "untrained"}
    assert run.preview.parent == tmp_path / "samples" and run.preview.is_file()


def test_nothing_that_an_observer_is_shown_can_be_written_to(tmp_path: Path) -> None:
    diary = Diary()
    train(tmp_path, watched_by(diary))
    run = diary.told[-1][-1]
    shown = (run.terms, run.watched, run.scores, run.spectral, run.examined, run.recipe, run.info)
    for mapping in (*shown, run.recipe["generator"]):
        with pytest.raises(TypeError, match="does not support item assignment"):
            mapping["x"] = 1.0
    assert isinstance(run.recipe["metrics"], tuple)
    for view in (run, StudyView(tmp_path, "study", (), (), ()), CellView(tmp_path, "d", "none", 0, "pending")):
        with pytest.raises(FrozenInstanceError):
            view.folder = Path()


def test_observers_that_raise_or_draw_random_numbers_change_no_number(plain: Path, tmp_path: Path) -> None:
    train(tmp_path / "failing", watched_by(Failing()))
    train(tmp_path / "gambler", watched_by(Gambler()))
    assert_same_numbers(plain, tmp_path / "failing")
    assert_same_numbers(plain, tmp_path / "gambler")


def test_a_failure_is_reported_once_and_the_others_are_still_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    diary = Diary()
    with caplog.at_level(logging.WARNING):
        train(tmp_path, watched_by(Failing(), diary))
    assert [record.getMessage() for record in caplog.records] == [
        "detente_run_started of plugin 'mine' (detente-mine 1.0) raised RuntimeError: no start; training continues",
        "detente_logged of plugin 'mine' (detente-mine 1.0) raised SystemExit: no line; training continues",
        "detente_evaluated of plugin 'mine' (detente-mine 1.0) raised TypeError: 'mappingproxy' object does not "
        "support item assignment; training continues",
        "detente_run_finished of plugin 'mine' (detente-mine 1.0) raised RuntimeError: no end; training continues",
    ]
    assert [step for what, step in diary.short if what == "logged"] == STEPS


def test_a_run_that_is_stopped_or_diverges_tells_of_it_with_the_reason(tmp_path: Path) -> None:
    diary = Diary()
    with pytest.raises(Interrupted):
        train(tmp_path / "stopped", watched_by(diary, Stop(30)))
    assert diary.short[-1] == ("interrupted", 40)  # line 30 is written when line 40 is ready
    assert diary.told[-1][-1].error == "Interrupted: interrupted by signal 15"
    with pytest.raises(DivergedError):
        train(tmp_path / "diverged", watched_by(diary), sets=["discriminator.optimizer.lr=1e30", "precision=fp32"])
    assert diary.short[-1][0] == "diverged"
    assert "is not finite" in diary.told[-1][-1].error


def test_a_resumed_run_starts_where_its_checkpoint_is(tmp_path: Path, plain: Path) -> None:
    with pytest.raises(Interrupted):
        train(tmp_path, watched_by(Stop(30)))
    diary = Diary()
    train(tmp_path, watched_by(diary))
    assert diary.short == [("started", 20), ("logged", 30), ("logged", 40), ("evaluated", 40), ("finished", 40)]
    assert diary.told[0][-1].scores.keys() == diary.told[-1][-1].scores.keys() != set()
    assert_same_numbers(plain, tmp_path)


class Minutes:
    """Keeps what it is told of studies and cells."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []

    @hookimpl
    def detente_study_started(self, study: StudyView) -> None:
        self.told.append(("study started", study))

    @hookimpl
    def detente_study_finished(self, study: StudyView) -> None:
        assert (study.folder / "results.csv").is_file()
        self.told.append(("study finished", study))

    @hookimpl
    def detente_cell_started(self, cell: CellView) -> None:
        self.told.append((f"started {cell.arm}", cell))

    @hookimpl
    def detente_cell_finished(self, cell: CellView) -> None:
        self.told.append((f"{cell.status} {cell.arm}", cell))


@pytest.mark.slow
def test_a_study_tells_of_itself_and_of_each_cell(tmp_path: Path) -> None:
    minutes = Minutes()
    sets = [*SMALL, "steps=20"]
    host = watched_by(minutes)
    study.compare(["dirac"], ["none", "r1"], 1, out=tmp_path / "study", host=host, jobs=1, sets=sets)
    assert [what for what, _ in minutes.told] == [
        *["study started", "started none", "finished none", "started r1", "finished r1", "study finished"]
    ]
    first, cell = minutes.told[0][1], minutes.told[1][1]
    assert (first.kind, first.domains, first.arms, first.seeds) == ("study", ("dirac",), ("none", "r1"), (0,))
    assert (cell.domain, cell.seed, cell.folder.is_relative_to(tmp_path / "study")) == ("dirac", 0, True)


@pytest.mark.slow
def test_a_search_tells_of_itself_and_of_its_runs(tmp_path: Path, here: InProcess) -> None:
    minutes = Minutes()
    request = wish(trials=2, seeds=1)
    tune.tune(request, out=tmp_path / "search", host=watched_by(minutes), executor=here)
    told = [what for what, _ in minutes.told]
    assert (told[0], told[-1]) == ("study started", "study finished")
    assert sum(what.startswith("started ") for what in told) == len(here.trained) > 2
    assert (minutes.told[0][1].kind, minutes.told[0][1].arms) == ("search", ("r1",))


def test_hooks_of_studies_and_cells_are_called_with_exactly_their_arguments() -> None:
    empty = Host([])
    for hook, what in (("study_started", "study"), ("study_finished", "study"), ("cell_started", "cell")):
        assert empty.notify(f"detente_{hook}", **{what: None}) == []
        with pytest.raises(TypeError, match=hook):
            empty.notify(f"detente_{hook}", run=None)
