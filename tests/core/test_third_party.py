"""A regularizer by a stranger: twenty lines in a package of its own, trained by name, the repository untouched."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from detente.plugins import host
from distributions import Distribution, install
from warm import warm

MINE = '''\
from detente import Regularizer, hookimpl


class SlopeOfTheScores(Regularizer):
    """λ E (D(x) − D(x̃))²: real and fake must not drift apart."""

    players = ("discriminator",)
    off = {"weight": 0.0}

    def __init__(self, weight: float = 0.1) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, s):
        return self.weight * (s.real_score - s.fake_score).square().mean()


@hookimpl
def detente_register_regularizers(registry):
    registry.add("score-gap", "strange:SlopeOfTheScores", summary="by a stranger")
'''


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    assert len(MINE.splitlines()) <= 20
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "wheels").mkdir()
    wheel = Distribution("detente-strange", "2.1", {"strange.py": MINE}, {"strange": "strange"})
    install([wheel], folder / "wheels", folder / "site")
    return folder / "site"


# The domain that docs/how-to/write-a-domain.md writes, file by file.
PAGE = (Path(__file__).parents[2] / "docs/how-to/write-a-domain.md").read_text(encoding="utf-8")
FRAGILE = """import os
from pathlib import Path

import torch
from detente import Regularizer, hookimpl


class Fragile(Regularizer):
    players = ("discriminator",)

    def penalty(self, s):
        if s.m.t == 7 and Path(os.environ["WEATHER"]).read_text() == "bad":
            raise RuntimeError("the roof leaks")
        return 0.01 * s.real_score.square().mean()


class Hopeless(Regularizer):
    players = ("discriminator",)

    def penalty(self, s):
        return s.real_score.mean() * (torch.inf if s.m.t == 7 else 0.0)


@hookimpl
def detente_register_regularizers(registry):
    registry.add("fragile", "fragile:Fragile", summary="by another stranger")
    registry.add("hopeless", "fragile:Hopeless", summary="by another stranger")
"""


@pytest.fixture(scope="module")
def strangers(stranger, tmp_path_factory):
    """The regularizer, a domain and two regularizers that go wrong, from three distributions."""
    folder = tmp_path_factory.mktemp("strangers")
    (folder / "wheels").mkdir()
    files = {f"detente_rhythm/{name}.py": _written(f"detente_rhythm/{name}.py") for name in ("plugin", "domain")}
    rhythm = Distribution(
        "detente-rhythm", "0.1.0", {**files, "detente_rhythm/__init__.py": ""}, {"rhythm": "detente_rhythm.plugin"}
    )
    fragile = Distribution("detente-fragile", "1.0", {"fragile.py": FRAGILE}, {"fragile": "fragile"})
    install([rhythm, fragile], folder / "wheels", folder / "site")
    return os.pathsep.join([str(stranger), str(folder / "site")])


def _written(path: str) -> str:
    """What the page's shell commands put into a file."""
    found = re.search(rf"cat > detente-rhythm/{re.escape(path)} <<'PY'\n(.*?)\nPY\n", PAGE, re.DOTALL)
    assert found is not None
    return found[1] + "\n"


def detente(stranger, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [warm(), *arguments],
        env={**os.environ, "PYTHONPATH": str(stranger), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )


DOMAINS = [entry.name for entry in host().entries("domain")]


def few(domain: str, folder: Path) -> list[str]:
    """Settings with which a domain starts at once: no minute of warm-up, and no recording that must be fetched."""
    if domain == "text":
        return ["--set", "model.warm_up_steps=2"]
    if domain == "speech":
        import soundfile

        folder.mkdir()
        for i in range(4):
            soundfile.write(folder / f"{i}.wav", 0.1 * np.random.default_rng(i).standard_normal(32_000), 16_000)
        return ["--set", "data=folder", "--set", f"data.path={folder}"]
    return []


@pytest.mark.slow
@pytest.mark.parametrize("domain", DOMAINS)
def test_it_trains_on_every_domain_by_name(stranger, tmp_path, domain):
    steps = ["--steps", "4", "--batch", "8", "--set", "samples=16", "--set", "log_every=2"]
    folder = ["--folder", str(tmp_path / "run")]
    done = detente(
        stranger, "train", domain, "--reg", "score-gap(weight=0.5)", *steps, *folder, *few(domain, tmp_path / "voices")
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert all("D/score-gap" in line["terms"] for line in lines if "terms" in line)
    plugins = json.loads((tmp_path / "run" / "run.json").read_text())["plugins"]
    assert ("detente-strange", "2.1") in {(p["distribution"], p["version"]) for p in plugins}


@pytest.mark.slow
def test_it_is_checked_by_the_laws_like_a_built_in(stranger):
    code = (
        "from detente.testing import check, cases; from detente.plugins import host; "
        "print(check(host().load('regularizer', 'score-gap'), cases(['dirac', 'ring', 'pair'])).require())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(stranger), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0 and "0 broken" in done.stdout, done.stderr


@pytest.mark.slow
def test_their_domain_and_regularizers_are_compared_like_built_in_ones(strangers, tmp_path, monkeypatch):
    """And what goes wrong in one of them costs its own cells alone, and nothing once it is repaired."""
    weather = tmp_path / "weather"
    monkeypatch.setenv("WEATHER", str(weather))
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    sets = [word for s in ("samples=50", "evaluate_every=10", "checkpoint_every=5") for word in ("--set", s)]
    call = ["compare", "rhythm", "--seeds", "1", "--steps", "20", "--batch", "8", *sets, "--jobs", "2"]
    call += ["--reg", "fragile"]
    others = ["--reg", "score-gap", "--reg", "hopeless"]

    def rows(folder: Path) -> dict[str, dict[str, str]]:
        with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
            found = list(csv.DictReader(file))
        return {row["arm"]: {k: v for k, v in row.items() if not k.startswith(("seconds", "memory"))} for row in found}

    weather.write_text("bad")
    first = detente(strangers, *call, *others, "--out", str(tmp_path / "study"))
    assert first.returncode == 5, first.stderr
    assert "the roof leaks" in first.stderr
    states = {arm: row["status"] for arm, row in rows(tmp_path / "study").items()}
    assert states == {"fragile": "failed", "score-gap": "finished", "hopeless": "diverged"}

    weather.write_text("good")
    again = detente(strangers, *call, *others, "--out", str(tmp_path / "study"))
    assert again.returncode == 0, again.stderr
    undisturbed = detente(strangers, *call, "--out", str(tmp_path / "undisturbed"))
    assert undisturbed.returncode == 0, undisturbed.stderr
    assert rows(tmp_path / "study")["fragile"] == rows(tmp_path / "undisturbed")["fragile"]
    record = (tmp_path / "study" / "study.yaml").read_text()
    assert all(name in record for name in ("detente-rhythm", "detente-strange", "detente-fragile"))
