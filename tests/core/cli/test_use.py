"""What can be done with a trained run: `evaluate`, `sample`, `export`, `report`."""

import hashlib
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from command_line import DIVERGES, RING, Call
from detente.training.export import load_exported


def test_evaluate_scores_the_generator_beside_its_reference_rows(call: Call, trained: Path) -> None:
    done = call("evaluate", trained, "--json")
    final = json.loads((trained / "run.json").read_text())["final"]
    assert done.data["scores"] == final["scores"]
    assert done.data["scaled"] == final["scaled"]
    assert done.data["references"].keys() == {"real", "baseline", "untrained"}
    assert "50 samples" in done.data["protocol"]


def test_evaluate_leaves_the_run_as_it_is(call: Call, trained: Path) -> None:
    before = (trained / "metrics.jsonl").read_bytes(), (trained / "run.json").read_bytes()
    text = call("evaluate", trained, "-n", 20).out
    assert "untrained" in text
    assert ((trained / "metrics.jsonl").read_bytes(), (trained / "run.json").read_bytes()) == before


class Tripled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([3 * x, x[:, :1] * 0], 1)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # of writing the file
def test_evaluate_measures_on_the_features_of_a_network_that_is_brought(call: Call) -> None:
    call(*RING, "--set", "metrics=[modes, frechet]", "--folder", "run")
    torch.jit.save(torch.jit.trace(Tripled(), torch.zeros(2, 2)), "brought.pt")
    own, done = call("evaluate", "run", "--json"), call("evaluate", "run", "--features", "brought.pt", "--json")
    assert done.data["scores"]["frechet"] == pytest.approx(9 * own.data["scores"]["frechet"], rel=1e-4)  # squared units
    for row in ("real", "untrained"):  # a ring has no baseline
        real = own.data["references"][row]["frechet"]
        assert done.data["references"][row]["frechet"] == pytest.approx(9 * real, rel=1e-4)
    digest = hashlib.sha256(Path("brought.pt").read_bytes()).hexdigest()
    assert done.data["features"] == {"file": "brought.pt", "sha256": digest, "count": 3}
    assert f"on 3 features by brought.pt (SHA-256 {digest[:12]})" in done.data["protocol"]
    refused = call("evaluate", "run", "--features", "run/recipe.yaml")
    assert (refused.code, "'recipe.yaml' is not TorchScript" in refused.err) == (2, True)


def test_samples_are_the_same_for_the_same_seed(call: Call, trained: Path) -> None:
    paths = [Path(call("sample", trained, "-n", 8, "--seed", seed, "--out", f"{i}.png").out.strip()) for i, seed in
             enumerate((1, 1, 2))]  # fmt: skip
    a, b, c = (path.read_bytes() for path in paths)
    assert a == b != c


def test_samples_go_into_the_run_unless_told_otherwise(call: Call, trained: Path) -> None:
    assert Path(call("sample", trained, "-n", 2).out.strip()).parent == trained
    wrong = call("sample", trained, "--out", "samples.mp3")
    assert (wrong.code, "name the file samples." in wrong.err) == (2, True)


def test_an_exported_generator_makes_the_same_samples_once_loaded(call: Call, trained: Path) -> None:
    done = call("export", trained, "--out", "model", "--json")
    assert {Path(file).name for file in done.data["files"]} == {
        *("generator.safetensors", "model.json", "README.md", "recipe.yaml", "samples.png")
    }
    exported = load_exported("model")
    exported.domain.preview(exported.sample(8, seed=1), Path("exported.png"))
    call("sample", trained, "-n", 8, "--seed", 1, "--out", "sampled.png")
    assert Path("exported.png").read_bytes() == Path("sampled.png").read_bytes()
    assert "licence: public domain" in Path("model/README.md").read_text()


@pytest.mark.parametrize("damage", ["generator.safetensors", "model.json"])
def test_a_damaged_export_is_refused_by_name(call: Call, trained: Path, damage: str) -> None:
    call("export", trained, "--out", "model", "-q")
    (Path("model") / damage).write_text('{"format": 1}')
    with pytest.raises(Exception, match=f"model/{damage}"):
        load_exported("model")


def test_report_writes_the_page_again(call: Call, trained: Path) -> None:
    (trained / "report.html").unlink()
    assert call("report", trained).out.strip() == str(trained / "report.html")
    assert (trained / "report.html").is_file()


def test_without_a_checkpoint_there_is_nothing_to_sample(call: Call) -> None:
    call(*RING, *DIVERGES, "--folder", "run", "-q")
    done = call("sample", "run")
    assert done.code == 2
    assert "Error: run: no checkpoint yet; train longer (detente resume run)." in done.err
