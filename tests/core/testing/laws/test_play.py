"""A regularizer that harms the game around it is caught by name."""

import itertools

import pytest
import torch

from detente.engine.gradients import input_gradient
from detente.engine.regularizer import Passes, Regularizer
from detente.engine.sample import leaves, sumsq
from detente.regularizers.l2 import L2
from detente.regularizers.r1 import R1
from planted import assert_caught


class UndetachedGenerator(Regularizer):
    players = ("discriminator",)

    def penalty(self, s):
        return torch.cat([d.flatten() for d in leaves(s.critic(s.generate(s.z)))]).square().mean()

    def passes(self):
        return Passes(critic=1, generator=1)


class BackwardOfItsOwn(R1):
    """Calls backward itself and so fills the other player's gradients."""

    def penalty(self, s):
        s.losses()[1].backward(retain_graph=True)
        return super().penalty(s)

    couples = True


class UnsavedState(Regularizer):
    """A running mean in a plain attribute: gone after a restart."""

    players = ("discriminator",)

    def __init__(self):
        super().__init__()
        self.mean = torch.zeros(())

    def penalty(self, s):
        self.mean = 0.5 * self.mean + 0.5 * s.real_score.mean().detach()
        return (s.real_score - self.mean).square().mean()


class MultipliedByZero(R1):
    """Switched off by multiplication: the graph and the NaN of an unused branch stay."""

    def inactive(self, m):
        return False

    def penalty(self, s):
        return self.gamma * sumsq(input_gradient(s.real_logits, s.real)).mean() + s.real_score.mean() * 1e-3


class WaitsForTheHost(L2):
    def adjust_gradients(self, net, m):
        if self._chosen[0].abs().max().item() > 0:
            super().adjust_gradients(net, m)


class ChangesTheFakes(R1):
    def penalty(self, s):
        for leaf in leaves(s.fake):
            leaf.data.mul_(1.5)
        return super().penalty(s)


class Explodes(Regularizer):
    def adjust_weights(self, net, m):
        for p in net.parameters():
            p.mul_(torch.inf)


class CountsItsInstances(R1):
    """Is stronger each time that one is made, so that a game depends on those before it."""

    made = itertools.count(1)

    def __init__(self):
        super().__init__(gamma=next(self.made))


DEFECTS = {
    Explodes: "play_goes_on",
    CountsItsInstances: "penalties_commute_to_the_bit",
    UndetachedGenerator: "the_other_player_is_left_alone",
    BackwardOfItsOwn: "the_other_player_is_left_alone",
    UnsavedState: "a_checkpoint_holds_everything",
    MultipliedByZero: "off_is_absent_to_the_bit",
    WaitsForTheHost: "nothing_waits_for_the_device",
    ChangesTheFakes: "extra_calls_shift_nobody",
}


@pytest.mark.slow
@pytest.mark.parametrize(("defect", "law"), DEFECTS.items(), ids=lambda x: x if isinstance(x, str) else x.__name__)
def test_a_planted_defect_is_caught_by_its_law(defect, law, toys):
    assert_caught(defect, law, toys)
