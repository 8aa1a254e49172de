"""What is refused because it could not be measured, and what is only said."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from detente import recipe
from detente.domains.contracts import Evaluation, Metric
from detente.domains.primary import Primary
from detente.errors import PluginError, UsageError
from detente.training import scale
from detente.training.build import Built, build
from detente.training.evaluation import reference_rows

pytestmark = pytest.mark.usefixtures("module_cache")


def built(domain: str, *sets: str) -> Built:
    return build(recipe.load(domain=domain, sets=["data.size=64", *sets]), dry=True)


def unsplit(domain: str) -> Built:
    """As where the data are too few to split."""
    found = built(domain)
    nothing: Any = torch.zeros(0, 2)
    found.data.real = lambda n: nothing  # type: ignore[method-assign]
    return found


@pytest.mark.parametrize("domain", ["ring", "pair", "tokens", "critics", "dirac", "linear-quadratic"])
def test_the_toys_can_be_compared_and_their_ends_are_those_of_the_reference_rows(domain: str, tmp_path: Path):
    b = built(domain, "samples=200")
    primary = b.domain.primary
    scale.check_run(b)
    scale.check_compared(b, primary)
    rows = reference_rows(b.domain, b.metrics, b.data, b.model, 200, b.recipe.seed, cache=tmp_path)
    assert scale.ends(b, primary.score) == primary.ends(rows)
    assert scale.unscaled(b, primary, *scale.ends(b, primary.score)) == "" == scale.shortage(b)


@pytest.mark.parametrize(
    ("domain", "metrics", "score"),
    [("ring", "[frechet, prdc]", "quality"), ("pair", "[prdc]", "frechet"), ("tokens", "[kernel-distance]", "frechet")],
)
def test_metrics_that_leave_out_the_primary_score_are_refused(domain: str, metrics: str, score: str):
    b = built(domain, f"metrics={metrics}")
    for check in (scale.check_run, lambda b: scale.check_compared(b, b.domain.primary)):
        with pytest.raises(UsageError, match=rf"metrics: .*none of them measures {score}, by which runs of {domain}"):
            check(b)


@pytest.mark.parametrize("domain", ["ring", "pair", "dirac"])
def test_a_domain_whose_primary_names_no_score_is_a_fault_of_its_plugin(domain: str):
    b = built(domain)
    b.domain.primary = Primary("speling", "lower")
    for check in (scale.check_run, lambda b: scale.check_compared(b, b.domain.primary)):
        with pytest.raises(PluginError, match=r"none of them measures speling.*Report it"):
            check(b)


@pytest.mark.parametrize("domain", ["pair", "tokens", "linear-quadratic"])
def test_too_few_samples_for_the_primary_score_are_refused(domain: str):
    b = built(domain, "samples=1")
    for check in (scale.check_run, lambda b: scale.check_compared(b, b.domain.primary)):
        with pytest.raises(UsageError, match="samples: frechet cannot be measured on a single real sample"):
            check(b)
    scale.check_run(built(domain, "samples=2"))


@pytest.mark.parametrize(
    ("metrics", "score", "samples"), [("[prdc]", "recall", 5), ("[kernel-distance]", "kernel-distance", 1)]
)
def test_and_for_any_score_that_runs_are_compared_by(metrics: str, score: str, samples: int):
    few, enough = (built("pair", f"metrics={metrics}", f"samples={n}") for n in (samples, 300))
    with pytest.raises(UsageError, match=f"samples: {score} cannot be measured"):
        scale.check_compared(few, Primary(score, "higher"))
    floor, ceiling = scale.ends(enough, score)
    scale.check_compared(enough, Primary(score, "higher" if ceiling > floor else "lower"))


@pytest.mark.parametrize("domain", ["ring", "pair", "dirac"])
def test_without_held_out_data_nothing_can_be_compared_but_a_run_may_train(domain: str):
    b = unsplit(domain)
    scale.check_run(b)
    with pytest.raises(UsageError, match=r"is too small for a held-out split, so .* has no ceiling"):
        scale.check_compared(b, b.domain.primary)
    scale.check_compared(b, b.domain.primary, scaled=False)  # a threshold needs no ceiling


class Constant(Metric):
    scores = {"constant": "higher", "never": "higher", "worse": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return {"constant": 1.0, "never": math.nan, "worse": -e.features.std().item()}


def test_real_data_that_score_no_better_than_the_floor_are_refused_with_both_numbers():
    b = replace(built("ring"), metrics=(Constant(),))
    for score in ("constant", "worse"):
        floor, ceiling = scale.ends(b, score)
        with pytest.raises(UsageError, match=r"which is no better than the .* of an untrained") as error:
            scale.check_compared(b, Primary(score, "higher"))
        assert f"{ceiling:.4g}" in str(error.value) and f"{floor:.4g}" in str(error.value)
        scale.check_compared(b, Primary(score, "higher"), scaled=False)
    with pytest.raises(UsageError, match="never cannot be measured"):
        scale.check_compared(b, Primary("never", "higher"), scaled=False)
    with pytest.raises(UsageError, match="no better"):
        scale.check_compared(built("dirac", "model.theta=0"), Primary("distance", "lower"))


def test_fewer_samples_than_the_recipe_says_are_told():
    b = built("pair", "samples=500")
    held_out = b.data.held_out()
    b.data.real = lambda n: tuple(leaf[: min(n, 40)] for leaf in held_out)  # type: ignore[method-assign]
    assert scale.samples_of(b) == 40
    assert scale.shortage(b).startswith("Evaluations of pair use 40 samples, not 500: there are no more real samples")
