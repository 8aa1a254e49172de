"""How networks start: from the run's own stream, and a warm-up is made once."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from detente.domains.contracts import Model, Networks
from detente.engine.streams import Stream
from detente.toys.linear import DiracData, Point
from detente.toys.mixture import MLP, RingData
from detente.training.warmup import drawing, fresh, start, weights_hash


class Warm(Point):
    """Moves its generator before the game."""

    calls = 0

    def warm_up(self, networks: Networks, data: Any, rng: Stream, progress: Any = None) -> None:
        type(self).calls += 1
        with torch.no_grad():
            for parameter in networks.generator.parameters():
                parameter.add_(torch.rand(()))


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Warm, "calls", 0)


def hashes(networks: Networks) -> list[str]:
    return [weights_hash(network) for network in networks]


def test_networks_depend_on_the_seed_alone_and_leave_the_default_generator_as_it_was() -> None:
    model, space = MLP(), RingData().space
    before = torch.get_rng_state()
    first = hashes(fresh(model, space, 1))
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(5)
    assert hashes(fresh(model, space, 1)) == first
    assert hashes(fresh(model, space, 2)) != first


def test_draws_stand_at_the_start_of_their_stream() -> None:
    drawn = []
    for _ in range(2):
        with drawing(Stream(3).at("warm-up")):
            drawn.append(torch.rand(4))
        torch.rand(1)
    assert torch.equal(*drawn)


def test_a_warm_up_is_made_once_for_a_seed_and_equal_when_taken_from_the_cache() -> None:
    first = hashes(start(Warm(), DiracData(), 1))
    assert hashes(start(Warm(), DiracData(), 1)) == first
    assert Warm.calls == 1
    assert first != hashes(fresh(Warm(), DiracData().space, 1))
    start(Warm(), DiracData(), 2)
    start(Warm(), DiracData(), 1, versions="another 2.0")
    assert Warm.calls == 3


def test_a_damaged_warm_up_is_repeated_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = hashes(start(Warm(), DiracData(), 1))
    (kept,) = (tmp_path / "cache" / "warm-up").glob("*.safetensors")
    kept.write_bytes(b"nothing")
    with caplog.at_level(logging.WARNING):
        assert hashes(start(Warm(), DiracData(), 1)) == first
    assert Warm.calls == 2
    assert "cannot use the cached warm-up" in caplog.text


class Tied(Model):
    """Two names for one layer; counts its warm-ups, and draws in them."""

    def __init__(self, width: int = 3) -> None:
        self.width, self.warmed = width, []

    def build(self, space):
        tied = nn.Linear(self.width, self.width)
        generator = nn.Sequential(tied, nn.Linear(self.width, 2))
        generator.register_module("same", tied)
        return Networks(generator, nn.Linear(2, 1))

    def warm_up(self, networks, data, rng, show):
        self.warmed.append(rng)
        show(1, 2)
        with torch.no_grad():
            networks.generator[0].weight.add_(torch.randn(self.width, self.width))
            networks.discriminator.weight.add_(torch.randn(1, 2, generator=rng.generator()))


@pytest.fixture(scope="module")
def data():
    return RingData()


def test_a_warm_up_is_made_once_and_shared_by_runs_that_start_alike(data, tmp_path: Path):
    model, told = Tied(), []
    first = start(model, data, 0, show=lambda done, of: told.append((done, of)))
    again = start(model, data, 0)
    assert len(model.warmed) == 1 and told == [(1, 2)]
    assert [weights_hash(net) for net in first] == [weights_hash(net) for net in again]
    assert weights_hash(first.generator) != weights_hash(fresh(model, data.space, 0).generator)
    start(model, data, 1)
    start(Tied(4), data, 0)
    assert len(model.warmed) == 2, "another seed is another start"
    assert len(list((tmp_path / "cache" / "warm-up").glob("*.safetensors"))) == 3


def test_a_damaged_warm_up_is_made_again_to_the_same_weights(data, tmp_path: Path):
    model = Tied()
    first = start(model, data, 0)
    (kept,) = (tmp_path / "cache" / "warm-up").glob("*.safetensors")
    kept.write_bytes(b"nothing")
    again = start(model, data, 0)
    assert len(model.warmed) == 2
    assert [weights_hash(net) for net in first] == [weights_hash(net) for net in again]
    assert load_file(kept)


def test_without_a_cache_a_warm_up_costs_time_and_nothing_else(data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    first = start(Tied(), data, 0)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("DETENTE_CACHE", str(tmp_path / "file"))
    again = start(Tied(), data, 0)
    assert [weights_hash(net) for net in first] == [weights_hash(net) for net in again]
