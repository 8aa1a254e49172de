"""Data of the toys: shapes, splits, identities, and moments that are known."""

import math
from typing import Any

import pytest
import torch

from detente.engine.sample import leaves
from detente.errors import UsageError
from detente.toys.critics import CriticsData
from detente.toys.data import HELD_OUT, REFERENCE
from detente.toys.domain import flat, training_samples
from detente.toys.linear import LinearQuadraticData
from detente.toys.mixture import MLP, GridData, RingData
from detente.toys.pair import Pair, PairData
from detente.toys.tokens import TokensData
from toy_parts import Parts, parts


def test_data_have_the_shapes_of_their_space_and_three_splits(toy: Parts) -> None:
    shapes = tuple(leaf.shape for leaf in toy.data.space.leaves)
    for x, n in (
        (toy.data.batch(torch.tensor([3, 0, 5])).x, 3),
        (toy.data.held_out(), HELD_OUT),
        (toy.data.reference(), REFERENCE),
    ):
        assert tuple(leaf.shape for leaf in leaves(x)) == tuple((n, *shape) for shape in shapes)
        assert all(leaf.dtype == torch.float32 for leaf in leaves(x))
    assert toy.data.description
    assert toy.data.licence


@pytest.mark.parametrize("name", ["ring", "grid", "pair", "critics"])
def test_no_sample_is_in_two_splits(name: str) -> None:
    data = parts(name).data
    split = [flat(x) for x in (training_samples(data, len(data)), data.held_out(), data.reference())]
    points = {tuple(row) for x in split for row in x.tolist()}
    assert len(points) == sum(map(len, split))  # by chance, 24,000 pairs of float32 repeat none


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (LinearQuadraticData, {"seed": 1}),
        (RingData, {"std": 0.2}),
        (GridData, {"spacing": 1.0}),
        (PairData, {"noise": 0.2}),
        (CriticsData, {"size": 500}),
        (TokensData, {"order": 0.5}),
    ],
)
def test_identity_and_draws_follow_the_options(make: Any, change: dict[str, Any]) -> None:
    first, same, other = make(), make(), make(**change)
    assert first.identity == same.identity != other.identity
    assert torch.equal(flat(first.reference()), flat(same.reference()))


@pytest.mark.parametrize("make", [PairData, CriticsData, TokensData])
def test_moments_are_those_of_the_closed_form(make: Any) -> None:
    data = make(size=40_000)
    x = flat(training_samples(data, len(data))).double()
    # Entries of a covariance of numbers of size 1 have a standard error of about 1/√40000 = 0.005, means the same.
    assert (torch.cov(x.T) - data.covariance).abs().max() < 0.03
    mean = 1 / 5 if make is TokensData else 0.0
    assert (x.mean(dim=0) - mean).abs().max() < 0.025


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (RingData, {"std": -1.0}),
        (GridData, {"std": math.nan}),
        (RingData, {"size": 0}),
        (LinearQuadraticData, {"size": 1}),
        (PairData, {"noise": -0.1}),
        (TokensData, {"order": 1.5}),
        (MLP, {"width": 0}),
        (MLP, {"depth": 0}),
        (Pair, {"latent_dim": 0}),
    ],
)
def test_options_without_a_meaning_are_refused_by_name(make: Any, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        make(**options)
