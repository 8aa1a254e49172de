"""Samples as a page shows them."""

import base64
import io
import random

import pytest
from PIL import Image

from detente.report import gallery, study_report
from pages import write_cell, write_study


def test_samples_that_cannot_be_shown_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "_MOST_BYTES", 3)
    for name, why in (("step-000010.bin", "cannot be shown"), ("step-000020.txt", "too large")):
        (tmp_path / name).write_bytes(b"1234" if name.endswith("txt") else b"1")
        found = gallery.preview(tmp_path / name)
        assert (found.kind, name in found.content, why in found.content) == ("none", True, True)


def test_the_files_of_a_step_stand_together_with_the_main_one_first(tmp_path):
    for name in (
        "step-000010.png",
        "step-000500-2.ogg",
        "step-000500.png",
        "step-000500-1.ogg",
        "step-000500.png.partial",
    ):
        (tmp_path / name).write_bytes(name.encode())
    first, last = gallery.samples(tmp_path)
    assert (first.step, len(first.parts)) == (10, 1)
    assert last.step == 500
    assert [part.kind for part in last.parts] == ["image", "sound", "sound"]
    decoded = [base64.b64decode(part.content.partition(",")[2]).decode() for part in last.parts]
    assert decoded == ["step-000500.png", "step-000500-1.ogg", "step-000500-2.ogg"]


def picture(width: int, height: int, kind: str = "PNG", seed: int = 0) -> bytes:
    """Noise, which no lossless format makes small."""
    out = io.BytesIO()
    Image.frombytes("RGB", (width, height), random.Random(seed).randbytes(3 * width * height)).save(out, kind)
    return out.getvalue()


def content(uri: str) -> tuple[str, bytes]:
    media, _, coded = uri.partition(";base64,")
    return media.removeprefix("data:"), base64.b64decode(coded)


@pytest.mark.parametrize(
    ("size", "shown"), [((300, 200), (300, 200)), ((1800, 400), (900, 200)), ((901, 60), (900, 60))]
)
def test_a_large_picture_becomes_a_smaller_webp_that_is_no_wider_than_a_page(tmp_path, size, shown):
    (tmp_path / "step-000010.png").write_bytes(before := picture(*size))
    found = gallery.preview(tmp_path / "step-000010.png")
    media, after = content(found.content)
    assert media == "image/webp" and len(after) < len(before) / 2
    with Image.open(io.BytesIO(after)) as opened:
        assert opened.size == shown


def test_sharp_pixels_stay_as_they_are(tmp_path):
    grid = Image.new("RGB", (640, 640))
    light = Image.new("RGB", (40, 40), (255, 255, 255))
    for x, y in [(x, y) for x in range(16) for y in range(16) if (x + y) % 2]:
        grid.paste(light, (40 * x, 40 * y))
    grid.save(tmp_path / "step-000010.png", compress_level=0)
    assert (tmp_path / "step-000010.png").stat().st_size > 8_000
    media, after = content(gallery.preview(tmp_path / "step-000010.png").content)
    with Image.open(io.BytesIO(after)) as opened:
        assert opened.convert("RGB").tobytes() == grid.tobytes()
    assert media in ("image/webp", "image/png")


@pytest.mark.parametrize("broken", [b"\x89PNG" + b"x" * 9000, picture(100, 100)[:9000], b"GIF89a" + b"x" * 9000])
def test_a_picture_that_cannot_be_opened_stays_what_it_is(tmp_path, broken):
    (tmp_path / "step-000010.png").write_bytes(broken)
    assert content(gallery.preview(tmp_path / "step-000010.png").content) == ("image/png", broken)


def test_what_belongs_to_one_sample_stands_together_its_picture_before_its_sound(tmp_path):
    for name in (
        "step-000500.png",
        "step-000500-smiles.txt",
        *(f"step-000500-{i}.{e}" for i in (1, 2, 10) for e in ("ogg", "png")),
    ):
        (tmp_path / name).write_bytes(name.encode())
    (found,) = gallery.samples(tmp_path)
    assert [(part.kind, part.part) for part in found.main] == [("image", ""), ("text", "smiles")]
    assert [n for n, _ in found.single] == ["1", "2", "10"]
    assert {tuple(part.kind for part in parts) for _, parts in found.single} == {("image", "sound")}


def test_real_data_come_before_an_untrained_generator_and_what_else_lies_there_is_neither(tmp_path):
    for name in ("untrained.png", "real.png", "real-1.ogg", "really.png", "step-000500.png", "real.png.partial"):
        (tmp_path / name).write_bytes(name.encode())
    found = gallery.references(tmp_path)
    assert [text for text, _ in found] == ["real data", "untrained generator"]
    assert [(part.kind, part.part) for part in found[0][1].parts] == [("image", ""), ("sound", "1")]
    assert gallery.references(tmp_path / "none") == []


@pytest.mark.slow
def test_a_page_of_24_runs_of_four_kinds_has_at_most_3_megabytes(tmp_path):
    """Samples as large as the demo's: pictures of sound of half a megabyte, six sounds each, drawings, grids."""
    study = write_study(tmp_path, ["none", *"bcdef"], domains=["image", "speech", "molecule", "text"], seeds=[0])
    noise = smooth(900, 530)
    for i, cell in enumerate(study.cells):
        write_cell(cell, "finished", (0.1, 0.4), suffix=".png", content=smooth(650, 650, i))
        shown = cell.run.samples
        if cell.domain == "speech":
            (shown / "step-000020.png").write_bytes(noise)
            for k in range(6):
                (shown / f"step-000020-{k + 1}.ogg").write_bytes(random.Random(k).randbytes(4_400))
                (shown / f"step-000020-{k + 1}.png").write_bytes(picture(50, 50))
        elif cell.domain == "molecule":
            (shown / "step-000020.png").unlink()
            (shown / "step-000020.svg").write_bytes(b"<svg>" + b"<path d='M1 1L2 2'/>" * 1800 + b"</svg>")
    assert len(noise) > 400_000
    assert study_report(tmp_path).stat().st_size < 3_000_000


def smooth(width: int, height: int, seed: int = 0) -> bytes:
    """A picture with structure and some noise, as a spectrogram has."""
    out = io.BytesIO()
    coarse = Image.frombytes("RGB", (64, 40), random.Random(seed).randbytes(3 * 64 * 40))
    coarse.resize((width, height), Image.Resampling.BICUBIC).save(out, "PNG")
    return out.getvalue()
