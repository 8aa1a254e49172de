"""Metrics that compare samples in pairs, asked for more than fit: bounded in time and memory, and said."""

import logging
from typing import cast

import pytest
import torch

from detente.domains import metrics
from detente.domains.contracts import Data, Domain, Evaluation
from detente.domains.metrics import MOST_PAIRED, PRDC, kernel_distance, paired, prdc
from detente.engine.streams import Stream


@pytest.fixture(autouse=True)
def _says_again() -> None:
    metrics._say.cache_clear()


def normal(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def evaluation(features: torch.Tensor, reference: torch.Tensor) -> Evaluation:
    found = Evaluation(features, cast(Data, None), cast(Domain, None), Stream(5))
    found.__dict__.update(features=features, reference_features=reference)
    return found


@pytest.mark.parametrize("n", [1, 999, MOST_PAIRED])
def test_all_samples_are_compared_up_to_the_limit_in_their_order(n: int, caplog: pytest.LogCaptureFixture) -> None:
    x = normal(n, 1, 0)
    assert paired(x, "m", Stream(1)) is x
    assert not caplog.records


@pytest.mark.parametrize("n", [MOST_PAIRED + 1, 2 * MOST_PAIRED, 12 * MOST_PAIRED])
def test_of_more_samples_different_ones_are_drawn_by_the_stream_and_it_is_said_once(
    n: int, caplog: pytest.LogCaptureFixture
) -> None:
    x = torch.arange(n)
    with caplog.at_level(logging.WARNING):
        found, again, other = (paired(x, "m", Stream(key)) for key in (1, 1, 2))
    assert len(found.unique()) == MOST_PAIRED
    assert found.equal(again)
    assert not found.equal(other)
    assert found.double().mean() == pytest.approx(n / 2, rel=0.02)  # uniform over all, not the first ones
    assert [r.getMessage() for r in caplog.records] == [
        f"m compares samples in pairs: {MOST_PAIRED} of {n}, drawn at random, are compared."
    ]


def test_prdc_of_more_samples_is_that_of_the_drawn_ones(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(metrics, "MOST_PAIRED", 200)
    fake, real = normal(777, 2, 0), normal(500, 2, 1)
    found = PRDC()(evaluation(fake, real))
    rng = Stream(5).at("prdc")
    chosen = [
        x[torch.randperm(len(x), generator=s.generator())[:200]] for x, s in ((real, rng.at("reference")), (fake, rng))
    ]
    assert found == prdc(*chosen)
    assert len(caplog.records) == 2  # of the samples, and of the reference


@pytest.mark.parametrize("rows", [1, 7, 50])
def test_the_kernel_distance_does_not_depend_on_the_rows_in_memory(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(50, 3, 0), normal(40, 3, 1) + 0.5
    expected = kernel_distance(x, y)
    monkeypatch.setattr(metrics, "_ROWS", rows)
    assert kernel_distance(x, y) == pytest.approx(expected, rel=1e-12)  # sums in another order
