"""Mixtures of points: real samples lie on their centres, up to what float32 can say."""

import pytest

from detente.domains.contracts import Evaluation
from detente.toys.mixture import GridData, GridDomain, Modes, RingData, RingDomain
from toy_parts import rng


@pytest.mark.parametrize("data", [RingData(std=0), RingData(radius=1000.0, std=0), GridData(spacing=0.3, std=0.0)])
def test_all_real_samples_are_inside_and_find_every_centre(data: RingData | GridData) -> None:
    domain = RingDomain() if isinstance(data, RingData) else GridDomain()
    found = Modes()(Evaluation(data.real(500), data, domain, rng()))
    assert found["quality"] == found["inside"] == 1
    assert found["modes"] == data.modes


@pytest.mark.parametrize("off", [1e-4, 0.01, 1.0])
def test_what_is_off_the_points_is_outside(off: float) -> None:
    data = RingData(std=0)
    found = Modes()(Evaluation(data.real(500) + off, data, RingDomain(), rng()))
    assert found["inside"] == found["modes"] == 0
