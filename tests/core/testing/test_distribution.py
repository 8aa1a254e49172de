"""The laws of a distribution: what its metadata lack, and what its declaration imports, under laws named for it."""

import pytest

from detente.testing.distribution import LAWS
from distributions import ask, install
from sound_wheels import PLUGIN, SAID, distribution

OPTIMIZER = PLUGIN.replace("regularizers", "optimizers")


def lacking(start: str) -> str:
    return "\n".join(line for line in SAID.split("\n") if not line.startswith(start))


FAULTS = {
    "wordless": ("it_says_what_it_is", {"said": lacking("Summary")}, "project.description is missing"),
    "unread": ("it_says_what_it_is", {"said": lacking("# A penalty")}, "project.readme is missing"),
    "unformed": ("it_says_what_it_is", {"said": lacking("Description-Content")}, "no content type"),
    "lawless": ("its_licence_is_stated_and_comes_along", {"said": lacking("License-Exp")}, "project.license"),
    "untaken": ("its_licence_is_stated_and_comes_along", {"without": "LICENSE"}, "is not in the wheel"),
    "topicless": ("its_classifiers_say_who_can_use_it", {"said": lacking("Classifier: Topic")}, "'Topic ::'"),
    "ageless": ("its_classifiers_say_who_can_use_it", {"said": lacking("Requires-Python")}, "requires-python"),
    "needless": ("it_depends_on_what_it_uses", {"said": lacking("Requires-Dist")}, "does not depend on détente"),
    "runless": ("it_depends_on_what_it_uses", {"plugin": OPTIMIZER}, 'dependencies = ["detente[run]"]'),
    "untyped": ("its_types_are_shipped", {"without": "py.typed"}, "ships no types"),
    "heavy": ("its_declaration_is_light", {"init": "import json\nimport numpy"}, "__init__.py:2)"),
    "loud": ("its_declaration_prints_nothing", {"plugin": f"print('hello')\n{PLUGIN}"}, "prints 'hello'"),
    "late": (
        "its_declaration_is_light",
        {"init": "import time\nt = time.process_time()\nwhile time.process_time() < t + 0.4: pass"},
        "s of processor time",
    ),
    "dead": ("it_loads_and_declares_something", {"init": "\nraise RuntimeError('no')"}, "__init__.py:2)"),
    "empty": ("it_loads_and_declares_something", {"plugin": PLUGIN.replace("registry.add", "print")}, "nothing"),
}


PROBED = ["sound", "heavy", "loud", "late"]
"""A process of its own takes a second, and tells nothing about the others."""
CODE = """
from detente.testing.distribution import Distribution, planned_for_distribution
answer = {}
for plugin in discover().plugins:
    if plugin.origin.plugin in NAMES:
        one = Distribution(plugin.origin.distribution, [plugin])
        if plugin.origin.plugin not in PROBED:
            one.probe = {"heavy": {}, "seconds": {}, "said": ""}
        report = planned_for_distribution(one).report()
        answer[one.name] = [[v.law, v.outcome, v.reason] for v in report.verdicts]
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list]:
    """The verdicts on each distribution: law, outcome, reason. All of them in one process, which is what takes time."""
    target = tmp_path_factory.mktemp("target")
    made = [distribution("sound"), *(distribution(name, **fault[1]) for name, fault in FAULTS.items())]
    install(made, tmp_path_factory.mktemp("wheels"), target)
    return ask(target, f"NAMES, PROBED = {['sound', *FAULTS]!r}, {PROBED!r}\n{CODE}")


@pytest.mark.slow
def test_a_sound_distribution_keeps_every_law(found: dict[str, list]) -> None:
    assert [(law, outcome) for law, outcome, _ in found["detente-sound"]] == [(f.__name__, "passed") for f in LAWS]


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_missing_is_told_by_the_law_that_is_named_for_it(name: str, found: dict[str, list]) -> None:
    law, _, said = FAULTS[name]
    broken = {each: reason for each, outcome, reason in found[f"detente-{name}"] if outcome == "broken"}
    assert said in broken[law], broken
    assert broken.keys() == {law}
