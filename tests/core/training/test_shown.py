"""Samples of real data and an untrained generator beside a run's own, and what its record says for reports."""

import json

import pytest

from detente.cli import main
from detente.training import shown


def train(folder, *more: str) -> dict:
    sets = ["evaluate_every=2", "samples=50", "checkpoint_every=2"]
    options = [part for each in sets for part in ("--set", each)]
    assert main(["train", "ring", "--steps", "2", *options, "--folder", str(folder), "-q", *more]) == 0
    return json.loads((folder / "run.json").read_text())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return tmp_path_factory.mktemp("runs") / "run"


def test_a_run_has_pictures_of_real_data_and_of_its_generator_untrained(run):
    info = train(run)
    names = {path.name for path in (run / "samples").iterdir()}
    assert names == {"real.png", "untrained.png", "step-000002.png"}
    real, untrained = ((run / "samples" / f"{row}.png").read_bytes() for row in ("real", "untrained"))
    assert real != untrained
    assert info["start"] == "untrained"
    assert info["directions"]["frechet"] == "lower" and info["directions"]["coverage"] == "higher"


def test_a_cell_leaves_them_out_where_another_one_of_its_domain_has_them(run, tmp_path, monkeypatch):
    if not (run / "samples").exists():
        train(run)
    other = tmp_path / "cells" / "ring" / "a" / "0" / "samples"
    other.mkdir(parents=True)
    (other / "real.png").write_bytes(b"there")
    drawn: list[str] = []
    monkeypatch.setattr(shown, "_samples", lambda row, built: drawn.append(row))

    class Stub:
        preview_suffix, preview_count = ".png", 4

    class Built:
        domain = Stub

    from detente.training.run_folder import Run

    for arm, of_a_study, wanted in (("a", True, []), ("b", True, []), ("b", False, ["untrained", "real"])):
        mine = Run(tmp_path / "cells" / "ring" / arm / "1")
        mine.samples.mkdir(parents=True, exist_ok=True)
        if of_a_study:
            mine.expected.write_text("{}")
        else:
            mine.expected.unlink()
        drawn.clear()
        shown.write(Built, mine)
        assert drawn == wanted


def test_a_picture_that_cannot_be_drawn_ends_no_run(tmp_path, monkeypatch, caplog):
    def broken(row, built):
        raise RuntimeError("no colours left")

    monkeypatch.setattr(shown, "_samples", broken)
    assert train(tmp_path / "run")["status"] == "finished"


@pytest.mark.parametrize(
    ("warms", "good", "start"), [(False, False, "untrained"), (True, True, "baseline"), (True, False, None)]
)
def test_where_a_curve_starts_is_known_where_a_reference_row_is_the_generator(warms, good, start, monkeypatch):
    class Model:
        starts_good = good

    class Built:
        model, metrics = Model, ()

    monkeypatch.setattr(shown, "warms_up", lambda model: warms)
    assert shown.about(Built)["start"] == start
