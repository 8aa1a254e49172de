"""The cost of a step is processor time, without the first steps, and is not told where it was not measured."""

import time

import pytest
import torch

from detente.training import cost
from detente.training.cost import Cost

CPU = torch.device("cpu")


def spent(monkeypatch: pytest.MonkeyPatch, seconds: list[float]) -> Cost:
    """Steps that take so much processor time each."""
    clock = [0.0]
    monkeypatch.setattr(cost.time, "process_time", lambda: clock[0])
    measured = Cost()
    for took in seconds:
        with measured:
            clock[0] += took
        clock[0] += 100.0  # an evaluation between two steps
    return measured


def test_it_is_the_mean_of_the_steps_after_the_first_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    found = spent(monkeypatch, [9.0] * 10 + [0.1] * 10 + [0.3] * 10).measured(CPU)
    assert found == {"processor_seconds_per_step": pytest.approx(0.2)}


@pytest.mark.parametrize("steps", [0, 5, 10, 19])
def test_too_few_steps_measure_nothing(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert spent(monkeypatch, [0.1] * steps).measured(CPU) == {}


def test_where_the_processor_is_not_what_computes_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    assert spent(monkeypatch, [0.1] * 40).measured(torch.device("cuda")) == {}


def test_waiting_costs_nothing() -> None:
    measured = Cost()
    for _ in range(25):
        with measured:
            time.sleep(0.002)
    (seconds,) = measured.measured(CPU).values()
    assert seconds < 0.001
