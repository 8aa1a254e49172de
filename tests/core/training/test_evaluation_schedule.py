"""The baseline of a model that starts good: the warm-up alone, with what a schedule sets as at the end of a run."""

import pytest
import torch
from torch import Tensor, nn

from detente.domains.contracts import Data, Metric, Model, Networks
from detente.domains.contracts import Evaluation as E
from detente.engine.sample import Space, leaves
from detente.toys.mixture import MLP, RingData, RingDomain
from detente.training.evaluation import reference_row


class Scaled(nn.Module):
    """Samples that are the temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.temperature = 1.0
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, z: Tensor) -> Tensor:
        return self.temperature + self.weight * z[:, :2]


class Annealed(MLP):
    starts_good = True

    def __init__(self, coldest: float) -> None:
        super().__init__()
        self.coldest = coldest

    def build(self, space: Space) -> Networks:
        return Networks(Scaled(), nn.Linear(2, 1))

    def schedule(self, networks: Networks, done: float) -> None:
        networks.generator.temperature = self.coldest**done  # type: ignore[assignment]


class Mean(Metric):
    scores = {"mean": "neither"}

    def __call__(self, e: E) -> dict[str, float]:
        return {"mean": leaves(e.samples)[0].mean().item()}


def row(name: str, model: Model) -> float:
    data: Data = RingData(size=10)

    def warmed() -> Networks:
        return model.build(data.space)

    return reference_row(name, RingDomain(), [Mean()], data, model, 8, warmed=warmed)["mean"]


@pytest.mark.parametrize("coldest", [0.2, 0.5, 1.0, 3.0])
def test_its_temperature_is_that_of_a_finished_run(coldest: float) -> None:
    assert row("baseline", Annealed(coldest)) == pytest.approx(coldest)


def test_an_untrained_generator_is_as_it_begins() -> None:
    assert row("untrained", Annealed(0.2)) == pytest.approx(1.0)
