"""The page of a search."""

import re
from pathlib import Path
from typing import Any

import pytest

from detente.errors import UsageError
from detente.experiments.search.rivals import rivals
from detente.recipe.keys import put
from detente.report import tuning_report
from detente.report.rivals import Row, claim
from detente.report.slices import Dot, choice_chart, slice_chart
from detente.results.cells import Arm
from detente.results.search import Rival, Trial, Tuning
from searches import GAMMA
from test_report import EVIL, Page, write_cell

pytestmark = pytest.mark.usefixtures("module_cache")


@pytest.mark.parametrize(
    ("ahead", "p", "said"),
    [
        ([0.1, 0.12, 0.11, 0.1, 0.13, 0.12], 0.03, "significant improvement"),
        ([-0.1, -0.12, -0.11, -0.1, -0.13, -0.12], 0.03, "significantly worse"),
        ([0.1, 0.12, 0.11, 0.1, 0.13, 0.12], 0.06, "not significant"),
        (
            [0.23, 0.03, 0.34, 0.36, 0.3, 0.31],
            0.03,
            "not significant: the test alone is, the interval includes 0",
        ),
        ([0.1], 0.03, "not significant"),
    ],
)
def test_a_lead_is_claimed_where_the_test_and_the_interval_both_say_so(ahead, p, said):
    row = Row(Rival("a", Arm("none", "none"), ("none",)), [], [0.0] * len(ahead), ahead, p)
    assert claim(row) == said


def write_search(folder: Path, plain: dict[str, Any]) -> Tuning:
    """A search in which every text that a stranger may choose is hostile."""
    content = {
        "format": 1,
        "created": "2026-01-01T00:00:00+0000",
        "name": "search",
        "commands": [["detente", "tune", EVIL]],
        "versions": [{"detente": "0.1.0"}],
        "domain": "pair",
        "reg": EVIL,
        "search": [
            {"label": EVIL, "key": GAMMA, "range": "log:0.01..10"},
            {"label": "kind", "key": "objective.kind", "range": "choice:a,b"},
        ],
        "sampler": "tpe",
        "sampler_seed": 0,
        "trials": 6,
        "wave": 4,
        "seeds": [0, 1],
        "fresh": [1000, 1001],
        "metric": {"score": "frechet", "direction": "lower", "log": False},
        "primary": {"score": "frechet", "direction": "lower", "log": False, "protocol": EVIL},
        "storage": None,
        "findings": [],
        "recipes": {"default": plain, "none": plain},
    }
    found = Tuning(folder, content)
    statuses = ["complete"] * 3 + ["pruned", "failed", "running"]
    for i, status in enumerate(statuses):
        scores = {"complete": {0: 0.2 * i + 0.1, 1: 0.25 * i}, "pruned": {0: 0.0}}.get(status, {})
        trial = Trial(i, {GAMMA: 0.01 * 4**i, "objective.kind": EVIL if i % 2 else "a"}, status, scores)
        found.trials.append(trial)
        for seed in scores:
            write_cell(found.trial_cell(trial, seed), "finished", (0.5,))
    write_cell(found.trial_cell(found.trials[3], 0), "diverged", (), error=EVIL)
    write_cell(found.trial_cell(found.trials[4], 0), "failed", (), error=EVIL)
    found.importance = {GAMMA: 0.9, "objective.kind": 0.1}
    found.rivals = rivals(Tuning(folder, {**content, "recipes": {
        "default": put(plain, {}), "none": {**plain, "discriminator": {**plain["discriminator"], "regularizers": {}}}
    }, "search": content["search"][:1]}), Trial(2, {GAMMA: 0.16}))  # fmt: skip
    for rival in found.rivals:
        for seed in found.fresh_seeds:
            write_cell(found.rival_cell(rival, seed), "finished", (0.5,), content=b"</pre><script>alert(2)</script>")
    found.write()
    found.write_trials()
    return found


def test_the_page_of_a_search_lets_nothing_in_and_asks_for_nothing(tmp_path, plain):
    write_search(tmp_path, plain)
    text = tuning_report(tmp_path).read_text(encoding="utf-8")
    page = Page(text)
    assert len(page.all("script")) == 1
    assert "</pre><script>alert(2)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "\u202e" not in text
    assert not re.search(r"https?://|@import|url\(", text)
    assert not [a for _, a in page.tags if "style" in a or any(name.startswith("on") for name in a)]
    (policy,) = [m["content"] for m in page.all("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in (policy or "")
    for words in ("3 trials are complete, 1 pruned, 1 failed, 1 open", "1 of the search's runs diverged"):
        assert words in page.text
    assert "What mattered" in page.text
    assert len([a for a in page.all("svg") if a["class"] == "chart"]) == 2


def test_a_search_that_has_not_begun_has_a_report(tmp_path, plain):
    found = write_search(tmp_path, plain)
    found.record.unlink()
    assert "No trial has finished yet" in tuning_report(tmp_path).read_text(encoding="utf-8")


def test_a_damaged_search_is_named(tmp_path, plain):
    found = write_search(tmp_path, plain)
    found.record.write_text("{")
    with pytest.raises(UsageError, match=r"trials\.json: is corrupt.*delete it"):
        Tuning.open(tmp_path)
    found.path.write_text("format: 7\n")
    with pytest.raises(UsageError, match="has format 7"):
        Tuning.open(tmp_path)
    with pytest.raises(UsageError, match="not a search folder"):
        Tuning.open(tmp_path / "nowhere")


@pytest.mark.parametrize("ends", [(0.01, 100.0), (1.0, 3.0), (1e-9, 1e9)])
def test_slices_are_well_formed(ends):
    dots = [Dot(x, 0.5, 0.4, 0.6, kind, EVIL) for x, kind in zip(ends, ("best", "pruned"), strict=True)]
    drawn = str(slice_chart(dots, ends, True, EVIL, EVIL))
    assert "<script" not in drawn
    assert 2 <= drawn.count('class="tick x"') <= 9
    assert drawn.count("<title>") == 2
    assert (
        str(choice_chart([Dot(0, 0.1, None, None, "complete", "a")] * 12, ["x", EVIL], "t", "n")).count("<circle") == 12
    )
