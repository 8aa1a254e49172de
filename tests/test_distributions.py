"""What the five distributions bring and need: their wheels, and environments that hold no more than they ask for."""

import email
import os
import re
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from detente import regularizers
from detente.plugins import host

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "detente": ROOT / "core",
    **{f"detente-{d}": ROOT / "plugins" / d for d in ("image", "molecule", "speech", "text")},
}
EXAMPLES = {f"detente-{name}": ROOT / "docs" / "examples" / f"detente-{name}" for name in ("sobolev", "tabular")}
DATA = {
    "detente": {"report/templates/study.html", "report/templates/style.css", "experiments/presets/demo.yaml"},
    "detente-image": {
        "recipes/image.yaml",
        "extractors.json",
        "weights/digits.safetensors",
        "weights/colour.safetensors",
    },
    "detente-molecule": {"recipes/molecule.yaml"},
    "detente-speech": {"recipes/speech.yaml", "recipes/vocoder.yaml", "extractors.json", "weights/voices.safetensors"},
    "detente-text": {"recipes/text.yaml", "extractors.json", "weights/sentences.safetensors"},
}
RUN = {"annotated_types", "numpy", "optuna", "pydantic", "rich", "safetensors", "scipy", "typer", "yaml"}
"""What the extra `run` brings and torch does not."""


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel of each distribution."""
    return built(FOLDERS, tmp_path_factory.mktemp("wheels"))


def built(folders: dict[str, Path], out: Path) -> dict[str, Path]:
    found = {}
    for name, folder in folders.items():
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
        subprocess.run(build, cwd=folder, check=True, capture_output=True, text=True)
        (found[name],) = out.glob(f"{name.replace('-', '_')}-*.whl")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_a_wheel_holds_licence_readme_types_data_and_says_what_it_is(wheels: dict[str, Path], name: str) -> None:
    package = name.replace("-", "_")
    with zipfile.ZipFile(wheels[name]) as wheel:
        files = set(wheel.namelist())
        (info,) = {Path(file).parts[0] for file in files if ".dist-info/" in file}
        said = email.message_from_string(wheel.read(f"{info}/METADATA").decode())
        licence = wheel.read(f"{info}/licenses/LICENSE").decode()
        assert wheel.read(f"{info}/entry_points.txt").decode().count("[detente]") == 1
    assert {f"{package}/{file}" for file in ("py.typed", "__init__.py", *DATA[name])} <= files
    assert {Path(file).parts[0] for file in files} == {package, info}, "no tests and no scripts"
    assert licence == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert said["License-Expression"] == "Apache-2.0"
    assert said["Requires-Python"] == ">=3.11"
    assert said["Description-Content-Type"] == "text/markdown"
    assert said.get_payload().strip() == (FOLDERS[name] / "README.md").read_text(encoding="utf-8").strip()
    assert {"Typing :: Typed", "Programming Language :: Python :: 3.13"} <= set(said.get_all("Classifier", []))
    assert said["Summary"] and said["Keywords"] and said.get_all("Project-URL")


@pytest.mark.parametrize("name", FOLDERS)
def test_a_wheel_holds_all_files_of_its_package(wheels: dict[str, Path], name: str) -> None:
    package = FOLDERS[name] / name.replace("-", "_")
    here = {p.relative_to(FOLDERS[name]).as_posix() for p in package.rglob("*") if p.is_file()}
    with zipfile.ZipFile(wheels[name]) as wheel:
        assert {file for file in here if "__pycache__" not in file} <= set(wheel.namelist())


@pytest.mark.parametrize("name", FOLDERS)
def test_dependencies_leave_torch_its_newest_version_and_plugins_bring_the_extra(
    wheels: dict[str, Path], name: str
) -> None:
    with zipfile.ZipFile(wheels[name]) as wheel:
        (file,) = [file for file in wheel.namelist() if file.endswith("METADATA")]
        said = email.message_from_string(wheel.read(file).decode())
    needs = [Requirement(text) for text in said.get_all("Requires-Dist", [])]
    always = {r.name: r for r in needs if r.marker is None}
    assert not any(s.operator.startswith(("<", "==", "~=")) for s in always["torch"].specifier)
    if name == "detente":
        assert always.keys() == {"torch", "pluggy"}
        assert set(said.get_all("Provides-Extra", [])) == {"run", "plots", "ray", "tensorboard", "wandb"}
    else:
        assert always["detente"].extras == {"run"}


def test_regularizers_are_handed_out_by_their_package() -> None:
    registered = {entry.target for entry in host().entries("regularizer") if entry.target.startswith("detente.")}
    home = {f"detente.regularizers.{module}:{cls}" for cls, module in regularizers._HOME.items()}
    assert home == registered, "core/detente/regularizers/__init__.py and core/detente/plugins/builtin.py differ"
    assert all(getattr(regularizers, cls).__name__ == cls for cls in regularizers.__all__)
    with pytest.raises(AttributeError, match="no attribute 'R3'"):
        regularizers.R3  # noqa: B018


def closure(*names: str) -> Iterator[metadata.Distribution]:
    """The distributions of these names and all that they need, extras left out."""
    waiting, seen = list(names), set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in seen:
            continue
        seen.add(name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # what this platform does without
        yield found
        for need in map(Requirement, found.requires or ()):
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                waiting.append(need.name)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that finds the core, torch and pluggy, what these need, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    for distribution in closure("torch", "pluggy"):
        for top in {file.parts[0] for file in distribution.files or () if file.parts[0] not in ("..", "__pycache__")}:
            there = Path(str(distribution.locate_file(top)))
            if there.exists() and not (folder / top).exists():
                (folder / top).symlink_to(there)
    (folder / "detente").symlink_to(ROOT / "core" / "detente")
    return {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}


def python(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    # -S: no site-packages but what PYTHONPATH names.
    command = [sys.executable, "-S", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_a_game_of_r1_trains_with_torch_and_pluggy_alone(bare: dict[str, str]) -> None:
    found = python(bare, "-c", f"import importlib.util as u; print([m for m in {sorted(RUN)} if u.find_spec(m)])")
    assert found.stdout.strip() == "[]", "the environment holds more than it should"
    done = python(bare, str(ROOT / "tests" / "bare_game.py"))
    assert (done.returncode, done.stdout) == (0, "trained with\n"), done.stderr


def test_the_command_says_what_to_install_where_the_extra_is_missing(bare: dict[str, str]) -> None:
    done = python(bare, "-m", "detente", "train", "ring")
    assert done.returncode == 3
    assert done.stderr == "Error: The command line is not installed. Install it with: pip install 'detente[run]'\n"


@pytest.mark.slow
def test_what_needs_the_extra_says_so_when_it_is_imported(bare: dict[str, str]) -> None:
    code = """
