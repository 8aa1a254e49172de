"""On the command line: what could not be measured is refused, what was not is a dash, and nothing is repeated."""

import json
from pathlib import Path

import pytest

from command_line import RING, Call

PAIR = ["train", "pair", "--set", "data.size=64", "--steps", "4", "--set", "evaluate_every=2", "-q", "--device", "cpu"]


@pytest.mark.parametrize(
    ("sets", "why"),
    [
        (["metrics=[prdc]"], "metrics: prdc: none of them measures frechet"),
        (["metrics=[]"], "metrics: none: none of them measures frechet"),
        (["samples=1"], "samples: frechet cannot be measured on a single real sample"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_run_without_its_primary_score_is_refused_before_a_folder_is_made(
    call: Call, tmp_path: Path, sets, why, more
):
    done = call(*PAIR, *(word for text in sets for word in ("--set", text)), "--folder", tmp_path / "run", *more)
    assert (done.code, why in done.err) == (2, True)
    assert not (tmp_path / "run").exists()


def test_a_run_that_has_no_scale_trains_and_says_that_its_score_is_left_out(call: Call, tmp_path: Path):
    arguments = ["train", "dirac", "--set", "model.theta=0.0", "--set", "samples=20", "--steps", "4", "--device", "cpu"]
    done = call(*arguments, "--folder", tmp_path / "run")
    assert done.code == 0
    assert "Scaled scores are left out. metrics: real data have distance 0, which is no better than the 0" in done.err
    assert "scaled  –" in done.out
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["final"]["scaled"] is None and info["best"] is None and info["samples"] == 20
    again = call("evaluate", tmp_path / "run", "--json")
    assert again.data["scaled"] is None
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "No scaled score after 4 steps: it was not measured." in page and "Every row is of 20 samples." in page


def test_a_run_of_before_that_was_not_measured_goes_on(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with monkeypatch.context() as before:
        before.setattr("detente.training.scale.check_run", lambda built: None)
        sets = ["--set", "metrics=[prdc]", "--set", "checkpoint_every=1"]
        assert call(*PAIR, *sets, "--folder", tmp_path / "run").code == 0
    (tmp_path / "run" / "checkpoints" / "step-00000004.pt").unlink()
    assert call("resume", tmp_path / "run", "-q").code == 0
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (info["status"], info["step"], info["final"]["scaled"]) == ("finished", 4, None)


@pytest.mark.parametrize("n", [30, 2500])
def test_evaluate_names_as_many_samples_as_it_used(call: Call, trained: Path, n: int):
    done = call("evaluate", trained, "-n", n, "--json")
    assert done.data["n"] == n  # a ring has no end of real samples
    assert done.data["protocol"].startswith(f"{n} samples of the deployed generator")
    assert "2000 samples" not in done.data["protocol"] and "repeated" not in done.err


def test_evaluate_caps_at_the_real_samples_there_are_and_says_so(call: Call, trained: Path, monkeypatch):
    from detente.toys.mixture import RingData

    held_out = RingData.held_out
    monkeypatch.setattr(RingData, "real", lambda self, n: held_out(self)[: min(n, 80)])  # type: ignore[index]
    done = call("evaluate", trained, "-n", 5000, "--json")
    assert done.data["n"] == 80
    assert "80 samples, not 5000: there are no more real samples to compare with" in done.err


def test_a_generator_whose_samples_are_not_finite_has_diverged(call: Call, tmp_path: Path, monkeypatch):
    import torch

    from detente.training.trainer import Trainer

    whole = Trainer.generate
    calls = []

    def generate(self, n, rng=None):
        calls.append(n)
        return whole(self, n, rng) if len(calls) < 2 else torch.full((n, 2), torch.inf)

    monkeypatch.setattr(Trainer, "generate", generate)
    done = call(*RING, "--folder", tmp_path / "run")
    assert (done.code, "the generator's samples are not finite at step 20" in done.err) == (4, True)
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["status"] == "diverged" and info["best"]["step"] == 10
