"""Running statistics that never move are not statistics: a momentum of 0 is refused, the smallest above it is not."""

import pytest

from detente.errors import UsageError
from detente.regularizers import BatchNorm, MinibatchStddev


@pytest.mark.parametrize("make", [BatchNorm, MinibatchStddev])
@pytest.mark.parametrize("momentum", [0, 0.0, -0.0, -1e-9, 1.0000001])
def test_a_momentum_that_keeps_statistics_as_they_began_or_overshoots_is_refused(make, momentum):
    with pytest.raises(UsageError, match=r"momentum=.* should be above 0 and at most 1"):
        make(momentum=momentum)


@pytest.mark.parametrize("make", [BatchNorm, MinibatchStddev])
@pytest.mark.parametrize("momentum", [1e-9, 0.5, 1])
def test_a_momentum_that_moves_them_is_taken(make, momentum):
    assert make(momentum=momentum).momentum == momentum
