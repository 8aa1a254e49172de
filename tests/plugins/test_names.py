"""Who knows one plugin knows them all: the same names stand for the same things."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

PLUGINS = Path(__file__).parents[2] / "plugins"
DOMAINS = ("image", "molecule", "speech", "text")
MODULES = {
    *("__init__.py", "plugin.py", "domain.py", "data.py", "sources.py", "metrics.py", "augmentations.py"),
    "extractors.py",
}
TRAINED = ("image", "speech", "text")
"""Domains whose features come from trained networks."""


TESTS = Path(__file__).parent


def package(domain: str) -> Path:
    return PLUGINS / domain / f"detente_{domain}"


@pytest.mark.parametrize("domain", DOMAINS)
def test_a_plugin_has_the_modules_that_all_have(domain: str) -> None:
    here = {path.name for path in package(domain).iterdir()}
    assert here >= {*MODULES, "networks", "recipes", "py.typed"}
    assert (package(domain) / "networks" / "__init__.py").is_file()
    assert (package(domain) / "recipes" / f"{domain}.yaml").is_file()
    assert {path.name for path in (PLUGINS / domain).iterdir()} >= {"LICENSE", "README.md", "pyproject.toml"}


@pytest.mark.parametrize("domain", TRAINED)
def test_shipped_networks_stand_in_one_record_and_one_folder(domain: str) -> None:
    record = json.loads((package(domain) / "extractors.json").read_text(encoding="utf-8"))
    files = {path.name: path for path in (package(domain) / "weights").iterdir()}
    assert files.keys() == {f"{name}.safetensors" for name in record}
    for name, about in record.items():
        assert sha256(files[f"{name}.safetensors"].read_bytes()).hexdigest() == about["sha256"]
        assert about.keys() >= {"steps", "trained_on", "accuracy"}
    assert (PLUGINS / domain / "train_extractor.py").is_file()


def test_only_domains_with_trained_networks_ship_weights() -> None:
    assert {path.relative_to(PLUGINS).parts[0] for path in PLUGINS.rglob("*.safetensors")} == set(TRAINED)
    assert {path.parent.name for path in PLUGINS.glob("*/train_*.py")} == set(TRAINED)


@pytest.mark.parametrize("domain", DOMAINS)
def test_models_are_registered_by_the_package_of_networks(domain: str) -> None:
    from detente.plugins import host

    models = [entry for entry in host().entries("model") if entry.domain == domain]
    assert models
    assert all(entry.target.startswith(f"detente_{domain}.networks:") for entry in models)


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_module_of_a_plugin_has_its_own_test_file(domain: str) -> None:
    modules = {path.stem for path in package(domain).rglob("*.py")} - {"__init__"}
    tested = {path.stem.removeprefix(f"test_{domain}_") for path in (TESTS / domain).glob(f"test_{domain}_*.py")}
    assert modules <= tested, f"add tests/plugins/{domain}/test_{domain}_<module>.py for {sorted(modules - tested)}"


def test_no_two_test_files_have_one_name() -> None:
    names = [path.name for path in TESTS.parent.rglob("*.py") if path.name != "conftest.py"]
    assert len(names) == len(set(names)), "pytest imports them by their names"
