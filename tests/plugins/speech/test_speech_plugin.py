"""What the plugin declares, and how it enters."""

import pytest

from declarations import declared, entry_point

LATE = ("soundfile", "G722", "matplotlib", "onnxruntime")
"""What only some of it needs, when it is used."""


@pytest.mark.slow
def test_declarations_import_no_heavy_library_and_every_target_exists():
    found = declared("speech", "torch", "numpy", "torchaudio", *LATE)
    assert found.early == set()
    assert not found.late & set(LATE)
    assert set(found.summaries) == {
        *("speech", "prompts", "folder", "fsdd", "yesno", "speechcommands", "specgan", "vocoder", "wavegan"),
        *("voices", "class-accuracy", "naturalness", "vocoding"),
    }
    assert all(found.summaries.values())


def test_the_distribution_enters_by_the_entry_point():
    assert entry_point("speech") == ("detente_speech.plugin", "detente-speech")
