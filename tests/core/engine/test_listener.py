"""Hooks that give somebody else's forwards their noise."""

import copy
import pickle

import pytest
import torch
from torch import nn

from detente.engine.forward import call
from detente.engine.listener import Heard, Listener, listened_to
from detente.engine.streams import Stream, announced


class Owner:
    def __init__(self):
        self.asked = 0

    def heard(self, x):
        self.asked += 1
        return Heard(Stream(self.asked))


class Noisy(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(3))

    def forward(self, x):
        if x.isnan().any():
            raise ValueError("not a number")
        return x * self.w + torch.randn(3)


def listened(owner):
    net = Noisy()
    Listener(owner).on(net)
    return net


def test_a_forward_has_its_own_noise_and_leaves_the_callers():
    net, x = listened(Owner()), torch.zeros(3)
    torch.manual_seed(1)
    expected = torch.rand(2)
    torch.manual_seed(1)
    first, second = net(x), net(x)
    assert torch.equal(torch.rand(2), expected) and not torch.equal(first, second)
    assert torch.equal(first, torch.randn(3, generator=Stream(1).generator()))


def test_a_forward_that_fails_leaves_everything_as_it_was():
    net = listened(Owner())
    torch.manual_seed(1)
    with pytest.raises(ValueError, match="not a number"):
        net(torch.full((3,), float("nan")))
    after = torch.rand(2)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(2)) and not announced()


def test_the_engines_own_forwards_and_those_in_evaluation_are_not_asked_about():
    owner = Owner()
    net = listened(owner)
    call(net, torch.zeros(3), None, Stream(9))
    net.eval()(torch.zeros(3))
    assert owner.asked == 0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_is_not_listened_to(copied):
    owner = Owner()
    net = listened(owner)
    other = copied(net)
    other(torch.zeros(3))
    assert owner.asked == 0 and listened_to(net) and not listened_to(other)
