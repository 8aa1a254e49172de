"""What the tests of recipes start from."""

from collections.abc import Iterator

import pytest

from detente.plugins import Host
from shapes_plugin import shapes_host


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """The core's own plugin, one with the domain `shapes`, and one that is broken."""
    with shapes_host(tmp_path_factory.mktemp("site")) as found:
        yield found
