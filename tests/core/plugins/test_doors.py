"""What a stranger's package may bring besides networks and penalties: optimizers, samplers, rules, presets, verbs."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from distributions import Distribution, install
from warm import warm

PLUGIN = """
from detente import hookimpl


@hookimpl
def detente_register_optimizers(registry):
    registry.add("plain-descent", "doors.parts:plain_descent", summary="steps down the gradient")


@hookimpl
def detente_register_samplers(registry):
    registry.add("middle", "doors.parts:Middle", summary="the middle of every range")


@hookimpl
def detente_register_rules(registry):
    registry.add("steep-descent", "doors.parts:steep", summary="rates above 1")


@hookimpl
def detente_register_presets(registry):
    registry.add("dawn", "doors:presets/dawn.yaml", summary="two arms on a toy")


@hookimpl
def detente_register_verbs(registry):
    registry.add("greet", "doors.verbs:greet", summary="says good morning")
    registry.add("train", "doors.verbs:greet", summary="would like to stand in for ours")
    registry.add("lost", "doors.nowhere:lost", summary="cannot be imported")
"""
PARTS = '''
from torch.optim import SGD

from detente.checks import Fault, refuses
from detente.experiments.search.samplers import Sampler


def plain_descent(lr: float = 0.01):
    """Gradient descent without anything."""
    return lambda parameters: SGD(parameters, lr=lr)


class Middle(Sampler):
    """Every trial in the middle of every range."""

    def ask(self, number):
        from optuna.samplers import PartialFixedSampler, RandomSampler

        return PartialFixedSampler({one.key: one.spread(1)[0] for one in self.ranges}, RandomSampler(seed=0))


@refuses("steep-descent")
def steep(c):
    for player in c.players:
        if player.lr > 1:
            yield Fault(f"{player.role}.optimizer", "has a rate above 1", "a step then overshoots", "Lower lr.")
'''
VERBS = '''
import typer


def greet(name: str, loud: bool = False) -> None:
    """Say good morning."""
    text = f"good morning, {name}"
    typer.echo(text.upper() if loud else text)
'''
DAWN = "domains: {dirac: [data.size=64]}\narms: [none, r1]\nseeds: 1\nsets: [steps=10, samples=20, batch=4]\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("doors")
    (folder / "wheels").mkdir()
    files = {
        "doors/__init__.py": "",
        "doors/plugin.py": PLUGIN,
        "doors/parts.py": PARTS,
        "doors/verbs.py": VERBS,
        "doors/presets/dawn.yaml": DAWN,
    }
    install(
        [Distribution("detente-doors", "1.0", files, {"doors": "doors.plugin"})], folder / "wheels", folder / "site"
    )
    return folder / "site"


def detente(site: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [warm(), *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}
        | {"OMP_NUM_THREADS": "1", "DETENTE_CACHE": str(cwd / "cache"), "COLUMNS": "100"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


SMALL = ["--steps", "10", "--batch", "4", "--set", "samples=20", "--set", "data.size=64", "-q"]


@pytest.mark.slow
def test_an_optimizer_is_trained_with_by_name(site: Path, tmp_path: Path) -> None:
    words = ["--set", "discriminator.optimizer.name=plain-descent", "--set", "discriminator.optimizer.lr=0.1"]
    done = detente(site, tmp_path, "train", "dirac", *SMALL, *words, "--folder", "run")
    assert done.returncode == 0, done.stderr
    used = json.loads((tmp_path / "run" / "run.json").read_text())["plugins"]
    assert ("optimizer", "plain-descent", "detente-doors") in {(p["kind"], p["name"], p["distribution"]) for p in used}


@pytest.mark.slow
def test_a_sampler_chooses_the_settings_of_a_search(site: Path, tmp_path: Path) -> None:
    search = ["tune", "dirac", "--reg", "r1", "--search", "r1.gamma=lin:1..3", "--sampler", "middle"]
    done = detente(site, tmp_path, *search, "--trials", "2", "--seeds", "1", "--fresh", "2", *SMALL, "--out", "search")
    assert done.returncode == 0, done.stderr
    trials = json.loads((tmp_path / "search" / "trials.json").read_text())["trials"]
    assert [list(trial["params"].values()) for trial in trials] == [[2.0], [2.0]]


@pytest.mark.slow
def test_a_preset_is_compared_by_name(site: Path, tmp_path: Path) -> None:
    done = detente(site, tmp_path, "compare", "--preset", "dawn", "-q", "--json")
    assert done.returncode == 0, done.stderr
    assert {cell["arm"] for cell in json.loads(done.stdout)["cells"]} == {"none", "r1"}


def test_a_command_stands_behind_ours_and_a_broken_one_breaks_nothing_else(site: Path, tmp_path: Path) -> None:
    assert detente(site, tmp_path, "greet", "Ada", "--loud").stdout == "GOOD MORNING, ADA\n"
    shown = detente(site, tmp_path, "--help")
    assert shown.returncode == 0 and "greet" in shown.stdout and "says good morning" in shown.stdout
    assert shown.stdout.count("train ") == 1, "a plugin cannot stand in for a command of ours"
    lost = detente(site, tmp_path, "lost")
    assert lost.returncode == 3 and "detente-doors 1.0" in lost.stderr and "Traceback" not in lost.stderr


def test_a_rule_looks_only_at_what_its_package_has_a_part_in(site: Path, tmp_path: Path) -> None:
    steep = ["--set", "discriminator.optimizer.lr=2"]
    own = detente(site, tmp_path, "train", "ring", "-n", "--set", "discriminator.optimizer.name=plain-descent", *steep)
    assert "steep-descent" in own.stderr, own.stderr
    other = detente(site, tmp_path, "train", "ring", "-n", *steep)
    assert other.returncode == 0 and "steep-descent" not in other.stderr


@pytest.mark.parametrize("kind", ["optimizer", "sampler", "rule", "preset", "verb"])
def test_the_list_of_plugins_has_them(site: Path, tmp_path: Path, kind: str) -> None:
    entries = json.loads(detente(site, tmp_path, "plugins", "--json").stdout)["entries"][kind]
    assert "detente-doors" in {entry["distribution"] for entry in entries}
