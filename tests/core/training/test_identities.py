"""What data are is recorded, and a difference is told with what to do."""

import pytest

from detente import recipe
from detente.plugins import host
from detente.recipe.schema import Component
from detente.training.build import build, identities_of
from detente.training.identities import differences, located

WAS = {"data": "a" * 64, "form": "a" * 64, "features": "", "samples": 1200, "path": "/a/shots", "prepared_by": "1"}


@pytest.mark.parametrize("domain", ["ring", "tokens", "pair", "critics"])
def test_the_record_of_a_recipe_needs_no_networks_and_follows_content_and_options(domain):
    here = host()
    small = {"sets": ["data.size=64"]} if domain != "critics" else {}
    one = recipe.load(domain=domain, **small)
    found = identities_of(one, here)
    built = build(one, here, dry=True)
    assert {**found, "form": built.data.identity} == dict(built.identities)
    assert found["samples"] == len(built.data) and found["path"] is None
    other = identities_of(recipe.load(domain=domain, sets=["data.seed=1"]), here)
    assert differences(found, found) == [] and len(differences(found, other)) == 1


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        ({"data": "b" * 64, "samples": 1180, "path": "/b/shots"},
         ["1200 training samples in /a/shots (identity aaaaaaaaaaaa)", "now 1180 training samples in /b/shots",
          "Go back to /a/shots"]),
        ({"data": "b" * 64, "samples": 1180}, ["now 1180 training samples in /a/shots", "Put the old files back"]),
        ({"data": "b" * 64, "prepared_by": "2"}, ["The code that prepares them has changed", "install"]),
        ({"form": "waveform 16000 " + "b" * 64}, ["identity waveform 16000 bbbbbbbbbbbb)", "Put the old files back"]),
        ({"features": "c" * 32}, ["scores were measured on features none", "on cccccccccccc", "install"]),
    ],
)  # fmt: skip
def test_a_difference_says_what_it_was_what_it_is_where_and_what_to_do(changed, parts):
    (said,) = differences(WAS, {**WAS, **changed})
    assert all(part in said for part in parts), said


@pytest.mark.parametrize("changed", [{"prepared_by": "2"}, {"path": "/b"}, {"typed": "x"}, {"samples": 1200}])
def test_the_same_data_elsewhere_or_by_other_code_are_the_same(changed):
    assert differences(WAS, {**WAS, **changed}) == []


def test_what_is_not_recorded_is_no_difference():
    assert differences({}, WAS) == differences(WAS, {}) == []
    assert differences({"data": WAS["data"]}, {**WAS, "features": "new"}) == []


def test_data_are_located_where_they_were_and_not_where_somebody_says_otherwise(tmp_path):
    (tmp_path / "shots").mkdir()
    plain = recipe.load(domain="ring").model_copy(update={"data": Component(name="points", path="shots", limit=3)})
    known = {"typed": "shots", "path": str(tmp_path / "shots")}
    found = located(plain, known).data
    assert (found.name, found.options) == ("points", {"path": known["path"], "limit": 3})
    assert located(plain, {**known, "typed": "other"}) == plain
    assert located(plain, {**known, "path": str(tmp_path / "gone")}) == plain
    assert located(plain, {}) == plain
    assert located(recipe.load(domain="ring"), {"typed": None, "path": None}) == recipe.load(domain="ring")
