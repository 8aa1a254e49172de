"""Which score of a run makes comparisons steadiest: `python -m bench.noise [DOMAIN[=SEEDS]…]` prints a table.

Trains `none` and `r1` in pairs of one seed, under studies/noise; runs that are there are not trained again. Each
evaluation looks at the generator as it is trained and at its moving average, which changes nothing of training.
"""

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from detente.files import write_atomically
from detente.plugins import discover, set_host
from detente.recipe import load
from detente.training.build import build
from detente.training.run_folder import Run
from detente.training.trainer import Trainer

PLACE = Path("studies/noise")
SEEDS = 10
ARMS = ("none", "r1")
RESAMPLES = 4000
SETTINGS = {
    "image": ["data=digits", "steps=800", "evaluate_every=40"],
    "molecule": ["steps=800", "evaluate_every=40"],
    "speech": ["steps=240", "evaluate_every=12"],
    "text": ["steps=80", "evaluate_every=4"],
}
"""Short runs of 20 evaluations, of which the last fifth is made."""
TAIL = 4
KINDS = ("last", "tail of 10", "tail of 20")

Numbers = NDArray[np.float64]


class Watched(NamedTuple):
    """A run's scaled scores, evaluation by evaluation, and what it took."""

    own: list[float]
    average: list[float]
    step_seconds: float
    evaluation_seconds: float


class Both(Trainer):
    """Evaluates the average, as the recipe says, and the generator itself too."""

    seconds = 0.0
    own: list[float]
    average: list[float]

    def _evaluate(self) -> None:
        recipe = self.built.recipe
        if self.step <= recipe.steps - TAIL * recipe.evaluate_every:
            return
        started = time.process_time()
        super()._evaluate()
        self.seconds += time.process_time() - started
        self.average.append(self.view.scaled or 0.0)
        average, self._average = self._average, None
        _, scaled = self.scores(self.generate(self.samples))
        self._average = average
        self.own.append(scaled)


def train(domain: str, arm: str, seed: int) -> Watched:
    """A run, from its folder where it is there."""
    folder = PLACE / domain / arm / str(seed)
    kept = folder / "noise.json"
    if not kept.exists():
        sets = [*SETTINGS[domain], "evaluate=ema", "checkpoint_every=100000", "device=cpu"]
        host = discover()
        set_host(host)
        recipe = load(domain=domain, sets=sets, regs=[arm], flags={"seed": seed}, host=host)
        trainer = Both(build(recipe, host), Run.create(folder, recipe.to_yaml(), {}), host)
        trainer.own, trainer.average = [], []
        trainer.reference_rows()  # from here on they are in the cache
        started = time.process_time()
        trainer.train()
        other = time.process_time() - started - 2 * trainer.seconds
        times = other / recipe.steps, trainer.seconds / len(trainer.own)
        write_atomically(kept, json.dumps(Watched(trainer.own, trainer.average, *times)._asdict()))
    return Watched(**json.loads(kept.read_text(encoding="utf-8")))


def scores(run: Watched) -> tuple[float, ...]:
    """The score of a run: of each of `KINDS`, of the generator and of its average."""
    return tuple(value for each in (run.own, run.average) for value in (each[-1], fmean(each[-1::-2]), fmean(each)))


def rows(domain: str, seeds: Sequence[int]) -> list[str]:
    """Rows of the table: each kind of score, with the deviation of its paired differences against that of the last."""
    runs = {arm: [train(domain, arm, seed) for seed in seeds] for arm in ARMS}
    values = {arm: np.array([scores(run) for run in runs[arm]]) for arm in ARMS}
    differences: Numbers = values["r1"] - values["none"]  # [seeds, kinds]
    rng = np.random.default_rng(0)
    again = differences[rng.integers(0, len(seeds), (RESAMPLES, len(seeds)))].std(1, ddof=1)  # [resamples, kinds]
    deviations = differences.std(0, ddof=1)
    means = {arm: values[arm].mean(0) for arm in ARMS}
    found: list[str] = []
    for k, kind in enumerate([*KINDS, *(f"{kind}, average" for kind in KINDS)]):
        low, high = np.nanquantile(again[:, k] / np.maximum(again[:, 0], 1e-12), (0.025, 0.975))
        ratio = f"{deviations[k] / deviations[0]:.2f}" + (f" [{low:.2f}, {high:.2f}]" if k else "")
        arms = " | ".join(f"{means[arm][k]:.3f}" for arm in ARMS)
        found.append(
            f"| {domain} | {len(seeds)} | {kind} | {arms} | {differences[:, k].mean():+.3f} | {deviations[k]:.3f} "
            f"| {ratio} |".replace("-0", "−0")
        )
    every = [run for arm in ARMS for run in runs[arm]]
    step, evaluation = (float(np.median([getattr(run, key) for run in every])) for key in Watched._fields[2:])
    sys.stderr.write(
        f"{domain}: {step * 1e3:.1f} ms a step, {evaluation:.2f} s an evaluation, {len(every[0].own)} evaluations; a "
        f"tenth of the time allows one in {9 * evaluation / step:.0f} steps\n"
    )
    return found


def main(arguments: Sequence[str]) -> int:
    """Train what is missing, and print the table."""
    torch.set_num_threads(1)
    chosen = {domain: count for domain, _, count in (word.partition("=") for word in arguments or SETTINGS)}
    if unknown := chosen.keys() - SETTINGS.keys():
        sys.stderr.write(f"Unknown: {', '.join(sorted(unknown))}. Give domains: {', '.join(SETTINGS)}\n")
        return 2
    head = ["domain", "seeds", "score", *ARMS, "difference", "its deviation", "of the last one's"]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for domain, seeds in chosen.items():
        print("\n".join(rows(domain, range(int(seeds or SEEDS)))), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
