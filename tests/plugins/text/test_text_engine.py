"""Text on the command line: every regularizer trains or says why not, and what is exported brings its words along."""

import json
import random
from pathlib import Path

import pytest

from detente.cli import main
from detente.plugins import host
from detente.training.export import load_exported
from texts import WORDS

SMALL = (
    *("model.width=8", "model.embedding=4", "model.maps=4", "model.latent_dim=4", "model.warm_up_steps=2"),
    *("data.vocabulary=20", "data.length=5", "samples=20", "checkpoint_every=100"),
)
POSITIONLESS = {"instance-norm"}
"""The critic's hidden layer has no positions to normalize over; that is said, with what to do."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory):
    """Three steps on a file of short sentences, with a warm-up that all runs share."""
    folder, draws = tmp_path_factory.mktemp("text"), random.Random(0)
    rows = (" ".join(draws.choices(WORDS, k=draws.randint(3, 5))) for _ in range(400))
    (folder / "lines.txt").write_text("\n".join(rows), encoding="utf-8")

    def run(name: str, *more: str) -> int:
        sets = [part for one in (f"data.path={folder / 'lines.txt'}", *SMALL) for part in ("--set", one)]
        where = ["--folder", str(folder / name)]
        return main(["train", "text", "--data", "lines", *sets, "--steps", "3", "--batch", "8", *where, "-q", *more])

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DETENTE_CACHE", str(folder / "cache"))
        yield run, folder


@pytest.fixture
def train(runs):
    return runs[0]


@pytest.fixture
def folder(runs) -> Path:
    return runs[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", [e.name for e in host().entries("regularizer")])
def test_every_regularizer_trains_on_text_or_says_why_not(name, train, capsys):
    code = train(name, "--reg", name, "--set", "metrics=[frechet]")
    if name in POSITIONLESS:
        assert code == 2 and "without positions to normalize over" in capsys.readouterr().err
    else:
        assert code == 0


def test_a_run_leaves_sentences_scores_and_three_rows_and_exports_its_words(train, folder, tmp_path):
    assert train("whole") == 0
    run = folder / "whole"
    written = (run / "samples" / "step-000003.txt").read_text(encoding="utf-8").splitlines()
    assert len(written) == 15  # there are no more held-out lines to compare with
    assert {word for line in written for word in line.split()} <= {*WORDS, "<unk>"}
    references = json.loads((run / "run.json").read_text())["references"]
    assert set(references) == {"real", "baseline", "untrained"}
    assert references["real"]["bleu-references"] == 15 and references["real"]["frechet"] >= 0
    assert main(["export", str(run), "--out", str(tmp_path / "model")]) == 0
    exported = load_exported(tmp_path / "model")
    assert exported.space.leaves[0].symbols[2:] and set(exported.space.leaves[0].symbols[2:]) <= set(WORDS)
    exported.domain.preview(exported.sample(5), tmp_path / "x.txt")
    assert set((tmp_path / "x.txt").read_text().split()) <= {*WORDS, "<unk>"}


def test_the_warm_up_is_made_once_and_shared(train, folder):
    made = list((folder / "cache" / "warm-up").glob("*.safetensors"))
    assert train("again", "--reg", "r1") == 0
    assert list((folder / "cache" / "warm-up").glob("*.safetensors")) == made and len(made) == 1


def test_the_null_control_leaves_the_generator_as_the_warm_up_made_it(train, folder):
    assert train("null", "--model", "relgan-null") == 0
    run = folder / "null"
    info = json.loads((run / "run.json").read_text())
    baseline, final = info["references"]["baseline"], info["final"]["scores"]
    # Other latents, equal weights: 20 samples of one distribution twice.
    assert final["fluency"] == pytest.approx(baseline["fluency"], rel=0.3)
