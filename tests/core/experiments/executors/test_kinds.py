"""Executors by name."""

import importlib.util

import pytest

from detente.errors import MissingExtraError, UsageError
from detente.experiments.executors.kinds import executor
from detente.experiments.executors.local import LocalExecutor


@pytest.mark.parametrize("name", [None, "local"])
def test_cells_are_trained_here_unless_something_else_is_said(name):
    made = executor(name, 3)
    assert isinstance(made, LocalExecutor) and made.slots == 3


@pytest.mark.parametrize(("name", "said"), [("Ray", "Did you mean 'ray'"), ("slurm", "local, ray"), ("", "local, ray")])
def test_an_unknown_name_is_refused_with_those_that_there_are(name, said):
    with pytest.raises(UsageError, match=said):
        executor(name)


@pytest.mark.parametrize("name", ["local", "ray"])
def test_no_place_at_all_is_refused(name):
    with pytest.raises(UsageError, match="at least one worker"):
        executor(name, 0)


def test_without_ray_it_is_said_what_to_install(monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ray" else find(name))
    with pytest.raises(MissingExtraError, match=r"pip install 'detente\[ray\]'") as missing:
        executor("ray")
    assert missing.value.exit_code == 3
