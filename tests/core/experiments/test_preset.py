"""Studies as files."""

import pytest

from detente import plugins
from detente.errors import PluginError, UsageError
from detente.experiments import compare as study
from detente.experiments import preset as presets

SETS = ["samples=100", "steps=60", "evaluate_every=30", "checkpoint_every=10", "data.size=2000", "metrics=[frechet]"]


@pytest.mark.parametrize(
    ("name", "arms", "seeds"),
    [
        ("demo", 6, 1),
        pytest.param("classics", 18, 2, marks=pytest.mark.acceptance),
        pytest.param("full", 34, 10, marks=pytest.mark.acceptance),
    ],
)
def test_a_preset_is_a_study_that_can_be_planned(tmp_path, name, arms, seeds):
    chosen = presets.preset(name, plugins.host())
    assert (len(chosen.arms), chosen.seeds) == (arms, seeds)
    assert set(chosen.domains) == {"image", "text", "speech", "molecule"}
    known = {entry.name for entry in plugins.host().entries("domain")}
    if "image" in known:
        # Others are built to see whether their data are there, which may mean to fetch them.
        looked_at = {k: v for k, v in chosen.domains.items() if k == "image" or k not in known}
        found, missing = presets.available(chosen.model_copy(update={"domains": looked_at}), plugins.host())
        assert "image" in found
        assert all(f"{domain} is skipped: " in "".join(missing) for domain in set(chosen.domains) - known)
        how = {"sets": chosen.sets, "domain_sets": chosen.domains, "host": plugins.host()}
        planned, _ = study.plan(["image"], chosen.arms, 1, out=tmp_path / "new", **how)  # nothing in it is refused
        assert len(planned.cells) == arms


def test_domains_that_cannot_be_had_are_left_out_of_a_preset_unless_none_is_left():
    chosen = presets.Preset(domains={"pair": SETS, "scent": []}, arms=["none"])
    assert presets.available(chosen, plugins.host()) == (
        ["pair"],
        ["scent is skipped: no installed plugin provides it; install detente-scent."],
    )
    with pytest.raises(PluginError, match="install detente-scent"):
        presets.available(presets.Preset(domains={"scent": []}), plugins.host())


def test_a_study_can_stand_in_a_file_of_the_users(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("domains: {pair: [steps=9], ring: }\narms: [none, r1]\nseeds: [0, 4]\nsets: [batch=8]\n")
    found = presets.preset(str(path), plugins.host())
    assert found == presets.Preset(
        domains={"pair": ["steps=9"], "ring": []}, arms=["none", "r1"], seeds=[0, 4], sets=["batch=8"]
    )
    path.write_text("domains: [pair, ring]\narms: [none]\n")
    assert presets.preset(str(path), plugins.host()).domains == {"pair": [], "ring": []}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("domain: [ring]", "domain: unknown key. Did you mean 'domains'"),
        ("seeds: many", "seeds.*it is 'many'"),
        ("domains: ring", "domains: must be a list of names"),
        ("arms: [1]", "arms.0: .*it is 1"),
        ("recipes: {}", "resume it with `detente resume FOLDER`"),
    ],
)
def test_a_file_that_is_no_study_is_told_so(tmp_path, text, message):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(UsageError, match=message):
        presets.preset(str(tmp_path / "mine.yaml"), plugins.host())


def test_a_preset_that_is_not_there_is_named():
    with pytest.raises(UsageError, match="Did you mean 'demo'"):
        presets.preset("dmeo", plugins.host())
