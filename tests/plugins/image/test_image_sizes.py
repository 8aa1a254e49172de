"""Pictures for which there is no memory are refused by the option that asks for them; no file is blamed."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from detente import UsageError, recipe
from detente.domains import room
from detente_image.data import Emoji, Folder


@pytest.mark.parametrize("size", [7, 2049, 100_000, 10**9])
def test_the_size_has_bounds(size: int) -> None:
    for data in ("emoji", "folder"):
        with pytest.raises(UsageError, match=r"data\.size: should be (less|greater) than or equal to"):
            recipe.resolve(
                domain="image", sets=[f"data={data}", f"data.size={size}", "data.path=a"][: 3 - (data == "emoji")]
            )


@pytest.mark.parametrize(("size", "channels"), [(64, 1), (256, 3), (2048, 3)])
def test_a_folder_that_does_not_fit_is_refused_before_a_file_is_read(
    size: int, channels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(3):
        Picture.fromarray(np.full((8, 8), 40 * i, np.uint8)).save(tmp_path / f"{i}.png")
    monkeypatch.setattr(room, "memory", lambda: 20_000)
    with pytest.raises(
        UsageError, match=rf"data\.size: 3 pictures of {channels} × {size} × {size}: at least .* needed"
    ):
        Folder(str(tmp_path), size=size, channels=channels)  # type: ignore[arg-type]


def test_emoji_that_do_not_fit_are_refused_before_one_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path))
    monkeypatch.setattr(room, "memory", lambda: 2**30)
    with pytest.raises(UsageError, match=r"data\.size: [\d,]+ pictures of 3 × 1024 × 1024"):
        Emoji(size=1024)
