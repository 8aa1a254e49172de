"""The example distributions keep the laws, train, and stand in a comparison under their names beside the built-ins."""

import importlib
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from detente.testing import Kind, cases, check, check_domain

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
NAMES = ("sobolev", "tabular")


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    for name in NAMES:
        monkeypatch.syspath_prepend(str(EXAMPLES / f"detente-{name}"))
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """400 people whose income follows their age, and whose kind follows both."""
    draws = random.Random(0)
    lines = ["age,income,code,kind"]
    for _ in range(400):
        age = draws.randint(18, 90)
        income = 300 * age + draws.gauss(0, 3000)
        lines.append(f"{age},{income:.2f},{draws.choice('abc')},{'old' if age > 60 else 'young'}")
    (tmp_path / "people.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path / "people.csv"


def test_the_regularizer_keeps_the_laws_of_regularizers(importable: Path) -> None:
    sobolev: Any = importlib.import_module("detente_sobolev.regularizer")
    # The slopes on the ring are below the default bound.
    check(lambda: sobolev.Sobolev(rho=0.1, bound=0.01), cases(["ring"])).require()


def test_the_domain_keeps_the_laws_of_domains(importable: Path, people: Path) -> None:
    data, domain, networks, metrics = (
        importlib.import_module(f"detente_tabular.{name}") for name in ("data", "domain", "networks", "metrics")
    )
    rows, tabular = data.Csv(str(people)), domain.Tabular()
    tabular.meet(rows.space)
    kept = {"quality": metrics.Quality(), "closest-record": metrics.ClosestRecord()}
    for model in (networks.MLP(width=16, latent_dim=8), networks.CTGAN(width=16, latent_dim=8, pac=2)):
        check_domain(Kind("tabular", tabular, model.view(rows), model, kept)).require()


@pytest.mark.slow
def test_both_are_used_by_name_in_a_comparison(people: Path, tmp_path: Path) -> None:
    for name in NAMES:
        info = tmp_path / "found" / f"detente_{name}-0.1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: detente-{name}\nVersion: 0.1.0\n", "utf-8")
        (info / "entry_points.txt").write_text(f"[detente]\n{name} = detente_{name}.plugin\n", "utf-8")
    places = [tmp_path / "found", *(EXAMPLES / f"detente-{name}" for name in NAMES), os.environ.get("PYTHONPATH", "")]
    tiny = ["data.categories=[code]", "model.width=16", "batch=20", "samples=40", "metrics=[quality]"]
    command = ["compare", "tabular", "--data", str(people), "--reg", "r1", "--reg", "sobolev", "--against", "r1"]
    command += ["--seeds", "1", "--steps", "20", "--jobs", "1", "--out", str(tmp_path / "study")]
    done = subprocess.run(
        [sys.executable, "-m", "detente", *command, *(word for one in tiny for word in ("--set", one))],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places)), "DETENTE_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = (tmp_path / "study" / "report.html").read_text("utf-8")
    assert "detente-sobolev" in report and "detente-tabular" in report
    logs = [path.read_text("utf-8") for path in (tmp_path / "study").rglob("metrics.jsonl")]
    assert len(logs) == 2 and sum("D/sobolev/multiplier" in log for log in logs) == 1
