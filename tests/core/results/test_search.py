"""A search on disk."""

import numpy as np
import pytest

from detente.errors import UsageError
from detente.results.search import Noise, Trial, Tuning
from search_folder import write_search

pytestmark = pytest.mark.usefixtures("module_cache")


def test_noise_is_what_is_left_of_trials_and_seeds():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.2, 0.8, (400, 1)) + rng.normal(0, 0.1, (1, 3)) + rng.normal(0, 0.03, (400, 3))
    trials = [Trial(i, {}, "complete", dict(enumerate(row))) for i, row in enumerate(scores.tolist())]
    found = Noise.of([*trials, Trial(400, {}, "complete", {0: 0.0, 1: 0.0, 2: 0.0})])
    assert found is not None
    assert found.freedom == 399 * 2
    assert found.deviation == pytest.approx(0.03, rel=0.1)  # its standard error is 2.5 %
    assert Noise.of(trials[:1]) is None


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
