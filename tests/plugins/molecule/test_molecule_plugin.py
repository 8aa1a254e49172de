"""What the plugin declares, and how it enters."""

import pytest

from declarations import declared, entry_point

LATE = ("fcd_torch", "qm9pack")
"""What only some of it needs, when it is used."""


@pytest.mark.slow
def test_declarations_import_no_heavy_library_and_every_target_exists():
    found = declared("molecule", "torch", "numpy", "rdkit", *LATE)
    assert found.early == set()
    assert not found.late & set(LATE)
    assert set(found.summaries) == {
        *("molecule", "qm9", "wehi", "smiles", "molgan", "selfies", "latent"),
        *("validity", "properties", "internal-diversity", "class-accuracy", "class-means", "fcd"),
    }
    assert all(found.summaries.values())


def test_the_distribution_enters_by_the_entry_point():
    assert entry_point("molecule") == ("detente_molecule.plugin", "detente-molecule")
