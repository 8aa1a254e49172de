"""A third kind of experiment: the better of two learning rates, run again."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from detente.experiments.experiment import Experiment, Look, Proposer
from detente.hookspecs import StudyView
from detente.results.cells import Arm, Cell
from detente.results.manifest import Manifest


class Duel(Manifest):
    file, kind, verb, format = "duel.yaml", "duel", "duel", 1

    def run(self, rate: float, seed: int) -> tuple[Cell, dict[str, Any]]:
        optimizer = {**self.content["recipe"]["generator"], "optimizer": {"name": "sgd", "lr": rate}}
        cell = self.cell("dirac", Arm(f"rate {rate}", f"rate-{rate}"), seed)
        return cell, {**self.content["recipe"], "generator": optimizer, "seed": seed}

    def runs(self) -> list[tuple[Cell, dict[str, Any]]]:
        again = [self.run(self.content["winner"], 1)] if self.content.get("winner") else []
        return [self.run(rate, 0) for rate in self.content["rates"]] + again

    @property
    def primaries(self) -> dict[str, str]:
        return {"dirac": "distance"}

    @property
    def view(self) -> StudyView:
        return StudyView(self.folder, self.kind, ("dirac",), ("none",), (0, 1))


class Better(Proposer):
    alone = True

    def looks(self) -> Iterator[Look]:
        for cell, plain in self.manifest.runs():
            yield Look("dirac", cell.arm.text, plain)

    def propose(self, experiment: Experiment) -> None:
        assert isinstance(self.manifest, Duel)
        experiment.tracker.to_come = 1
        experiment.train(self.manifest.runs())
        # The better one by its raw score, which a run's record has.
        last = {rate: self.manifest.run(rate, 0)[0].info["final"]["scores"] for rate in self.manifest.content["rates"]}
        self.manifest.content["winner"] = min(last, key=lambda rate: last[rate]["distance"])
        self.manifest.write()
        experiment.tracker.to_come = 0
        experiment.train([self.manifest.run(self.manifest.content["winner"], 1)])

    def write_report(self) -> Path:
        self.manifest.report.write_text("a duel")
        return self.manifest.report
