"""The processes of a run: how they share a batch, which device each has, and what they cannot train."""

import signal

import pytest
import torch
from torch import nn

from detente.domains.contracts import Networks
from detente.errors import Interrupted, UsageError
from detente.training.team import Team, team


@pytest.mark.parametrize(("batch", "size"), [(64, 1), (64, 2), (7, 7), (12, 4), (1, 1)])
def test_parts_are_the_batch_in_order_and_equally_large(batch: int, size: int) -> None:
    parts = [Team(size, index).part(torch.arange(batch)) for index in range(size)]
    assert torch.cat(parts).tolist() == list(range(batch))
    assert {len(part) for part in parts} == {batch // size}
    Team(size).check(batch, "batch")


@pytest.mark.parametrize(
    ("batch", "size", "choices"),
    [(33, 2, "batch=32 or 34"), (10, 4, "batch=8 or 12"), (3, 8, "batch=8"), (7, 6, "6 or 12")],
)
def test_a_batch_that_cannot_be_shared_evenly_is_refused_with_the_nearest(batch: int, size: int, choices: str) -> None:
    with pytest.raises(UsageError) as refused:
        Team(size).check(batch, "--batch")
    said = str(refused.value)
    assert said.startswith(f"--batch: {batch} samples cannot be shared evenly by {size} processes") and choices in said


@pytest.mark.parametrize(
    ("chosen", "usual", "has", "device"),
    [
        ("auto", "auto", False, "cpu"),
        ("auto", "auto", True, "cuda:1"),
        ("auto", "cuda:0", True, "cuda:1"),
        ("auto", "cpu", True, "cpu"),
        ("cuda", "auto", True, "cuda:1"),
        ("cpu", "cuda:0", True, "cpu"),
    ],
)
def test_each_process_takes_the_gpu_of_its_number(
    monkeypatch: pytest.MonkeyPatch, chosen: str, usual: str, has: bool, device: str
) -> None:
    for name, value in {"TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has)
    assert Team(4, 3).device(chosen, usual) == device


def test_one_gpu_for_several_processes_is_refused() -> None:
    with pytest.raises(UsageError, match="cuda:1 is one device, and each of the 2 processes takes a GPU of its own"):
        Team(2).device("cuda:1", "auto")


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(4), nn.BatchNorm2d(4), nn.SyncBatchNorm(4)])
def test_torchs_own_batch_norm_is_refused_by_name_where_there_are_several(layer: nn.Module) -> None:
    networks = Networks(nn.Sequential(nn.Linear(4, 4), layer), nn.Linear(4, 1))
    Team().check_networks(networks)
    with pytest.raises(UsageError, match=f"the generator's 1 is torch's {type(layer).__name__}"):
        Team(2).check_networks(networks)


def test_a_frozen_network_keeps_its_normalization() -> None:
    frozen = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)).requires_grad_(False)
    Team(2).check_networks(Networks(frozen, nn.Linear(4, 1)))


def test_alone_a_second_signal_stops_at_once_and_in_a_team_it_is_a_copy() -> None:
    alone, of_two = Team(), Team(2)
    alone.stop(signal.SIGINT)
    with pytest.raises(Interrupted):
        alone.stop(signal.SIGINT)
    of_two.stop(signal.SIGINT)
    of_two.stop(signal.SIGTERM)
    assert of_two.signal == signal.SIGINT


def test_without_torchrun_a_run_is_alone() -> None:
    with team() as found:
        assert (found.size, found.index, found.leads) == (1, 0, True)
        assert found.share({"x": 1}) == {"x": 1}
        found.agree()
        assert found.signal is None