import importlib
for name in "recipe", "training.trainer", "experiments.compare", "results.study", "report":
    try:
        importlib.import_module(f"detente.{name}")
    except ImportError as error:
        print(type(error).__name__, error, sep=": ")
try:
    __import__("detente").packed("kind", {}, None)
except ImportError as error:
    print(type(error).__name__, error, sep=": ")
"""
    lines = python(bare, "-c", code).stdout.splitlines()
    sentence = (
        r"MissingExtraError: This part of détente needs [\w ]+\. Install the extra 'run':"
        r" pip install 'detente\[run\]'"
    )
    assert len(lines) == 6
    assert all(re.fullmatch(sentence, line) for line in lines), lines


class Environment:
    """A virtual environment of its own."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=True)
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.variables = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        self.variables |= {"OMP_NUM_THREADS": "1", "DETENTE_CACHE": str(folder / "cache")}

    def install(self, *what: str, tested: bool = True) -> None:
        """Of what they need the releases that are tested, or the newest that can be had, as users get them."""
        versions = ["-c", str(ROOT / "constraints.txt")] if tested else []
        self.run("python", "-m", "pip", "install", "--quiet", *versions, *what)

    def run(self, command: str, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [str(self.bin / command), *arguments],
            env=self.variables,
            cwd=self.bin.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout + done.stderr


@pytest.mark.acceptance
def test_the_core_s_wheel_alone_trains_in_python(wheels: dict[str, Path], tmp_path: Path) -> None:
    fresh = Environment(tmp_path / "venv")
    fresh.install(str(wheels["detente"]))
    assert "trained with\n" in fresh.run("python", "-I", str(ROOT / "tests" / "bare_game.py"))
    assert "pip install 'detente[run]'" in fresh.run("detente", "--help", code=3)


@pytest.mark.acceptance
@pytest.mark.timeout(3600)
def test_all_wheels_install_and_train_from_an_empty_environment(wheels: dict[str, Path], tmp_path: Path) -> None:
    fresh = Environment(tmp_path / "venv")
    fresh.install(*map(str, wheels.values()))
    fresh.run("detente", "doctor")
    for domain, *more in (
        ("ring",),
        ("image",),
        ("molecule", "--set", "data.size=500"),
        ("text", "--set", "model.warm_up_steps=5"),
    ):
        steps = ["--steps", "20", "--set", "evaluate_every=20", "--folder", f"runs-{domain}", "-q"]
        fresh.run("detente", "train", domain, "--reg", "r1", *steps, *more)
        assert (fresh.bin.parent / f"runs-{domain}" / "run.json").is_file()


@pytest.mark.acceptance
@pytest.mark.timeout(3600)
def test_the_newest_releases_of_what_it_needs_serve(wheels: dict[str, Path], tmp_path: Path) -> None:
    fresh = Environment(tmp_path / "venv")
    torch = next(line for line in (ROOT / "constraints.txt").read_text().splitlines() if line.startswith("torch=="))
    fresh.install(torch, tested=False)
    fresh.install(f"{wheels['detente']}[run]", tested=False)
    for command in ("new regularizer calm", "train ring --steps 3 --folder run -q", "evaluate run -q", "report run"):
        fresh.run("detente", *command.split())
    arms = ["--reg", "none", "--reg", "r1", "--seeds", "1", "--steps", "3", "--jobs", "1"]
    fresh.run("detente", "compare", "dirac", *arms, "--out", "study", "-q")


@pytest.mark.acceptance
@pytest.mark.timeout(3600)
def test_the_examples_install_from_wheels_pass_their_own_tests_and_are_compared_by_name(
    wheels: dict[str, Path], tmp_path: Path
) -> None:
    fresh = Environment(tmp_path / "venv")
    examples = built(EXAMPLES, tmp_path)
    fresh.install(f"{wheels['detente']}[run]", *map(str, examples.values()), "pytest")
    for name, folder in EXAMPLES.items():
        fresh.run(
            "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), str(folder / "tests")
        )
        fresh.run("detente", "plugins", "show", name.removeprefix("detente-"))
    arms = [word for arm in ("r1", "sobolev", "pack-penalty") for word in ("--reg", arm)]
    fresh.run("detente", "compare", "tabular", *arms, "--seeds", "1", "--steps", "20", "--jobs", "1", "--out", "study")
    report = (fresh.bin.parent / "study" / "report.html").read_text(encoding="utf-8")
    assert "detente-sobolev" in report and "detente-tabular" in report
    fresh.run("detente", "train", "tabular", "--model", "ctgan", "--steps", "10", "--folder", "run", "-q")
