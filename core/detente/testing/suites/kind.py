"""What the laws of a kind of data are tried on: its domain, data, model and metrics together."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from detente.domains.contracts import Data, Domain, Evaluation, Metric, Model, Networks
from detente.engine.forward import call
from detente.engine.sample import Sample, batch_size
from detente.engine.streams import Stream
from detente.plugins import Host

_FEW = 16


@dataclass(eq=False)
class Kind:
    """A domain with one data set, one model and its metrics.

    `sets` are the settings of a recipe that make these data and this model by their names, for laws that train; None
    where they were made by hand.
    """

    name: str
    domain: Domain
    data: Data
    model: Model
    metrics: dict[str, Metric]
    sets: tuple[str, ...] | None = None
    host: Host | None = None

    @cached_property
    def batch(self) -> Any:
        """A few training samples with their labels."""
        return self.data.batch(torch.arange(min(_FEW, len(self.data))))

    @cached_property
    def parts(self) -> dict[str, Sample]:
        """Some of each part of the data."""
        return {"batch": self.batch.x, "held_out": self.data.held_out(), "reference": self.data.reference()}

    @cached_property
    def networks(self) -> Networks:
        """Fresh networks, the same every time."""
        torch.manual_seed(7)
        return self.model.build(self.data.space)

    @cached_property
    def count(self) -> int:
        """Samples in an evaluation: no more than are held out."""
        return min(self.domain.sample_count, batch_size(self.data.held_out()))

    @cached_property
    def labels(self) -> Tensor | None:
        """Labels for an evaluation, where the model takes them."""
        return self.data.conditions(self.count, Stream(3)) if self.model.conditional else None

    @cached_property
    def untrained(self) -> Sample:
        """What the fresh generator makes."""
        z = self.model.latents(self.count, Stream(5).generator())
        with torch.no_grad():
            return call(self.networks.generator.eval(), z, self.labels, Stream(9))

    def scores(self, samples: Sample) -> dict[str, float]:
        """All scores of samples [n, ...], by name."""
        e = Evaluation(samples, self.data, self.domain)
        return {name: value for metric in self.metrics.values() for name, value in metric(e).items()}
