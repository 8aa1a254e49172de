"""What a reward does to molecules: `python -m bench.reward [PROPERTY]` writes docs/results/reward.md.

Runs with and without the reward in pairs of one seed, under studies/reward; those that are finished are not run again.
"""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.results import standalone
from detente.cli.use import trained
from detente.plugins import host
from detente.report.charts import Axes, Series, chart
from detente_molecule.chemistry import likeliest, unique
from detente_molecule.data import QM9
from detente_molecule.rewards import PROPERTIES, properties

SEEDS = (0, 1, 2)
RECIPE = ["molecule", "--set", "objective=wasserstein", "--reg", "gradient-penalty"]
SCORES = ("qed", "logp", "sa", "validity", "uniqueness", "novelty", "valid-unique-novel", "internal-diversity")
PLACE = Path("docs/results")


class Trained(NamedTuple):
    """The scores of a run's last step, and the property of each of its different valid samples."""

    scores: dict[str, float]
    values: list[float]


def main(arguments: Sequence[str]) -> int:
    """Train what is missing, two at a time, and write the page."""
    name = arguments[0] if arguments else "qed"
    if len(arguments) > 1 or name not in PROPERTIES:
        sys.stderr.write(f"Give one property: {', '.join(PROPERTIES)}\n")
        return 2
    for seed in SEEDS:
        started = [_start(name, seed, rewarded) for rewarded in (False, True)]
        codes = [process.wait() for process in started if process is not None]
        if any(codes):
            return 1
    pairs = [(_open(name, seed, False), _open(name, seed, True)) for seed in SEEDS]
    data = _data(name)
    pictures = PLACE / "reward"
    pictures.mkdir(parents=True, exist_ok=True)
    (pictures / f"{name}.svg").write_text(standalone(str(_picture(name, pairs, data))), encoding="utf-8")
    path = PLACE / "reward.md"
    path.write_text("\n".join(_page(name, pairs, float(np.mean(data)))) + "\n", encoding="utf-8")
    sys.stdout.write(f"{path}\n")
    return 0


def _folder(name: str, seed: int, rewarded: bool) -> Path:
    return Path("studies/reward") / f"{name if rewarded else 'none'}-{seed}"


def _start(name: str, seed: int, rewarded: bool) -> subprocess.Popen[bytes] | None:
    """Begin a run, unless it is there."""
    folder = _folder(name, seed, rewarded)
    if list(folder.glob("*/report.html")):
        return None
    extra = ["--set", f"model.reward={name}"] if rewarded else []
    command = ["train", *RECIPE, *extra, "--seed", str(seed), "--out", str(folder)]
    return subprocess.Popen([sys.executable, "-m", "detente", *command])


def _open(name: str, seed: int, rewarded: bool) -> Trained:
    trainer = trained(next(_folder(name, seed, rewarded).glob("*/report.html")).parent, host(), "cpu", 1)
    samples = trainer.generate(trainer.samples)
    scores, _ = trainer.scores(samples)
    different = unique(likeliest(samples).molecules())
    return Trained(scores, [PROPERTIES[name](properties(smiles)) for smiles in sorted(different)])


def _data(name: str) -> list[float]:
    return [PROPERTIES[name](properties(smiles)) for smiles in QM9().smiles("reference")]


def _picture(name: str, pairs: Sequence[tuple[Trained, Trained]], data: Sequence[float]) -> str:
    edges = np.linspace(0, 1, 26)

    def curve(values: Sequence[float]) -> list[tuple[float, float]]:
        share, _ = np.histogram(values, edges)
        return [(float(x), float(y)) for x, y in zip((edges[1:] + edges[:-1]) / 2, share / len(values), strict=True)]

    def several(key: str, style: int, runs: Sequence[Sequence[float]]) -> Series:
        curves = [curve(values) for values in runs]
        mean = [(points[0][0], float(np.mean([y for _, y in points]))) for points in zip(*curves, strict=True)]
        return Series(key, style, mean, curves)

    series = [
        several("A", 0, [data]),
        several("B", 1, [without.values for without, _ in pairs]),
        several("C", 2, [rewarded.values for _, rewarded in pairs]),
    ]
    highest = max(y for s in series for points in (s.mean, *s.runs) for _, y in points)
    return str(chart(series, Axes((0, 1), (0, 1.05 * highest)), f"Shares of molecules by {name}", name))


def _page(name: str, pairs: Sequence[tuple[Trained, Trained]], data: float) -> Iterator[str]:
    yield from (f"# A reward for {name}: what it gives and what it costs", "")
    yield "The two runs of a seed share the order of the data, latents and initial weights; only the reward differs."
    yield from ("Scores are those of 1,000 samples at the last step.", "")
    yield from ("```text", " ".join(["detente train", *RECIPE, "--seed 0"]))
    yield from (" ".join(["detente train", *RECIPE, "--set", f"model.reward={name}", "--seed 0"]), "")
    yield from (f"python -m bench.reward {name}", "```", "")
    yield from (f"| seed | {' | '.join(SCORES)} |", "|---|" + "---|" * len(SCORES))
    for seed, pair in zip(SEEDS, pairs, strict=True):
        for text, run in zip(("without", "with"), pair, strict=True):
            yield f"| {seed}, {text} | {' | '.join(f'{run.scores[s]:.3f}' for s in SCORES)} |"
        gains = (pair[1].scores[s] - pair[0].scores[s] for s in SCORES)
        yield f"| {seed}, difference | {' | '.join(f'{gain:+.3f}'.replace('-', '−') for gain in gains)} |"
    yield from ("", f"Reference molecules have a mean {name} of {data:.3f} (on the reward's scale from 0 to 1).", "")
    yield from (f"![Shares of molecules by {name}](reward/{name}.svg)", "")
    yield f"Distribution of {name} over unique valid molecules: **A** reference data, **B** without the reward, **C**"
    yield "with it; thin lines are single seeds."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
