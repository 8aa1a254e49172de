"""Selections over runs that were made: digits (dcgan, 600 steps) at four rates, eight arms, three seeds each.

There spectral-norm is best over all rates, for it alone trains at eight times the rate; dropout and batch-norm cost.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from detente.results.selection import Ask, Selection

RECORD = Path(__file__).with_name("records") / "digits-at-four-rates.csv"


def record() -> tuple[list[str], np.ndarray]:
    """The arms, `none` first, and [arms, settings, seeds] scores."""
    with RECORD.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    table = [[float(row["scaled_final"]) for row in rows if row["arm"] == arm] for arm in arms]
    return arms, np.array(table).reshape(len(arms), 4, 3)


def replayed(rng: np.random.Generator, cells: int) -> str:
    """The recommended arm where each block is one of the record's, drawn anew, its settings in turn."""
    arms, table = record()
    assert arms[0] == "none"
    selection = Selection(cells, len(arms) - 1, turn=4)

    def drawn(ask: Ask) -> np.ndarray:
        own = table[[0, *(1 + arm for arm in ask.arms)]]
        return np.array([own[:, block % 4, rng.integers(3)] for block in ask.blocks])

    while (ask := selection.ask) is not None:
        selection.tell(drawn(ask))
    assert selection.test is not None and selection.chosen is not None
    return "none" if selection.test.verdict == "none" else arms[1 + selection.chosen]


@pytest.mark.parametrize("cells", [100, 160, 240])
def test_a_replay_of_real_runs_recommends_what_trains_at_every_rate(cells: int):
    arms, table = record()
    means = dict(zip(arms, table.mean(axis=(1, 2)), strict=True))
    assert max(means, key=lambda arm: means[arm]) == "spectral-norm"
    rng = np.random.default_rng(cells)
    found = [replayed(rng, cells) for _ in range(60)]
    assert found.count("spectral-norm") >= 0.8 * len(found)
    gain = np.mean([means[arm] - means["none"] for arm in found]) / (means["spectral-norm"] - means["none"])
    assert gain >= 0.85
    assert not {"dropout", "batch-norm"} & set(found)
