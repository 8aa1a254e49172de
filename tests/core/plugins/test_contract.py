"""A plugin of another age: one named sentence, never a crash; and an argument that is added breaks nobody."""

import json
from pathlib import Path

import pytest

from detente.plugins.contract import CONTRACT, OLDEST, note, refusal
from detente.plugins.registry import Origin
from distributions import Distribution, ask, install, run_with
from sample_plugins import HOOKIMPL

MINE = Origin("mine", "detente-mine", "1.0")
DECLARES = """
@hookimpl
def detente_register_regularizers(registry):
    registry.add("{name}", "builtins:int"{more})
"""
STARTED = """
@hookimpl
def detente_run_started({arguments}):
    import sys
    sys.modules[__name__].seen = [{arguments}]
"""


def distribution(name: str, contract: str = "", more: str = "", arguments: str = "run") -> Distribution:
    stated = f"detente_contract = {contract}\n" if contract else ""
    code = HOOKIMPL + stated + DECLARES.format(name=name, more=more) + STARTED.format(arguments=arguments)
    return Distribution(f"detente-{name}", "1.0", {f"detente_{name}.py": code}, {name: f"detente_{name}"})


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of several ages, installed."""
    found = tmp_path_factory.mktemp("target")
    wheels = [
        distribution("silent"),
        distribution("older", "1"),
        distribution("same", str(CONTRACT)),
        distribution("newer", "99", more=", invented=1", arguments="run, mood"),
        distribution("ancient", "0"),
        distribution("words", "'two'"),
        distribution("unsaid", arguments="run, mood"),
        distribution("keyword", more=", invented=1"),
    ]
    install(wheels, tmp_path_factory.mktemp("wheels"), found)
    return found


ASK = "answer = {p.origin.plugin: [p.status, p.error, list(p.notes)] for p in discover().plugins}"


@pytest.fixture(scope="module")
def ages(target: Path) -> dict[str, list]:
    return ask(target, ASK)


@pytest.mark.parametrize("name", ["silent", "same", "keyword"])
def test_a_plugin_of_this_contract_or_that_says_nothing_is_loaded_without_a_word(name: str, ages: dict) -> None:
    assert ages[name] == ["ok", None, []]


def test_one_for_an_older_contract_is_loaded_and_said_to_be(ages: dict) -> None:
    status, error, (said,) = ages["older"]
    assert (status, error) == ("ok", None)
    assert said == f"It is written for contract 1 of détente's plugins, which this détente, with {CONTRACT}, serves."


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("newer", f"contract 99 of détente's plugins, and this détente has {CONTRACT}. Update it with: pip install"),
        ("words", "detente_contract is 'two': write the number of the contract"),
        ("ancient", "detente_contract is 0: write the number"),
        ("unsaid", "does not fit its specification in detente.hookspecs, or is of a newer détente"),
    ],
)
def test_one_that_cannot_be_served_is_left_out_with_a_sentence(name: str, said: str, ages: dict) -> None:
    status, error, _ = ages[name]
    assert status == "failed" and said in error


def test_a_contract_that_is_no_longer_served_names_the_distribution_to_update(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente.plugins.contract.OLDEST", CONTRACT)
    said = refusal(OLDEST, MINE)
    assert said is not None and said.endswith("pip install --upgrade detente-mine")
    assert refusal(None, MINE) is None and note(None) == ""


GROWN = """
import json, sys
import detente.hookspecs as specs

def detente_run_started(run, mood="calm"): ...
specs.detente_run_started = specs.hookspec(detente_run_started)

from detente.plugins import discover  # reads the table of hooks
failed = discover().notify("detente_run_started", run=7, mood="merry")
seen = {name: sys.modules[f"detente_{name}"].seen for name in ("silent", "older", "unsaid")}
print(json.dumps([seen, [str(f) for f in failed]]))
"""


def test_an_argument_that_is_added_to_a_hook_breaks_nobody_and_reaches_who_asks(target: Path) -> None:
    done = run_with(target, GROWN)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"silent": [7], "older": [7], "unsaid": [7, "merry"]}, []]
