"""Which score carries comparisons: the recipe's choice, else the model's own, else the domain's."""

from pathlib import Path

import pytest

from detente import UsageError
from detente.domains.metrics import PRDC, Frechet
from detente.domains.primary import Primary, primary_among, score_among
from detente.recipe import resolve

METRICS = {"frechet": Frechet(), "prdc": PRDC()}


def test_a_score_can_be_named_by_its_metric_where_that_has_only_one():
    assert score_among("frechet", METRICS) == ("frechet", "lower")
    with pytest.raises(UsageError, match="several scores; choose one of them: precision, recall, density, coverage"):
        score_among("prdc", METRICS)


@pytest.mark.parametrize("text", ["frechet<30", "recall > .5", "precision<1"])
def test_a_threshold_is_only_for_searches(text):
    with pytest.raises(UsageError, match="threshold is for detente tune"):
        score_among(text, METRICS)


def test_a_chosen_score_is_scaled_as_whoever_brings_it_says():
    own = Primary("recall", "higher", log=True)
    assert primary_among("recall", [own, Primary("frechet")], METRICS) is own
    assert primary_among("coverage", [own, Primary("frechet")], METRICS) == Primary("coverage", "higher")


def test_a_vocoder_is_ranked_by_its_distance_from_the_recording(recordings):
    found = resolve(None, "speech", [f"data.path={recordings}"], flags={"data": "folder", "model": "vocoder"})
    assert found.recipe.metric == "mel-distance"
    assert found.primary().score == "mel-distance" and not found.primary().log
    # The recording itself has 0, so the scale is linear: the numbers of the plugin's README.
    assert found.primary().scaled(0.41, 1.89, 0.0) == pytest.approx(0.783, abs=1e-3)


@pytest.mark.parametrize("model", ["specgan", "wavegan"])
def test_models_without_a_score_of_their_own_keep_that_of_the_data(model, recordings):
    found = resolve(None, "speech", [f"data.path={recordings}"], flags={"data": "folder", "model": model})
    assert found.primary().score == "frechet-extrapolated"  # that of recordings of one's own


@pytest.mark.parametrize("score", ["stoi", "frechet", "kernel-distance"])
def test_another_score_beats_the_models_own(score, recordings):
    flags = {"data": "folder", "model": "vocoder", "metric": score}
    assert resolve(None, "speech", [f"data.path={recordings}"], flags=flags).primary().score == score


def test_a_model_whose_score_no_metric_measures_keeps_the_domains(recordings):
    sets = [f"data.path={recordings}", "metrics=[frechet]", "metric=frechet"]
    found = resolve(None, "speech", sets, flags={"data": "folder", "model": "vocoder"})
    assert found.primary().score == "frechet"


def test_a_whole_recipe_from_before_models_had_scores_means_what_it_did(recordings):
    now = resolve(None, "speech", [f"data.path={recordings}"], flags={"data": "folder", "model": "vocoder"})
    before = {key: value for key, value in now.recipe.plain().items() if key != "metric"}
    assert resolve(before).recipe.plain() == before
    assert resolve(before).primary().score == "frechet"
    assert resolve(now.recipe.plain()).primary().score == "mel-distance"


@pytest.fixture
def recordings(tmp_path: Path) -> Path:
    return tmp_path  # nothing is read before a run is built
