"""What the bench times: a loop with r1 by hand and through `attach` end at the same weights."""

import pytest

from bench.loops import close, r1_attached, r1_by_hand
from bench.tables import tables


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ring", "dcgan", "molgan"])
def test_both_loops_of_the_bench_give_the_same_weights(name):
    (table,) = [t for t in tables() if t.name == name]
    assert close(table)
    before = [p.detach().clone() for p in r1_by_hand(table)(0).discriminator.parameters()]
    after = r1_attached(table)(0).discriminator.parameters()
    assert all(a.shape == b.shape for a, b in zip(before, after, strict=True))
