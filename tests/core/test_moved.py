"""Old names of modules keep working for one release, with a warning."""

import importlib
import sys

import pytest

import detente
from detente import _moved


def old(name: str):
    """A module by its old name, as if it had never been imported."""
    for known in [known for known in sys.modules if known == name or known.startswith(f"{name}.")]:
        del sys.modules[known]
    with pytest.warns(DeprecationWarning, match=f"{name} has moved"):
        return importlib.import_module(name)


@pytest.mark.parametrize("name", sorted(_moved.MOVED))
def test_every_home_of_an_old_module_is_there(name):
    for home in _moved.MOVED[name]:
        assert importlib.util.find_spec(f"detente.{home}") is not None, home


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("study", "compare resume"),
        ("planning", "plan findings preset Preset available comes_along seed_numbers note_versions LOCK flat cpus"),
        ("pool", "Board Progress Pace cpus"),
        ("tuning", "tune resume Wish plan Search GridSearch RandomSearch Sampler TreeParzen sampler"),
        ("tuning.planning", "Wish plan masked"),
        ("tuning.carrying", "tune resume"),
        ("tuning.engine", "Search WAVE"),
        ("tuning.racing", "hopeless"),
        ("tuning.ranges", "Range Reals Wholes Choices"),
        ("tuning.reading", "ranges"),
        ("tuning.samplers", "Sampler sampler"),
        ("cells", "Cell Arm Study Outcome write_results FORMAT"),
        ("trials", "Trial Tuning Noise Rival best put at flat FORMAT"),
        ("measures", "Measure Scaled StepsUntil measure"),
        ("worker", "main LOCKED WARM_UP"),
    ],
)
def test_an_old_module_of_studies_and_searches_hands_out_what_it_had(module, names):
    found = old(f"detente.{module}")
    missing = [name for name in names.split() if not hasattr(found, name)]
    assert not missing


def test_a_name_that_never_was_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = old("detente.study").nothing


def test_old_and_new_names_are_the_same_thing():
    from detente.experiments import compare, tune
    from detente.experiments.executors.base import CellProgress

    assert old("detente.study").compare is compare.compare
    assert old("detente.tuning").tune is tune.tune
    assert old("detente.pool").Progress is CellProgress


def test_public_names_that_changed_work_with_a_warning() -> None:
    with pytest.warns(DeprecationWarning, match=r"detente\.Show is called detente\.ProgressCallback now"):
        assert detente.Show is detente.ProgressCallback
    assert "Show" not in detente.__all__
