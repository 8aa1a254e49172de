"""Metrics with one planted fault each; `METRICS` names the law that must catch each."""

import random

import torch

from detente import Evaluation, Metric, leaves


class Sorting(Metric):
    scores = {"sorting": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        x = leaves(e.samples)[0]
        x.copy_(x.sort(0).values)
        return {"sorting": x[len(x) // 2].mean().item()}


class ClampsTheReference(Metric):
    scores = {"clamps-the-reference": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        x, real = leaves(e.samples)[0], leaves(e.data.reference())[0].clamp_(-0.1, 0.1)
        return {"clamps-the-reference": (x.mean() - real.mean()).item()}


class Gambling(Metric):
    scores = {"gambling": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return {"gambling": leaves(e.samples)[0].mean().item() + random.random()}


class GlobalSubset(Metric):
    scores = {"global-subset": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        x = leaves(e.samples)[0]
        return {"global-subset": x[torch.randperm(len(x))[: len(x) // 2]].mean().item()}


class FirstTen(Metric):
    scores = {"first-ten": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return {"first-ten": leaves(e.samples)[0][:10].mean().item()}


class RunningMean(Metric):
    scores = {"running-mean": "higher"}

    def __init__(self) -> None:
        self.seen: list[float] = []

    def __call__(self, e: Evaluation) -> dict[str, float]:
        self.seen.append(leaves(e.samples)[0].mean().item())
        return {"running-mean": sum(self.seen) / len(self.seen)}


class Brittle(Metric):
    scores = {"brittle": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        x = leaves(e.samples)[0].double()
        return {"brittle": torch.linalg.cholesky(x.T.cov()).diagonal().sum().item()}


class OfTheData(Metric):
    scores = {"of-the-data": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return {"of-the-data": leaves(e.data.held_out())[0].mean().item()}


class Nameless(Metric):
    scores = {}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return {}


METRICS = {
    Sorting: "metrics_leave_the_samples_alone",
    ClampsTheReference: "metrics_leave_the_samples_alone",
    Gambling: "metrics_draw_from_their_own_stream",
    GlobalSubset: "metrics_draw_from_their_own_stream",
    FirstTen: "metrics_ignore_the_order_of_samples",
    RunningMean: "metrics_keep_nothing_between_evaluations",
    Brittle: "metrics_survive_poor_samples",
    OfTheData: "metrics_see_the_samples",
    Nameless: "scores_have_one_owner",
}
