"""No row is made of repeated data: samples are capped at the real ones there are, or new ones are drawn."""

import math

import pytest
import torch

from detente.domains.contracts import Data, Domain, Evaluation, Metric, Model
from detente.domains.metrics import PRDC, Frechet, KernelDistance
from detente.domains.packed import PackedData
from detente.engine.sample import Leaf, Sample, Space, batch_size, leaves
from detente.toys.critics import Critics, CriticsData, CriticsDomain
from detente.toys.linear import (
    DiracData,
    DiracDomain,
    Distance,
    LinearQuadratic,
    LinearQuadraticData,
    LinearQuadraticDomain,
    Point,
)
from detente.toys.mixture import MLP, GridData, GridDomain, Modes, RingData, RingDomain
from detente.toys.pair import Pair, PairData, PairDomain
from detente.toys.tokens import Tokens, TokensData, TokensDomain
from detente.training.evaluation import reference_rows, sample_count

TOYS: list[tuple[Domain, Data, Model, list[Metric]]] = [
    (RingDomain(), RingData(size=100), MLP(), [Modes(), Frechet(), KernelDistance(), PRDC()]),
    (GridDomain(), GridData(size=100), MLP(), [Modes(), Frechet()]),
    (TokensDomain(), TokensData(size=100), Tokens(), [Frechet(), PRDC()]),
    (PairDomain(), PairData(size=100), Pair(), [Frechet(), PRDC()]),
    (CriticsDomain(), CriticsData(size=100), Critics(), [Frechet(), PRDC()]),
    (LinearQuadraticDomain(), LinearQuadraticData(size=100), LinearQuadratic(), [Frechet()]),
    (DiracDomain(), DiracData(size=100), Point(), [Distance()]),
]


class Few(PackedData):
    """Twenty held-out points, which nobody can draw more of."""

    def __init__(self, held_out: int = 20) -> None:
        g = torch.Generator().manual_seed(0)
        parts = (torch.randn(n, 2, generator=g) for n in (100, held_out, 50))
        super().__init__(Space((Leaf((2,)),)), *parts, identity=f"few {held_out}")


class Ties(Metric):
    """How many samples are equal to another."""

    scores = {"ties": "lower"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        x = leaves(e.samples)[0].flatten(1)
        return {"ties": float(len(x) - len(x.unique(dim=0)))}


class Domain2(RingDomain):
    sample_count = 30


def rows(x: Sample) -> torch.Tensor:
    return torch.cat([leaf.flatten(1) for leaf in leaves(x)], dim=1)


@pytest.mark.parametrize(("wanted", "count"), [(5, 5), (20, 20), (21, 20), (10_000, 20), (None, 20)])
def test_an_evaluation_has_no_more_samples_than_there_are_real_ones(wanted, count):
    assert sample_count(Domain2(), Few(), wanted) == count
    assert batch_size(Few().real(wanted or 30)) == count
    assert sample_count(Domain2(), Few(held_out=0), wanted) == wanted or 30


def test_where_there_are_fewer_real_samples_their_row_is_nan_and_the_others_are_measured(tmp_path):
    metrics = [Ties(), Frechet(), PRDC()]
    found = reference_rows(Domain2(), metrics, Few(), MLP(), 21, cache=tmp_path)
    assert all(map(math.isnan, found["real"].values())) and found["real"].keys() == found["untrained"].keys()
    assert math.isfinite(found["untrained"]["frechet"]) and math.isfinite(found["baseline"]["frechet"])
    whole = reference_rows(Domain2(), metrics, Few(), MLP(), 20, cache=tmp_path)
    assert whole["real"]["ties"] == 0 and whole["real"]["recall"] > 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("domain", "data", "model", "metrics"), TOYS, ids=[domain.name for domain, *_ in TOYS])
def test_toys_draw_new_real_samples_beyond_the_held_out_ones(domain, data, model, metrics, tmp_path):
    n = 2800
    assert sample_count(domain, data, n) == n
    x = rows(data.real(n))
    assert len(x) == n and x.isfinite().all()
    assert torch.equal(x[:2000], rows(data.held_out()))
    assert torch.equal(x[:2001], rows(data.real(2001)))
    if not isinstance(data, DiracData | TokensData):  # a point, and words of which there are 5⁶
        assert len(x.unique(dim=0)) == n
    few, many = (reference_rows(domain, metrics, data, model, k, cache=tmp_path)["real"] for k in (2000, n))
    primary = domain.primary.score
    assert many[primary] == pytest.approx(few[primary], rel=0.5, abs=0.02)
    for name in {"recall", "coverage", "precision"} & many.keys():
        assert many[name] == pytest.approx(few[name], abs=0.05)


def test_new_words_differ_from_the_held_out_ones_as_two_draws_do():
    held_out, new = rows(TokensData().real(4000)).split(2000)
    assert not torch.equal(held_out, new)
    assert torch.allclose(held_out.mean(0), new.mean(0), atol=5 * math.sqrt(0.16 / 1000))  # of shares of 1/5


class Conditioned(Few):
    """The condition is data, such as the log-mel of a recording."""

    def __init__(self, held_out: int) -> None:
        super().__init__(held_out)
        self.space = Space(self.space.leaves, condition=(3,))


def test_conditions_that_are_training_data_come_once_each():
    assert sample_count(Domain2(), Conditioned(0), 500) == 100
    assert sample_count(Domain2(), Conditioned(20), 500) == 20
    assert sample_count(Domain2(), Conditioned(0), 7) == 7


def test_rows_of_an_earlier_format_are_computed_again(tmp_path, monkeypatch):
    from detente.training import evaluation

    monkeypatch.setattr(evaluation, "_ROWS_FORMAT", 1)
    reference_rows(Domain2(), [Ties()], Few(), MLP(), 10, cache=tmp_path)
    monkeypatch.undo()
    reference_rows(Domain2(), [Ties()], Few(), MLP(), 10, cache=tmp_path)
    assert len(list((tmp_path / "reference").iterdir())) == 2


def test_the_ceiling_does_not_depend_on_what_else_is_asked_for():
    first, second = RingData(seed=1), RingData(seed=1)
    first.real(10_000)
    assert torch.equal(rows(first.real(6001)), rows(second.real(6001)))
    assert not torch.equal(rows(first.real(6001))[2000:], rows(RingData(seed=2).real(6001))[2000:])
