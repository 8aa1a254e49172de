"""What was not handed over says so when it is looked at, and not before."""

import pytest
import torch

from detente.engine.absent import Absent, AbsentNetwork, AbsentObjective, Tensors
from detente.engine.gradients import gradient_sumsq
from detente.engine.sample import batch_size, detach, leaves, lerp
from detente.errors import UsageError


@pytest.mark.parametrize(
    "look", [batch_size, detach, lambda x: leaves(x)[0], lambda x: lerp(torch.ones(2), x, torch.ones(2))]
)
def test_an_absent_sample_says_what_is_wanted(look):
    with pytest.raises(UsageError, match="the latents"):
        look(Absent("the latents"))


def test_an_absent_network_and_loss_say_so_too():
    with pytest.raises(UsageError, match="a generator"):
        AbsentNetwork("a generator")(torch.ones(2))
    with pytest.raises(UsageError, match="a generator"):
        gradient_sumsq(torch.ones((), requires_grad=True), AbsentNetwork("a generator"))
    with pytest.raises(UsageError, match="objective="):
        AbsentObjective().generator(None)


def test_plain_tensors_have_the_augmentations_that_are_given():
    def double(x, generator):
        return 2 * x

    assert Tensors({"double": double}).augmentations == {"double": double} and Tensors().augmentations == {}
    noise = Tensors().noise_like(torch.zeros(1000, dtype=torch.float64), torch.Generator().manual_seed(0))
    assert noise.dtype == torch.float64 and abs(noise.std() - 1) < 0.1
