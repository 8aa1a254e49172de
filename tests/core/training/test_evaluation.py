"""Samples, scores and the reference rows: deterministic, cached by content, and the same whatever training draws."""

import json
import logging
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from detente.domains.contracts import Evaluation, Metric, Model, Networks
from detente.domains.metrics import Frechet
from detente.domains.packed import PackedData
from detente.engine.sample import Leaf, Space, leaves, rows
from detente.engine.streams import Stream
from detente.errors import PluginError, UsageError
from detente.toys.linear import DiracData, DiracDomain, Distance, LinearQuadraticData, LinearQuadraticDomain, Point
from detente.toys.mixture import MLP, Modes, RingData, RingDomain
from detente.toys.pair import Pair, PairData
from detente.training.evaluation import conditions, generate, is_finite, reference_rows, score
from detente.training.warmup import fresh as build


class Counted(Metric):
    """Counts how often it is asked."""

    scores = {"n": "neither"}

    def __init__(self) -> None:
        self._calls: list[int] = []

    def __call__(self, e: Evaluation) -> dict[str, float]:
        self._calls.append(e.n)
        return {"n": float(e.n)}


def test_samples_come_in_the_structure_of_the_space_on_the_cpu_and_without_a_graph() -> None:
    model, data = Pair(), PairData(size=1)
    x = generate(build(model, data.space, 0).generator, model, 10, Stream(0), batch=4)
    assert [tuple(leaf.shape) for leaf in leaves(x)] == [(10, 4, 3), (10, 5)]
    assert not any(leaf.requires_grad for leaf in leaves(x))


def test_the_first_samples_do_not_depend_on_how_many_follow_or_on_what_was_drawn_before() -> None:
    model = MLP()
    network = build(model, RingData(size=1).space, 0).generator
    many = generate(network, model, 600, Stream(3))
    torch.manual_seed(12345)
    few = generate(network, model, 5, Stream(3))
    # Kernels for 5 and for 256 rows add up in different orders.
    torch.testing.assert_close(leaves(rows(many, slice(0, 5)))[0], leaves(few)[0], rtol=1e-5, atol=1e-6)
    assert torch.equal(leaves(few)[0], leaves(generate(network, model, 5, Stream(3)))[0])
    assert not torch.equal(leaves(few)[0], leaves(generate(network, model, 5, Stream(4)))[0])
    assert len(leaves(many)[0].unique(dim=0)) == 600  # no batch repeats another's latents


def test_samples_have_the_networks_precision_unless_told() -> None:
    model = MLP()
    network = build(model, RingData(size=1).space, 0).generator.double()
    assert leaves(generate(network, model, 3, Stream(0)))[0].dtype == torch.float64


class Echo(nn.Module):
    """Returns noise of its own and its labels."""

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        return torch.stack([labels.to(z.dtype), torch.randn(len(z)), z[:, 0]], dim=1)


class Conditional(Model):
    latent_dim, conditional = 1, True

    def build(self, space: Space) -> Networks:
        return Networks(Echo(), nn.Linear(3, 1))


class Labelled(PackedData):
    def __init__(self, labels: Tensor | None) -> None:
        super().__init__(Space((Leaf((1,)),), classes=10), *(torch.zeros(50, 1),) * 3, identity="zeros", labels=labels)


def test_labels_reach_the_network_in_order_and_its_noise_has_a_stream() -> None:
    labels = torch.arange(10)
    first, second = (generate(Echo(), Conditional(), 10, Stream(0), labels, batch=3) for _ in range(2))
    assert torch.equal(leaves(first)[0][:, 0], labels.float())
    assert torch.equal(leaves(first)[0], leaves(second)[0])
    assert len(leaves(first)[0][:, 1].unique()) == 10
    with pytest.raises(UsageError, match="11 samples were requested, but 10 labels given"):
        generate(Echo(), Conditional(), 11, Stream(0), labels)


def test_conditions_are_drawn_from_the_data_where_the_model_takes_them() -> None:
    data, model = Labelled(torch.arange(50) % 10), Conditional()
    drawn = conditions(data, model, 300, Stream(0))
    assert drawn is not None
    assert drawn.shape == (300,)
    assert set(drawn.tolist()) == set(range(10))
    assert conditions(data, MLP(), 300, Stream(0)) is None
    with pytest.raises(UsageError, match="takes labels, but Labelled has none"):
        conditions(Labelled(None), model, 3, Stream(0))


def test_scores_of_all_metrics_are_put_together() -> None:
    x = RingData().batch(torch.arange(500)).x
    scores = score(RingDomain(), [Modes(), Frechet(), Counted()], x, RingData(), Stream(0))
    assert scores.keys() == {"quality", "inside", "modes", "modes-kl", "frechet", "n"}
    assert scores["n"] == 500


def test_samples_that_are_not_finite_score_nan_and_no_metric_sees_them() -> None:
    x = torch.full((5, 2), math.inf)
    counted = Counted()
    scores = score(RingDomain(), [counted, Frechet()], x, RingData(), Stream(0))
    assert all(math.isnan(value) for value in scores.values())
    assert counted._calls == []


