"""Which candidates can be tried in a domain, and why others cannot."""

from typing import Any

import pytest

from detente import plugins
from detente.errors import UsageError
from detente.experiments.candidates import ALSO, Candidate
from detente.experiments.shortlist import Shortlist, findings_of
from detente.recipe import resolve
from detente.results.choice import Choice


def shortlist(domain: str = "dirac", sets: tuple[str, ...] = (), **more: Any) -> tuple[Shortlist, dict[str, Any]]:
    content: dict[str, Any] = {"domain": domain, "settings": [], "recipes": {}, **more}
    host = plugins.host()
    found = Shortlist(content, lambda text, values: resolve(None, domain, sets, [text], {}, host, values))
    found.enter("none", "none")
    return found, content


def one(text: str, family: str = "x", like: str = "") -> Candidate:
    return Candidate(text, family, like or text)


def test_what_the_networks_refuse_is_left_out_with_the_reason():
    found, content = shortlist()
    seen = found.find([one("r1"), one("dropout"), one("layer-norm"), one("r1(gamma=1)", like="r1")], plugins.host())
    assert [entry["text"] for entry in content["candidates"]] == ["r1", "r1(gamma=1)"]
    assert [entry["text"] for entry in content["untried"]] == ["dropout", "layer-norm"]
    assert all("no hidden layer" in entry["why"] for entry in content["untried"])
    assert seen.keys() == {"r1", "r1(gamma=1)"}
    assert seen["r1"] is seen["r1(gamma=1)"], "networks are looked at once"


def test_ill_posed_chains_are_left_out_by_the_rules_of_recipes():
    found, content = shortlist("image", ("data=digits",))
    found.find([one("spectral-norm"), one("d:spectral-norm+d:weight-norm")], plugins.host())
    (left,) = content["untried"]
    assert "two-norms-of-one-weight" in left["why"]


def test_two_texts_of_one_recipe_are_one_candidate():
    found, content = shortlist()
    found.find([one("r1"), one("d:r1"), one("r1(gamma=10)"), one("none")], plugins.host())
    assert [entry["text"] for entry in content["candidates"]] == ["r1"]


@pytest.mark.parametrize("text", ["dropout", "nobody", "r1(gamma=-1)"])
def test_what_the_user_named_is_not_left_out_but_refused(text: str):
    found, _ = shortlist()
    with pytest.raises(UsageError, match="--also"):
        found.find([one("r1"), one(text, ALSO)], plugins.host())


def test_nothing_to_choose_from_is_said():
    found, _ = shortlist()
    with pytest.raises(UsageError, match=r"nothing to choose from: .*no hidden layer"):
        found.find([one("dropout")], plugins.host())


def test_an_arm_is_entered_at_every_setting_relative_to_its_own_recipe():
    settings = [{"name": f"lr={v}", "values": {"lr": v}, "changes": {}} for v in ("/4", "x4")]
    found, content = shortlist(settings=settings)
    found.find([one("r1 with generator.optimizer.lr=0.5")], plugins.host())
    (entry,) = content["candidates"]
    changes = [setting["changes"]["dirac"][entry["slug"]] for setting in content["settings"]]
    assert [change["generator.optimizer.lr"] for change in changes] == [0.125, 2.0]
    assert all(set(change) == {f"{side}.optimizer.lr" for side in ("generator", "discriminator")} for change in changes)


def test_what_was_found_when_a_selection_began_is_known_later(tmp_path):
    found, content = shortlist()
    seen = found.find([one("l2"), one("r1")], plugins.host())
    entries = [{"domain": "dirac", "arm": text, **f.plain()} for text, known in seen.items() for f in known.findings]
    again = findings_of(Choice(tmp_path, {**content, "findings": entries}))
    assert {text: list(known.findings) for text, known in again.items()} == {"l2": list(seen["l2"].findings)}
    assert again["l2"].findings
