import pytest
import torch
from torch import nn

from detente.engine.chain import chain
from detente.errors import UsageError
from detente.regularizers.ema import EMA
from detente.regularizers.spectral_norm import SpectralNorm
from detente.testing.probe import moment


def test_the_distance_to_a_constant_halves_in_a_half_life():
    net = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    net.weight.data.fill_(1.0)
    ema = EMA(half_life=10, rampup=None)
    ema.attach(net)
    net.weight.data.fill_(3.0)
    for t in range(10):
        ema.adjust_weights(net, moment(t))
    assert ema.deploy(net).weight.item() == pytest.approx(3 - 2 / 2, rel=1e-14)


def test_with_a_ramp_the_first_update_forgets_the_start():
    net = nn.Linear(1, 1, bias=False)
    ema = EMA(half_life=1000)
    ema.attach(net)
    net.weight.data.fill_(3.0)
    ema.adjust_weights(net, moment(0))
    assert ema.deploy(net).weight.item() == 3.0


def test_buffers_are_copied_and_training_is_untouched():
    net = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    ema = EMA(half_life=10, rampup=None)
    ema.attach(net)
    net[1].running_mean.fill_(5.0)
    net[1].num_batches_tracked.fill_(7)
    before = net[0].weight.clone()
    ema.adjust_weights(net, moment())
    deployed = ema.deploy(net)
    assert deployed[1].running_mean.item() == 5.0 and deployed[1].num_batches_tracked.item() == 7
    assert torch.equal(net[0].weight, before) and net.training and not deployed.training


def test_what_is_deployed_is_independent_of_what_is_trained():
    net = nn.Linear(1, 1)
    ema = EMA()
    ema.attach(net)
    deployed = ema.deploy(net)
    with torch.no_grad():
        deployed.weight.fill_(100.0)
    assert ema.deploy(net).weight.item() != 100.0


def test_behind_spectral_norm_the_singular_value_is_that_of_the_averaged_weight():
    net = nn.Linear(2, 2, bias=False, dtype=torch.float64)
    net.weight.data = torch.diag(torch.tensor([2.0, 1.0], dtype=torch.float64))
    both = chain(SpectralNorm(), EMA(half_life=1, rampup=None))
    both.rewrite(net)
    both.attach(net)
    net.weight.data = torch.diag(torch.tensor([2.0, 9.0], dtype=torch.float64))
    both.adjust_weights(net, moment())  # the average is diag(2, 5)
    out = both.deploy(net)(torch.eye(2, dtype=torch.float64))
    assert torch.allclose(out, torch.diag(torch.tensor([0.4, 1.0], dtype=torch.float64)), rtol=1e-12)


def test_nothing_that_changes_weights_stands_behind_it():
    with pytest.raises(UsageError, match="Put ema last"):
        chain(EMA(), SpectralNorm())
