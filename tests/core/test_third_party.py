"""A regularizer by a stranger: twenty lines in a package of its own, trained by name, the repository untouched."""

import json
import os
import subprocess
import sys

import pytest

from detente.plugins import host
from distributions import Distribution, install

MINE = '''\
from detente import Regularizer, hookimpl


class SlopeOfTheScores(Regularizer):
    """λ (E D(x) − E D(x̃))²: real and fake must not drift apart."""

    players = ("discriminator",)
    off = {"weight": 0.0}

    def __init__(self, weight: float = 0.1) -> None:
        super().__init__()
        self.weight = weight

    def penalty(self, s):
        return self.weight * (s.real_score.mean() - s.fake_score.mean()).square()


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


def detente(stranger, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "detente", *arguments],
        env={**os.environ, "PYTHONPATH": str(stranger), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=240,
    )


DOMAINS = [entry.name for entry in host().entries("domain")]


@pytest.mark.parametrize("domain", DOMAINS)
def test_it_trains_on_every_domain_by_name(stranger, tmp_path, domain):
    steps = ["--steps", "4", "--batch", "8", "--set", "samples=16", "--set", "log_every=2"]
    folder = ["--folder", str(tmp_path / "run")]
    done = detente(stranger, "train", domain, "--reg", "score-gap(weight=0.5)", *steps, *folder)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert all("D/score-gap" in line["terms"] for line in lines if "terms" in line)
    plugins = json.loads((tmp_path / "run" / "run.json").read_text())["plugins"]
    assert ("detente-strange", "2.1") in {(p["distribution"], p["version"]) for p in plugins}


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
