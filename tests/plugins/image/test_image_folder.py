"""A folder of one's own: what is read, what is left out, and what is said about it."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from detente import UsageError
from detente_image.data import Folder
from detente_image.domain import Image
from images import SPLITS, row_hashes


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
    assert d.notes == (
        "folder: 60 pictures of 20 × 50 to 61 × 30 pixels became 32 × 32, scaled and cropped in the middle"
        " (data.size).",
        "folder: ignored 1 file with other endings: .txt (1).",
    )
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
