import torch

from detente.regularizers.instance_noise import InstanceNoise
from detente.testing.probe import moment


def test_the_noise_has_the_stated_deviation_on_every_leaf():
    x = torch.zeros(500, 20), torch.ones(500, 4, 5)
    a, b = InstanceNoise(std=0.5).augment(x, moment())
    for leaf, mean in ((a, 0.0), (b, 1.0)):
        # 10,000 draws: 4 standard errors
        assert abs(leaf.mean().item() - mean) < 0.02 and abs(leaf.std().item() - 0.5) < 0.015


def test_the_draws_are_those_of_its_own_moment():
    x, noise = torch.zeros(4, 3), InstanceNoise(std=1.0)
    assert torch.equal(noise.augment(x, moment(5)), noise.augment(x, moment(5)))
    assert not torch.equal(noise.augment(x, moment(5)), noise.augment(x, moment(6)))


def test_the_gradient_passes_unchanged():
    x = torch.zeros(2, 3, requires_grad=True)
    InstanceNoise().augment(x, moment()).sum().backward()
    assert torch.equal(x.grad, torch.ones(2, 3))