class Liar(Metric):
    scores = {"truth": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return {"lie": 1.0}


def test_a_metric_that_returns_other_names_than_it_states_or_those_of_another_is_refused() -> None:
    x = torch.zeros(3, 2)
    with pytest.raises(PluginError, match=r"Liar declares the scores \['truth'\] but returned \['lie'\]"):
        score(RingDomain(), [Liar()], x, RingData(), Stream(0))
    with pytest.raises(PluginError, match="Counted returns the score 'n', which another metric also returns"):
        score(RingDomain(), [Counted(), Counted()], x, RingData(), Stream(0))


def reference(
    cache: Path, model: Model | None = None, n: int = 100, seed: int = 0, versions: str = ""
) -> dict[str, Any]:
    counted = Counted()
    metrics = (Modes(), counted)
    found = reference_rows(RingDomain(), metrics, RingData(), model or MLP(), n, seed, versions=versions, cache=cache)
    return {"rows": found, "asked": len(counted._calls)}


def test_real_baseline_and_untrained_rows_have_the_same_sample_count(tmp_path: Path) -> None:
    found = reference(tmp_path)["rows"]
    assert list(found) == ["real", "baseline", "untrained"]
    assert {row["n"] for row in found.values()} == {100.0}
    assert found["real"]["quality"] > 0.95 > found["baseline"]["quality"] > found["untrained"]["quality"]


def test_dirac_rows_are_known(tmp_path: Path) -> None:
    found = reference_rows(DiracDomain(), [Distance()], DiracData(), Point(theta=-3.0), 10, cache=tmp_path)
    assert found == {"real": {"distance": 0}, "baseline": {"distance": 0}, "untrained": {"distance": 3}}


def test_more_real_data_are_drawn_where_more_samples_are_asked_for(tmp_path: Path) -> None:
    data, domain = LinearQuadraticData(), LinearQuadraticDomain()
    found = reference_rows(domain, [Counted(), Frechet()], data, Point(), 2 * 2000, cache=tmp_path)
    assert found["real"]["n"] == 4000
    assert found["real"]["frechet"] < 1e-6  # all draws are standardized; n/(n − 1) differs between 2000 and 4000


def test_rows_are_computed_once_and_equal_when_read_again(tmp_path: Path) -> None:
    first, second = reference(tmp_path), reference(tmp_path)
    assert (first["asked"], second["asked"]) == (3, 0)
    assert first["rows"] == second["rows"]
    assert len(list((tmp_path / "reference").iterdir())) == 1  # no temporary file stays behind


def test_whatever_the_rows_depend_on_makes_another_file(tmp_path: Path) -> None:
    reference(tmp_path)
    for change in (
        reference(tmp_path, n=101),
        reference(tmp_path, seed=1),
        reference(tmp_path, versions="detente 2.0"),
        reference(tmp_path, model=MLP(width=32)),
    ):
        assert change["asked"] == 3


class Scaled(Model):
    """Keeps its option where no attribute shows it."""

    def __init__(self, scale: float) -> None:
        self._scale = [scale]

    def build(self, space: Space) -> Networks:
        generator = nn.Linear(self.latent_dim, 2)
        nn.init.constant_(generator.weight, self._scale[0])
        return Networks(generator, nn.Linear(2, 1))


def test_models_that_start_with_other_weights_share_no_rows(tmp_path: Path) -> None:
    assert reference(tmp_path, model=Scaled(1.0))["asked"] == 3
    assert reference(tmp_path, model=Scaled(2.0))["asked"] == 3
    assert reference(tmp_path, model=Scaled(1.0))["asked"] == 0


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"rows": {}}', "\x00", '{"rows": {"real": 1}, "depends_on": "x"}'])
def test_a_damaged_file_is_computed_again(tmp_path: Path, damage: str) -> None:
    first = reference(tmp_path)
    (file,) = (tmp_path / "reference").iterdir()
    file.write_text(damage)
    second = reference(tmp_path)
    assert second == first
    assert json.loads(file.read_text())["rows"] == first["rows"]


def test_a_file_that_lacks_a_score_is_computed_again(tmp_path: Path) -> None:
    first = reference(tmp_path)
    (file,) = (tmp_path / "reference").iterdir()
    content = json.loads(file.read_text())
    del content["rows"]["baseline"]["modes-kl"]
    file.write_text(json.dumps(content))
    assert reference(tmp_path) == first


def test_nan_survives_the_cache(tmp_path: Path) -> None:
    class Nowhere(Model):
        def build(self, space: Space) -> Networks:
            generator = nn.Linear(self.latent_dim, 2)
            nn.init.constant_(generator.bias, math.nan)
            return Networks(generator, nn.Linear(2, 1))

    for _ in range(2):
        assert math.isnan(reference(tmp_path, model=Nowhere())["rows"]["untrained"]["quality"])


def test_a_folder_that_cannot_be_written_to_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with caplog.at_level(logging.WARNING, logger="detente"):
        assert reference(blocked)["asked"] == 3
    assert "DETENTE_CACHE" in caplog.text


def test_rows_do_not_depend_on_the_state_of_the_default_generator(tmp_path: Path) -> None:
    first = reference(tmp_path / "a")
    torch.manual_seed(99)
    assert reference(tmp_path / "b")["rows"] == first["rows"]


@pytest.mark.parametrize(
    ("numbers", "finite"),
    [
        ([3e38, 3e38, 3e38], True),  # whose sum is not
        ([1.0, math.inf, 0.0], False),
        ([1.0, math.inf, -math.inf], False),
        ([math.nan, 0.0, 0.0], False),
        ([], True),
    ],
)
def test_samples_are_finite_if_each_of_their_numbers_is(numbers: list[float], finite: bool) -> None:
    leaf = torch.tensor(numbers)
    assert is_finite(leaf) is finite
    assert is_finite((torch.zeros(2), leaf)) is finite
    assert is_finite(torch.tensor([[1, 2]])) and is_finite(torch.tensor([True]))
