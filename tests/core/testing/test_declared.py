"""Each declared name gets the suite of its kind; what cannot be made is broken, never left out."""

import pytest

from detente.plugins import Host, discover
from detente.plugins.loader import Plugin
from detente.plugins.registry import Entry, Origin
from detente.testing import suites
from detente.testing.declared import lines, subjects

MINE = Origin("mine", "detente-mine", "1.0")


def told(kind: str, name: str, target: str, domain: str | None = None, **options) -> list[dict]:
    """What is written about one declared name."""
    plugin = Plugin(MINE, "ok", (Entry(kind, name, target, domain, "", options, MINE),))
    return list(lines(subjects(Host([*discover().plugins, plugin]), "detente-mine", ["data.size=200"])))


def laws(found: list[dict]) -> list[str]:
    return [line["verdict"][0] for line in found if "verdict" in line]


def test_an_objective_is_tried_for_all_laws_of_objectives_and_each_trial_is_announced():
    found = told("objective", "good", "detente.engine.objectives:Hinge")
    assert found[0] == {"subject": ["objective", "good"]}
    assert set(laws(found)) == {law.__name__ for law in suites.OF_OBJECTIVES} == set(found[1]["must"])
    assert [line["begins"] for line in found if "begins" in line] == [
        line["verdict"][:2] for line in found if "verdict" in line
    ]


@pytest.mark.parametrize(
    ("kind", "name", "target", "domain", "options", "said"),
    [
        ("metric", "none", "detente.engine.objectives:Objective", "ring", {}, "abstract"),
        ("objective", "typo", "detente.engine.objectives:Hingee", None, {}, "Did you mean 'Hinge'"),
        ("data", "lost", "detente.toys.mixture:RingData", "ring", {"tested_with": {"sizes": 3}}, "sizes"),
        ("model", "far", "detente.toys.mixture:MLP", "rong", {}, "Did you mean 'ring'"),
        ("domain", "bare", "detente.toys.mixture:RingDomain", None, {}, "has no data"),
    ],
)
def test_what_cannot_be_made_is_told_and_not_left_out(kind, name, target, domain, options, said):
    found = told(kind, name, target, domain, **options)
    assert [sorted(line) for line in found] == [["subject"], ["failed"]]
    assert said in found[1]["failed"]


@pytest.mark.parametrize(
    ("kind", "target", "outcome"),
    [
        ("optimizer", "torch.optim:Adam", "passed"),
        ("verb", "math:pi", "broken"),
        ("preset", "detente:experiments/presets/demo.yaml", "passed"),
        ("preset", "detente:experiments/presets/none.yaml", "broken"),
    ],
)
def test_what_has_no_suite_must_be_there(kind, target, outcome):
    (verdict,) = (line["verdict"] for line in told(kind, "thing", target) if "verdict" in line)
    assert verdict[:3] == ["it_can_be_had", kind, outcome]


def test_options_for_the_tests_travel_with_the_declaration():
    found = told("objective", "bad", "faulty_objectives:Summed", tested_with={"no": 1})
    assert "no" in found[1]["failed"]


def verdicts(found: list[dict]) -> dict[str, list[list[str]]]:
    out: dict[str, list[list[str]]] = {}
    for line in found:
        if "verdict" in line:
            out.setdefault(line["verdict"][0], []).append(line["verdict"])
    return out


def test_a_law_that_is_broken_on_purpose_is_told_with_its_reason_and_need_not_be_kept():
    law = "losses_are_means_over_the_batch"
    found = told("objective", "summed", "faulty_objectives:Summed", expected_failures={law: "it sums"})
    assert law not in found[1]["must"] and len(found[1]["must"]) > 1
    known = verdicts(found)[law]
    assert {v[2] for v in known} == {"skipped"} and {v[3] for v in known} == {"known to fail: it sums"}


def test_a_law_that_is_kept_though_it_was_expected_to_fail_is_red():
    law = "losses_are_scalars"
    found = told("objective", "good", "detente.engine.objectives:Hinge", expected_failures={law: "it was so"})
    assert [(v[1], v[3]) for v in verdicts(found)[law] if v[2] == "broken"] == [
        ("every case", "it was expected to fail (it was so), but it holds: take it out of expected_failures")
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"losses_are_scalar": "why"}, "Did you mean 'losses_are_scalars'"),
        ({"losses_are_scalars": " "}, "the reason"),
        (["losses_are_scalars"], "the reason"),
    ],
)
def test_an_expected_failure_is_a_law_with_a_reason(given, said):
    found = told("objective", "good", "detente.engine.objectives:Hinge", expected_failures=given)
    assert said in found[1]["failed"]


@pytest.mark.parametrize("kind", ["domain", "data", "model", "metric", "objective"])
def test_a_component_that_is_stripped_of_everything_is_red_and_not_shorter(kind):
    target = (
        "detente.engine.objectives:Objective" if kind == "objective" else f"detente.domains.contracts:{kind.title()}"
    )
    found = told(kind, "empty", target, "ring" if kind in ("data", "model", "metric") else None)
    assert len(found) == 2 and found[1]["failed"].startswith("it cannot be made to be tested"), found
