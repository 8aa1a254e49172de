"""The cases that regularizers are tried in."""

import pytest

from detente.testing import cases


@pytest.fixture(scope="module")
def toys():
    return cases()


@pytest.fixture(scope="module")
def few(toys):
    """One case with several critics, one with several leaves, one more: others the laws bring along."""
    return [case for case in toys if case.name in ("ring", "pair", "critics")]
