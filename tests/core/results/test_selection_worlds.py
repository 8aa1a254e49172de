"""Whole selections in worlds where the truth is known, by the code that the command runs.

Noise and effects are those of our own studies (docs/results/classics.md): scores vary by .02 between seeds on images,
.03 on text, .08 on speech and molecules, what all share on a block by as much again, and candidates differ by a few
hundredths.
"""

from collections.abc import Callable

import numpy as np
import pytest

from detente.results.selection import Ask, Selection
from detente.results.statistics import ALPHA

CANDIDATES = 24
Draw = Callable[[Ask], np.ndarray]
World = Callable[[np.random.Generator], tuple[np.ndarray, Draw]]


def scores(level: float, effects: np.ndarray, noise: float, rng: np.random.Generator, lost: float = 0.0) -> Draw:
    """Scores from 0 to 1 around a level and its effects; a share of runs diverges, which is a score of 0."""

    def draw(ask: Ask) -> np.ndarray:
        shape = (len(ask.blocks), 1 + len(ask.arms))
        shared = rng.normal(0, noise, (shape[0], 1))
        found = level + np.append(0.0, effects[list(ask.arms)]) + shared + rng.normal(0, noise, shape)
        return np.where(rng.random(shape) < lost, 0.0, np.clip(found, 0, 1))

    return draw


def effects_of(spread: float, level: float, noise: float) -> World:
    """A domain in which a tenth of the candidates ruins training, and the others differ by a spread."""

    def world(rng: np.random.Generator) -> tuple[np.ndarray, Draw]:
        effects = rng.normal(0, spread, CANDIDATES)
        effects[rng.random(CANDIDATES) < 0.1] = -level
        return effects, scores(level, effects, noise, rng)

    return world


DOMAINS: dict[str, World] = {
    "image": effects_of(0.03, 0.5, 0.02),
    "text": effects_of(0.03, 0.7, 0.03),
    "speech": effects_of(0.06, 0.42, 0.08),
    "molecule": effects_of(0.06, 0.25, 0.08),
}


def null(make: Callable[[np.random.Generator], Draw]) -> World:
    return lambda rng: (np.zeros(CANDIDATES), make(rng))


def _unequal_noise(rng: np.random.Generator) -> Draw:
    deviations = rng.uniform(0.01, 0.2, CANDIDATES + 1)

    def draw(ask: Ask) -> np.ndarray:
        columns = [0, *(1 + arm for arm in ask.arms)]
        return 0.5 + rng.normal(0, deviations[columns], (len(ask.blocks), len(columns)))

    return draw


def _coarse(rng: np.random.Generator) -> Draw:
    return lambda ask: rng.integers(0, 4, (len(ask.blocks), 1 + len(ask.arms))) / 4


NULLS: dict[str, World] = {
    "equal": null(lambda rng: scores(0.5, np.zeros(CANDIDATES), 0.05, rng)),
    "diverging": null(lambda rng: scores(0.5, np.zeros(CANDIDATES), 0.05, rng, lost=0.2)),
    "at the floor": null(lambda rng: scores(0.05, np.zeros(CANDIDATES), 0.1, rng)),
    "unequal noise": null(_unequal_noise),
    "coarse": null(_coarse),
}
"""Worlds in which no candidate is better than `none`: all are alike, and how scores vary is each time another."""


def selections(world: World, cells: int, times: int, seed: int = 0) -> np.ndarray:
    """[times, 3]: what the best arm gains, what the recommended one does, whether an improvement is claimed."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(times):
        effects, draw = world(rng)
        selection = Selection(cells, min(CANDIDATES, 21 if cells < 80 else CANDIDATES))
        while (ask := selection.ask) is not None:
            selection.tell(draw(ask))
        assert selection.test is not None and selection.chosen is not None
        used = selection.test.verdict != "none"
        found.append((max(0.0, effects.max()), effects[selection.chosen] * used, selection.test.verdict == "improves"))
    return np.array(found, float)


def gain(found: np.ndarray) -> float:
    """The share of what could be gained."""
    return found[:, 1].sum() / found[:, 0].sum()


def harm(found: np.ndarray) -> float:
    """What using the recommended arm instead of `none` costs where it is worse, on average."""
    return np.maximum(0.0, -found[:, 1]).mean()


@pytest.mark.parametrize("name", NULLS)
def test_when_nothing_is_better_an_improvement_is_claimed_in_one_of_twenty_at_most(name: str):
    times = 250
    within = ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / times)
    assert selections(NULLS[name], 60, times)[:, 2].mean() <= within


@pytest.mark.parametrize("name", DOMAINS)
def test_120_runs_find_most_of_what_there_is_to_gain(name: str):
    found = selections(DOMAINS[name], 120, 80)
    assert gain(found) >= 0.75
    assert harm(found) <= 0.01


def test_without_fresh_blocks_almost_every_search_would_name_a_winner():
    """Why the scores of the search claim nothing: there, the chosen arm is ahead although all are alike."""
    rng = np.random.default_rng(1)
    ahead = []
    for _ in range(40):
        _, draw = NULLS["equal"](rng)
        selection = Selection(60, 21)
        while (ask := selection.ask) is not None and not ask.fresh:
            selection.tell(draw(ask))
        ahead.append((selection.mean(selection.chosen or 0) or 0) > 0)
    assert np.mean(ahead) > 0.8


@pytest.mark.acceptance
@pytest.mark.parametrize("cells", [60, 120])
@pytest.mark.parametrize("name", NULLS)
def test_false_claims_are_as_rare_as_the_test_promises(name: str, cells: int):
    assert selections(NULLS[name], cells, 10_000)[:, 2].mean() <= 0.055


@pytest.mark.acceptance
@pytest.mark.parametrize("name", DOMAINS)
def test_gain_and_harm_at_120_runs_over_many_worlds(name: str):
    found = selections(DOMAINS[name], 120, 2_000)
    assert gain(found) >= 0.75
    assert harm(found) <= 0.01


@pytest.mark.acceptance
@pytest.mark.parametrize("name", NULLS)
def test_candidates_that_are_all_worse_are_rarely_recommended(name: str):
    """Everything costs .03: what a wrong best guess loses on average stays small."""
    draws = NULLS[name]

    def world(rng: np.random.Generator) -> tuple[np.ndarray, Draw]:
        _, draw = draws(rng)
        cost = np.append(0.0, np.full(CANDIDATES, -0.03))
        return np.full(CANDIDATES, -0.03), lambda ask: draw(ask) + cost[[0, *(1 + arm for arm in ask.arms)]]

    assert harm(selections(world, 120, 1_000)) <= 0.015
