"""Two leaves that belong together."""

import torch

from detente.toys.domain import flat
from detente.toys.pair import PairData
from toy_parts import parts, rng


def test_the_pair_baseline_knows_each_leaf_and_nothing_of_the_other() -> None:
    toy = parts("pair")
    assert isinstance(toy.data, PairData)
    covariance = torch.cov(flat(toy.domain.baseline(toy.data, 20_000, rng())).T.double())
    expected = toy.data.covariance.clone()
    assert expected[:12, 12:].abs().max() == 0.5
    expected[:12, 12:] = expected[12:, :12] = 0
    assert (covariance - expected).abs().max() < 0.1  # 5000 samples were fitted: four standard errors
