"""From a recipe to a game: what depends on the seed, and which part an error is about."""

import pytest
import torch

from detente.engine.sample import Batch
from detente.errors import UsageError
from detente.recipe import load
from detente.training.build import build
from detente.training.warmup import weights_hash

pytestmark = pytest.mark.usefixtures("module_cache")

SETS = ["data.size=64", "device=cpu"]


def test_weights_depend_on_the_seed_and_not_on_the_regularizers_beside_them() -> None:
    def hashes(seed: int, *regs: str) -> list[str]:
        return [weights_hash(n) for n in build(load(None, "ring", [*SETS, f"seed={seed}"], regs)).networks]

    assert hashes(1) == hashes(1, "d:r1") != hashes(2)


def test_labels_go_no_further_where_the_model_takes_none_and_samples_have_the_precision() -> None:
    built = build(load(None, "ring", [*SETS, "precision=fp64"]))
    batch = built.prepare(Batch(torch.zeros(4, 2), torch.arange(4)))
    assert isinstance(batch.x, torch.Tensor)
    assert (batch.x.dtype, batch.labels) == (torch.float64, None)
    assert all(p.dtype == torch.float64 for net in built.networks for p in net.parameters())


def test_a_device_that_this_machine_lacks_is_named_with_what_to_use() -> None:
    with pytest.raises(UsageError, match=r"device: cuda:99 is not available on this machine\. Use device=cpu"):
        build(load(None, "ring", SETS), device="cuda:99")


def test_a_regularizer_that_does_not_fit_is_named_by_its_place() -> None:
    with pytest.raises(
        UsageError, match=r"discriminator\.regularizers: no hidden layer of Perceptron matches where='nothing'"
    ):
        build(load(None, "ring", SETS, ["d:dropout(where=nothing)"]))
