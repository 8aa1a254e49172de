"""Pictures as files of their own."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Picture

from detente_image.domain import Image


@pytest.mark.parametrize(("shape", "mode"), [((1, 8, 9), "L"), ((3, 16, 12), "RGB"), ((3, 32, 32), "RGB")])
def test_each_picture_is_a_file_of_its_size_with_its_values(tmp_path: Path, shape: tuple[int, ...], mode: str):
    values = torch.randint(256, (5, *shape), generator=torch.Generator().manual_seed(0))
    files = Image().save(values / 127.5 - 1, tmp_path)
    assert [file.name for file in files] == [f"0000{i}.png" for i in range(1, 6)]
    for file, expected in zip(files, values, strict=True):
        with Picture.open(file) as picture:
            assert picture.mode == mode
            assert np.array_equal(np.asarray(picture).reshape(*shape[1:], -1), expected.permute(1, 2, 0).numpy())


def test_beyond_white_is_white_and_what_is_not_finite_is_not_usable():
    x = torch.tensor([-5.0, 5.0, float("nan")])[:, None, None, None].expand(3, 1, 8, 8)
    assert [picture.getpixel((0, 0)) for picture in Image().content(x)["images"]] == [0, 255, 0]
    assert Image().usable(x).tolist() == [True, True, False]
