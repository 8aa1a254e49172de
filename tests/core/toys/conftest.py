"""Every toy in turn."""

import pytest

from toy_parts import TOYS, Parts, parts


@pytest.fixture(params=TOYS)
def toy(request: pytest.FixtureRequest) -> Parts:
    return parts(request.param)
