"""The card of a distribution: counts, one cause once, and red where something ended before its end."""

import json
import sys
from pathlib import Path

import pytest

import detente
from detente.cli import main
from detente.errors import UsageError
from detente.plugins import discover
from detente.testing.scorecard import BEGUN, Scorecard, parts_of, scorecard
from distributions import install
from sample_plugins import HOOKIMPL
from sound_wheels import SAID, distribution

KEPT = {"verdict": ["a", "ring", "passed", ""]}
BEGUN_LINES = [{"subject": ["regularizer", "calm"]}, {"must": ["a"]}, {"begins": ["a", "ring"]}]


def test_counts_reasons_and_causes_are_on_the_card():
    raised = [
        {"verdict": [law, where, "broken", "it raises ValueError: no (x.py:3)"]} for law in "bc" for where in "rs"
    ]
    skipped = [{"verdict": ["d", "r", "skipped", "it has no rewrite"]}]
    (part,) = parts_of([*BEGUN_LINES, KEPT, *raised, *skipped, {"end": True}], 0)
    card = Scorecard("detente-calm", "1.0", (part,))
    assert card.broken == 1
    assert card.data()["subjects"] == [
        {
            "kind": "regularizer",
            "name": "calm",
            "laws": 4,
            "trials": 6,
            "kept": 1,
            "not_applicable": {"d": "it has no rewrite"},
            "broken": [{"laws": ["b", "c"], "where": ["r", "s"], "reason": "it raises ValueError: no (x.py:3)"}],
            "untried": {},
        }
    ]
    assert "4 laws, 3 apply, 1 does not (it has no rewrite)" in str(card)
    assert str(card).count("x.py:3") == 1


@pytest.mark.parametrize(
    ("lines", "code", "said"),
    [
        (BEGUN_LINES, -11, "exit code -11 while a was tried on ring"),
        ([], 3, "exit code 3 before its tests began"),
        ([*BEGUN_LINES, KEPT], 0, "exit code 0 before its tests began"),
        ([{"subject": ["model", "m"]}, {"failed": "no"}, {"end": True}], 0, "no"),
        ([{"subject": ["model", "m"]}, {"must": []}, {"end": True}], 0, "no law was tried"),
    ],
)
def test_a_suite_that_did_not_come_to_its_end_is_broken(lines, code, said):
    (part,) = parts_of(lines, code)
    assert part.broken == 1
    assert part.report.broken[-1].law == BEGUN and said in part.report.broken[-1].reason


def test_a_law_that_must_be_tried_and_was_not_is_red():
    skipped = {"verdict": ["a", "ring", "skipped", "cannot be used there"]}
    (part,) = parts_of([*BEGUN_LINES, skipped, {"end": True}], 0)
    assert part.broken == 1 and part.data()["untried"] == {"a": "cannot be used there"}


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'detente-image'"):
        scorecard("detente-imag", discover())


def installed(monkeypatch, folder: Path, plugin: str, **more: str) -> None:
    """A wheel `detente-faulty`, installed where this process and its children find it."""
    one = distribution("faulty", said=SAID.replace("detente\n", "detente[run]\n"), plugin=plugin)
    one = type(one)(one.name, one.version, {**one.files, **more}, one.plugins, one.said)
    (folder / "wheels").mkdir()
    install([one], folder / "wheels", folder / "target")
    core = Path(detente.__path__[0]).parent
    monkeypatch.setenv("PYTHONPATH", f"{folder / 'target'}:{core}")
    monkeypatch.setattr(sys, "path", [str(folder / "target"), *sys.path])


DIES = f"""{HOOKIMPL}
@hookimpl
def detente_register_objectives(registry):
    registry.add("dies", "detente_faulty.parts:Dies")
    registry.add("summed", "detente_faulty.parts:Summed")
"""
PARTS = """
import os
from detente.engine.objectives import NonSaturating

class Summed(NonSaturating):
    def generator(self, s):
        return len(s.fake_score) * super().generator(s)

class Dies(NonSaturating):
    def generator(self, s):
        os._exit(9)
"""


@pytest.mark.slow
def test_a_plugin_that_ends_the_process_is_named_with_the_law_and_the_command_exits_with_3(
    tmp_path, monkeypatch, capsys
):
    installed(monkeypatch, tmp_path, DIES, **{"detente_faulty/parts.py": PARTS})
    assert main(["plugins", "check", "detente-faulty", "--json"]) == 3
    card = json.loads(capsys.readouterr().out)
    metadata, dies = card["subjects"]
    assert metadata["broken"] == [] and metadata["kept"] == 8
    assert dies["name"] == "dies"
    assert "exit code 9 while losses_are_scalars was tried on logits" in dies["broken"][0]["reason"]
