"""What several test modules of molecules start from."""

import pytest

from detente_molecule.data import QM9


@pytest.fixture(scope="module")
def qm9(one_thread_and_a_cache_of_our_own: None) -> QM9:
    """Five hundred molecules to train on."""
    return QM9(size=500)


@pytest.fixture(scope="module")
def few(one_thread_and_a_cache_of_our_own: None) -> QM9:
    """Three hundred of them, which networks learn quickly."""
    return QM9(size=300)
