"""Every planted defect is caught from an installed wheel, in pytest and on a card, by the law that is named for it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from planted_wheels import IN_LAWS, Wheels, module_of_laws, of_kind

import detente
from distributions import install

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(3600)]
KINDS = ("objective", "metric", "data", "model", "domain", *IN_LAWS)
FEW = ["ring", "pair", "critics"]
"""Cases that every defect shows in."""
SETS = {"model": ["data.size=200"], "metric": ["data.size=400"], "data": ["data.size=400"]}

CONFTEST = """
LAWS = {laws!r}


def pytest_collection_modifyitems(items):
    named = [item for item in items if item.callspec.params["law"].law == LAWS[int(item.originalname[5:])]]
    items[:] = named
"""


@dataclass(frozen=True)
class Installed:
    """The wheels of one kind of component, and the environment of processes that find them."""

    wheels: Wheels
    folder: Path
    environment: dict[str, str]

    def run(self, *command: str, code: int) -> str:
        """What it prints."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout


@pytest.fixture(scope="module", params=KINDS)
def faulty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    wheels = of_kind(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "wheels").mkdir()
    install([wheels.wheel, *wheels.beside], folder / "wheels", folder / "site")
    core = str(Path(detente.__path__[0]).parent)
    variables = {k: v for k, v in os.environ.items() if k not in ("DETENTE_PLUGINS", "PYTEST_ADDOPTS")}
    variables |= {"PYTHONPATH": os.pathsep.join([str(folder / "site"), core]), "OMP_NUM_THREADS": "1"}
    return Installed(wheels, folder, variables)


def test_plugins_check_catches_each_under_its_law(faulty: Installed) -> None:
    sets = [word for one in SETS.get(faulty.wheels.kind, ()) for word in ("--set", one)]
    card = json.loads(faulty.run("detente", "plugins", "check", faulty.wheels.wheel.name, "--json", *sets, code=3))
    causes = {part["name"].partition(" of ")[0]: part["broken"] for part in card["subjects"]}
    assert not causes.pop("metadata")
    found = {name: {law: cause["reason"] for cause in told for law in cause["laws"]} for name, told in causes.items()}
    missed = {one.name: found[one.name] for one in faulty.wheels.defects if one.law not in found[one.name]}
    assert not missed, json.dumps(missed, indent=1)


def test_the_pytest_plugin_catches_each_under_its_law(faulty: Installed) -> None:
    tests = faulty.folder / "tests"
    tests.mkdir()
    cases = FEW if faulty.wheels.kind in ("objective", "regularizer") else ["ring"]
    (tests / "test_laws.py").write_text(module_of_laws(faulty.wheels, cases), encoding="utf-8")
    laws = [one.law for one in faulty.wheels.defects]
    (tests / "conftest.py").write_text(CONFTEST.format(laws=laws), encoding="utf-8")
    options = ["-p", "detente.pytest_plugin", "-p", "no:cacheprovider", "--junitxml", str(faulty.folder / "all.xml")]
    faulty.run("pytest", "-q", "--rootdir", str(tests), *options, str(tests), code=1)
    failed = {
        case.get("name", "").partition("[")[0]: failure.get("message")
        for case in ElementTree.parse(faulty.folder / "all.xml").iter("testcase")
        for failure in case.iter("failure")
    }
    missed = [one.name for i, one in enumerate(faulty.wheels.defects) if not failed.get(f"test_{i}")]
    assert not missed
