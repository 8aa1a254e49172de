"""Two leaves that belong together."""

import torch

from detente.engine.sample import leaves
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


def test_table_and_vector_have_common_causes() -> None:
    """Without noise the vector is known from the table: s = ½ Σ hᵢ with hᵢ the first column, as u₀ = 1."""
    table, vector = leaves(PairData(noise=0.0, size=50).batch(torch.arange(50)).x)
    s = table[:, :, 0].sum(dim=1) / 2
    torch.testing.assert_close(vector, s[:, None] * torch.tensor([1.0, 0.5, 0.0, -0.5, -1.0]))
    torch.testing.assert_close(table[:, :, 1], -0.5 * table[:, :, 0])


def test_who_looks_at_one_leaf_alone_misses_half() -> None:
    """Each leaf of the baseline has the moments of the data's, and the critic of the other leaf sees no link."""
    toy = parts("pair")
    table, vector = leaves(toy.domain.baseline(toy.data, 20_000, rng()))
    real_table, real_vector = leaves(toy.data.batch(torch.arange(10_000)).x)

    def link(t: torch.Tensor, v: torch.Tensor) -> float:
        return torch.corrcoef(torch.stack([t[:, :, 0].sum(dim=1), v[:, 0]]))[0, 1].item()

    assert link(real_table, real_vector) > 0.97 and abs(link(table, vector)) < 0.03
    torch.testing.assert_close(torch.cov(vector.T), torch.cov(real_vector.T), atol=0.06, rtol=0)


def test_a_sample_is_two_leaves_side_by_side_in_text() -> None:
    lines = parts("pair").domain.lines((torch.zeros(2, 2, 1), torch.tensor([[1.5], [-2.0]])))
    assert lines == ["+0.0000 +0.0000 | +1.5000", "+0.0000 +0.0000 | -2.0000"]
