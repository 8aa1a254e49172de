"""What a declaration imports is noticed: every command would wait for it."""

import pytest

from detente.plugins.weight import HEAVY, loaded, slow
from distributions import Distribution, ask, install
from sample_plugins import HOOKIMPL

DECLARES = f"""{HOOKIMPL}
@hookimpl
def detente_register_regularizers(registry):
    registry.add("calm", "builtins:int")
"""


def distribution(name: str, before: str = "") -> Distribution:
    return Distribution(f"detente-{name}", "1.0", {f"detente_{name}.py": before + DECLARES}, {name: f"detente_{name}"})


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list]:
    """Status and notes of each plugin, as `detente plugins --json` has them, and the text."""
    target = tmp_path_factory.mktemp("target")
    light = distribution("light", "import json\n")
    install([light, distribution("numbers", "import numpy\n")], tmp_path_factory.mktemp("wheels"), target)
    code = (
        "from detente.plugins.listing import listing, render_listing\n"
        "data = listing(discover())\n"
        "answer = {p['name']: [p['status'], p['notes']] for p in data['plugins']} | {'text': render_listing(data)}"
    )
    return ask(target, code)


def test_a_declaration_that_imports_a_large_library_is_named_with_it_and_still_works(listed: dict[str, list]) -> None:
    status, (note,) = listed["numbers"]
    assert status == "ok"
    assert note.startswith("Its declaration imports numpy, so that every command waits for it.")


def test_the_listing_shows_it_and_says_nothing_of_light_ones(listed: dict[str, list]) -> None:
    assert listed["light"] == ["ok", []] == listed["core"]
    (row,) = (line for line in listed["text"].splitlines() if line.startswith("  numbers"))
    assert "ok, see below" in row
    assert "detente-numbers 1.0): ok\n  Its declaration imports numpy" in listed["text"]


def test_of_several_the_one_that_costs_most_is_named() -> None:
    assert "torch" in loaded()  # by the tests
    assert slow(loaded()) == ""
    assert slow(frozenset()).startswith("Its declaration imports torch")
    assert slow(loaded() - {"numpy"}).startswith("Its declaration imports numpy") and "numpy" in HEAVY
