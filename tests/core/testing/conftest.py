"""The cases that regularizers are tried in."""

import pytest

from detente.testing import cases


@pytest.fixture(scope="module")
def toys():
    return cases()
