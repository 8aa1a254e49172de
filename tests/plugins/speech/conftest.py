"""What several test modules of speech start from."""

import pytest

from detente_speech.recordings import Vocoded
from voices import Synthetic


@pytest.fixture(scope="module")
def voices(one_thread_and_a_cache_of_our_own: None) -> Synthetic:
    """Forty clips of two synthetic voices."""
    found = Synthetic()
    assert found.audio.sizes["train"]  # prepared while the cache is ours
    return found


@pytest.fixture(scope="module")
def vocoded(voices: Synthetic) -> Vocoded:
    """The same as waveforms of 8 kHz with their log-mels."""
    return Vocoded(voices, 8000)
