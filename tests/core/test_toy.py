"""The toys: what is known about their data holds, and their networks keep every clause of the contract."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from detente import plugins
from detente.domains.contracts import Data, Domain, Evaluation, Metric, Model, Networks
from detente.domains.metrics import mode_scores
from detente.engine.forward import abilities
from detente.engine.game import Game
from detente.engine.layers import layers
from detente.engine.objectives import NonSaturating
from detente.engine.player import Player
from detente.engine.sample import Batch, Sample, batch_size, each, leaves, rows, to
from detente.engine.streams import Stream
from detente.errors import UsageError
from detente.regularizers.r1 import R1
from detente.toys.critics import CriticsData
from detente.toys.data import HELD_OUT, REFERENCE
from detente.toys.domain import flat, gaussian_fit, training_samples
from detente.toys.linear import Distance, LinearQuadraticData, Point
from detente.toys.mixture import MLP, GridData, GridDomain, Mixture, Modes, RingData, RingDomain
from detente.toys.pair import Pair, PairData
from detente.toys.tokens import TokensData
from detente.training.evaluation import generate
from detente.training.warmup import fresh as build

SOLVED = ("dirac", "bilinear", "linear-quadratic")
DEEP = ("ring", "grid", "pair", "critics", "tokens")
TOYS = (*SOLVED, *DEEP)


@dataclass(frozen=True)
class Parts:
    domain: Domain
    data: Data
    model: Model
    networks: Networks


@pytest.fixture(params=TOYS)
def toy(request: pytest.FixtureRequest) -> Parts:
    return parts(request.param)


def parts(name: str) -> Parts:
    host = plugins.host()
    data, model = (host.load(kind, name, name)() for kind in ("data", "model"))
    return Parts(host.load("domain", name)(), data, model, build(model, data.space, seed=0))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def logits(networks: Networks, x: Sample) -> tuple[Tensor, ...]:
    return leaves(networks.discriminator(x))


def names(net: nn.Module, attribute: str) -> tuple[str, ...]:
    return getattr(net, attribute)


# What a host finds


def test_every_toy_has_a_domain_data_and_a_model_of_its_name_and_its_metrics_give_its_primary_score() -> None:
    host = plugins.host()
    for name in TOYS:
        domain: Domain = host.load("domain", name)()
        assert domain.name == name
        metrics: list[Metric] = [host.load("metric", metric, name)() for metric in domain.metrics]
        stated = [score for metric in metrics for score in metric.scores]
        assert len(stated) == len(set(stated))
        directions = {score: direction for metric in metrics for score, direction in metric.scores.items()}
        assert directions[domain.primary.score] == domain.primary.direction
        assert host.entry("model", name, name).domain == host.entry("data", name, name).domain == name


# Data


def test_data_have_the_shapes_of_their_space_and_three_splits(toy: Parts) -> None:
    shapes = tuple(leaf.shape for leaf in toy.data.space.leaves)
    for x, n in (
        (toy.data.batch(torch.tensor([3, 0, 5])).x, 3),
        (toy.data.held_out(), HELD_OUT),
        (toy.data.reference(), REFERENCE),
    ):
        assert tuple(leaf.shape for leaf in leaves(x)) == tuple((n, *shape) for shape in shapes)
        assert all(leaf.dtype == torch.float32 for leaf in leaves(x))
    assert toy.data.description
    assert toy.data.licence


@pytest.mark.parametrize("name", ["ring", "grid", "pair", "critics"])
def test_no_sample_is_in_two_splits(name: str) -> None:
    data = parts(name).data
    split = [flat(x) for x in (training_samples(data, len(data)), data.held_out(), data.reference())]
    points = {tuple(row) for x in split for row in x.tolist()}
    assert len(points) == sum(map(len, split))  # by chance, 24,000 pairs of float32 repeat none


@pytest.mark.parametrize(
    ("make", "change"),
    [
        (LinearQuadraticData, {"seed": 1}),
        (RingData, {"std": 0.2}),
        (GridData, {"spacing": 1.0}),
        (PairData, {"noise": 0.2}),
        (CriticsData, {"size": 500}),
        (TokensData, {"order": 0.5}),
    ],
)
def test_identity_and_draws_follow_the_options(make: Any, change: dict[str, Any]) -> None:
    first, same, other = make(), make(), make(**change)
    assert first.identity == same.identity != other.identity
    assert torch.equal(flat(first.reference()), flat(same.reference()))


@pytest.mark.parametrize("make", [PairData, CriticsData, TokensData])
def test_moments_are_those_of_the_closed_form(make: Any) -> None:
    data = make(size=40_000)
    x = flat(training_samples(data, len(data))).double()
    # Entries of a covariance of numbers of size 1 have a standard error of about 1/√40000 = 0.005, means the same.
    assert (torch.cov(x.T) - data.covariance).abs().max() < 0.03
    mean = 1 / 5 if make is TokensData else 0.0
    assert (x.mean(dim=0) - mean).abs().max() < 0.025


def test_linear_quadratic_data_have_the_first_two_moments_exactly() -> None:
    x = flat(training_samples(LinearQuadraticData(size=1000))).double()
    assert abs(x.mean()) < 1e-8  # rounding to float32
    assert x.square().mean().item() == pytest.approx(1, abs=1e-7)


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (RingData, {"std": -1.0}),
        (GridData, {"std": math.nan}),
        (RingData, {"size": 0}),
        (LinearQuadraticData, {"size": 1}),
        (PairData, {"noise": -0.1}),
        (TokensData, {"order": 1.5}),
        (MLP, {"width": 0}),
        (MLP, {"depth": 0}),
        (Pair, {"latent_dim": 0}),
    ],
)
def test_options_without_a_meaning_are_refused_by_name(make: Any, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(options))):
        make(**options)


# Ring and grid: a perfect sampler


@pytest.mark.parametrize(("domain", "make", "k"), [(RingDomain, RingData, 8), (GridDomain, GridData, 25)])
def test_a_perfect_sampler_has_98_89_percent_within_three_sigma_and_a_kl_of_its_floor(
    domain: type[Domain], make: type[RingData] | type[GridData], k: int
) -> None:
    data = make(size=200_000)
    x = training_samples(data, len(data))
    scores = Modes()(Evaluation(x, data, domain()))
    inside = 1 - math.exp(-4.5)
    assert inside == pytest.approx(0.9889, abs=5e-5)
    assert scores["inside"] == pytest.approx(
        inside, abs=4 * math.sqrt(inside * (1 - inside) / 200_000)
    )  # 4 std. errors
    assert scores["modes"] == k
    assert scores["quality"] == scores["inside"]
    floor, spread = (k - 1) / 400_000, math.sqrt(2 * (k - 1)) / 400_000  # 2n·KL is χ² of K − 1
    assert scores["modes-kl"] == pytest.approx(floor, abs=4 * spread)


def test_a_collapsed_sampler_is_sharp_and_covers_one_mode() -> None:
    data = RingData()
    one = data.centres[:1].float().expand(100, 2)
    scores = Modes()(Evaluation(one, data, RingDomain()))
    assert scores == pytest.approx({"quality": 1 / 8, "inside": 1.0, "modes": 1.0, "modes-kl": math.log(8)})


def test_modes_needs_centres_and_finite_samples() -> None:
    points = torch.zeros(3, 2)
    with pytest.raises(UsageError, match="PairData has none"):
        Modes()(Evaluation(points, PairData(size=1), RingDomain()))
    broken = Modes()(Evaluation(points + math.nan, RingData(), RingDomain()))
    assert all(math.isnan(value) for value in broken.values())


def test_distance_is_the_mean_norm() -> None:
    samples = torch.tensor([[3.0, 4.0], [0.0, 0.0]])
    assert Distance()(Evaluation(samples, RingData(size=1), RingDomain())) == {"distance": 2.5}


# Networks


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_networks_fit_their_space_in_either_precision(toy: Parts, dtype: torch.dtype) -> None:
    networks = Networks(*(net.to(dtype) for net in toy.networks))
    z = to(toy.model.latents(7, rng()), dtype=dtype)
    x = networks.generator(z)
    assert tuple(leaf.shape for leaf in leaves(x)) == tuple((7, *leaf.shape) for leaf in toy.data.space.leaves)
    for part in (*leaves(x), *logits(networks, x)):
        assert part.dtype == dtype
        assert part.shape[0] == 7
        assert part.requires_grad


def test_networks_depend_on_the_seed_alone(toy: Parts) -> None:
    before = torch.random.get_rng_state()
    again = build(toy.model, toy.data.space, seed=0)
    assert torch.equal(torch.random.get_rng_state(), before)
    for a, b in zip(parameters(toy.networks), parameters(again), strict=True):
        assert torch.equal(a, b)


def parameters(networks: Networks) -> Iterator[nn.Parameter]:
    for net in networks:
        yield from net.parameters()


def test_critics_keep_samples_apart(toy: Parts) -> None:
    x = toy.data.batch(torch.arange(8)).x
    order = torch.randperm(8, generator=rng())
    for part, moved in zip(logits(toy.networks, x), logits(toy.networks, rows(x, order)), strict=True):
        torch.testing.assert_close(part[order], moved)


@pytest.mark.parametrize("name", ["pair", "critics", "tokens", "ring", "grid"])
def test_every_leaf_and_every_parameter_of_the_critic_matters(name: str) -> None:
    toy = parts(name)
    x = each(lambda leaf: leaf.requires_grad_(), toy.data.batch(torch.arange(16)).x)
    total = torch.stack([part.square().sum() for part in logits(toy.networks, x)]).sum()
    total.backward()
    for part in (*leaves(x), *toy.networks.discriminator.parameters()):
        assert part.grad is not None
        assert part.grad.abs().max() > 0


@pytest.mark.parametrize("name", DEEP)
def test_every_network_has_hidden_layers_and_names_its_output_layers(name: str) -> None:
    for net in parts(name).networks:
        hidden = {layer.name for layer in layers(net, outputs=False)}
        outputs = {layer.name for layer in layers(net)} - hidden
        assert hidden
        assert outputs == set(names(net, "output_layers"))


def test_abilities_are_there(toy: Parts) -> None:
    net = toy.networks.discriminator
    if "features" in abilities(net):
        for name in names(net, "feature_layers"):
            net.get_submodule(name)
    if "embed" in abilities(net):
        x = toy.data.batch(torch.arange(4)).x
        embedded = net.get_submodule("embed")(x)
        assert embedded.shape[:2] == leaves(x)[0].shape[:2]
        hook = net.get_submodule("embed").register_forward_hook(lambda *_: embedded)
        assert torch.equal(net(torch.zeros_like(leaves(x)[0])), net(x))  # nothing after it looks past it
        hook.remove()


def test_the_three_critics_have_logits_of_three_shapes() -> None:
    toy = parts("critics")
    assert [tuple(part.shape) for part in logits(toy.networks, toy.data.batch(torch.arange(5)).x)] == [
        (5,),
        (5, 16),
        (5, 4, 4),
    ]


def test_generated_words_lie_on_the_simplex() -> None:
    toy = parts("tokens")
    x = leaves(generate(toy.networks.generator, toy.model, 20, Stream(0)))[0]
    assert (x > 0).all()
    torch.testing.assert_close(x.sum(dim=2), torch.ones(20, 6))


def test_points_start_where_they_are_told() -> None:
    data = parts("bilinear").data
    generator, discriminator = Point(theta=2.0, psi=-0.5).build(data.space)
    assert torch.equal(generator(torch.zeros(3, 1)), torch.full((3, 4), 2.0))
    assert torch.equal(discriminator(torch.ones(3, 4)), torch.full((3,), -2.0))


def test_the_linear_quadratic_critic_is_what_its_name_says() -> None:
    toy = parts("linear-quadratic")
    x = torch.tensor([[-1.0], [2.0]])
    assert torch.equal(toy.networks.discriminator(x), torch.tensor([-0.5, 4.0]))  # w₂ = ½, w₁ = 1
    assert torch.equal(toy.networks.generator(x), torch.tensor([[0.5], [2.0]]))  # a = ½, b = 1


def test_a_game_under_r1_runs_on_every_toy(toy: Parts) -> None:
    def adam(p: list[nn.Parameter]) -> torch.optim.Optimizer:
        return torch.optim.Adam(p, lr=1e-3, fused=True)

    game = Game(
        Player("generator", toy.networks.generator, adam),
        Player("discriminator", toy.networks.discriminator, adam, R1()),
        NonSaturating(),
        toy.domain,
        toy.model.latents,
    )
    before = [p.clone() for p in parameters(toy.networks)]
    for _ in range(2):
        terms = game.step(Batch(toy.data.batch(torch.arange(16)).x))
        assert terms.keys() == {"D/adversarial", "D/r1", "G/adversarial"}
        assert all(value.isfinite() for value in terms.values())
    moved = [not torch.equal(a, b) for a, b in zip(before, parameters(toy.networks), strict=True)]
    assert all(moved)


# Domains


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_augmentations_keep_structure_precision_gradient_and_follow_their_generator(
    toy: Parts, dtype: torch.dtype
) -> None:
    assert toy.domain.augmentations
    x = to(toy.data.batch(torch.arange(64)).x, dtype=dtype)
    for augment in toy.domain.augmentations.values():
        source = each(lambda leaf: leaf.clone().requires_grad_(), x)
        first, second, third = augment(source, rng()), augment(source, rng()), augment(source, rng(1))
        for a, b, leaf in zip(leaves(first), leaves(second), leaves(x), strict=True):
            assert torch.equal(a, b)
            assert (a.shape, a.dtype) == (leaf.shape, dtype)
            assert a.requires_grad
        if toy.domain.name not in ("dirac", "bilinear"):  # minus zero is zero
            assert not torch.equal(flat(first), flat(third))


@pytest.mark.parametrize("make", [RingData, GridData])
def test_symmetries_of_the_mixtures_move_centres_onto_centres(make: type[RingData] | type[GridData]) -> None:
    data = make(size=1)
    domain = {RingData: RingDomain, GridData: GridDomain}[make]()
    for augment in domain.augmentations.values():
        for seed in range(8):
            moved = leaves(augment(data.centres, rng(seed)))[0]
            distance, nearest = torch.cdist(moved, data.centres).min(dim=1)
            assert distance.max() < 1e-12
            assert mode_scores(nearest, data.modes)["modes"] > 1
    assert isinstance(data, Mixture)


@pytest.mark.parametrize("name", ["pair", "critics", "linear-quadratic"])
def test_augmented_samples_have_the_covariance_of_samples(name: str) -> None:
    toy = parts(name)
    x = training_samples(toy.data, 10_000)
    for augment in toy.domain.augmentations.values():
        before, after = (torch.cov(flat(y).T.double()) for y in (x, augment(x, rng())))
        # Flips change no product at all; a shift draws new phases, whose entries have a standard error of 0.005.
        assert (before - after).abs().max() < 0.05


def test_a_masked_word_is_uniform_in_one_place() -> None:
    toy = parts("tokens")
    x = leaves(toy.data.batch(torch.arange(50)).x)[0]
    masked = leaves(toy.domain.augmentations["mask"](x, rng()))[0]
    changed = (masked != x).any(dim=2)
    assert (changed.sum(dim=1) == 1).all()
    assert (masked[changed] == 0.2).all()


def test_features_are_one_row_of_all_leaves(toy: Parts) -> None:
    features = toy.domain.features(toy.data.held_out())
    assert features.shape == (HELD_OUT, sum(math.prod(leaf.shape) for leaf in toy.data.space.leaves))


def test_baselines_have_the_structure_of_samples_and_follow_their_generator(toy: Parts) -> None:
    first, second = (toy.domain.baseline(toy.data, 30, rng()) for _ in range(2))
    assert batch_size(first) == 30
    assert len(leaves(first)) == len(toy.data.space.leaves)
    for a, b, leaf in zip(leaves(first), leaves(second), toy.data.space.leaves, strict=True):
        assert torch.equal(a, b)
        assert (a.shape, a.dtype) == ((30, *leaf.shape), torch.float32)


def test_the_gaussian_fit_has_the_moments_of_what_it_fits_singular_or_not() -> None:
    mix = torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, 0.0]])  # the third coordinate is constant
    x = torch.randn(1000, 2, generator=rng()) @ mix + torch.tensor([5.0, 0.0, -3.0])
    drawn = leaves(gaussian_fit(x, 40_000, rng(1)))[0]
    assert (drawn.mean(dim=0) - x.mean(dim=0)).abs().max() < 0.05  # four standard errors of a deviation of √5
    assert (torch.cov(drawn.T) - torch.cov(x.T)).abs().max() < 0.15  # four of a variance of 5
    assert drawn[:, 2].std() < 1e-6
    assert torch.equal(leaves(gaussian_fit(x[:1], 4, rng()))[0], x[:1].expand(4, 3))


def test_the_pair_baseline_knows_each_leaf_and_nothing_of_the_other() -> None:
    toy = parts("pair")
    assert isinstance(toy.data, PairData)
    covariance = torch.cov(flat(toy.domain.baseline(toy.data, 20_000, rng())).T.double())
    expected = toy.data.covariance.clone()
    assert expected[:12, 12:].abs().max() == 0.5
    expected[:12, 12:] = expected[12:, :12] = 0
    assert (covariance - expected).abs().max() < 0.1  # 5000 samples were fitted: four standard errors


def test_previews_are_written_whatever_the_samples_are(toy: Parts, tmp_path: Path) -> None:
    x = toy.data.batch(torch.arange(40)).x
    for i, samples in enumerate((x, each(lambda leaf: leaf * math.nan, x), rows(x, slice(0, 1)))):
        path = tmp_path / f"{i}{toy.domain.preview_suffix}"
        toy.domain.preview(samples, path)
        assert path.stat().st_size > 0


def test_previews_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    parts("tokens").domain.preview(torch.eye(5)[torch.tensor([[0, 1, 2, 3, 4, 0], [4, 4, 4, 4, 4, 4]])], path)
    assert path.read_text() == "abcdea\neeeeee\n"
    parts("pair").domain.preview((torch.zeros(1, 1, 2), torch.ones(1, 1)), path)
    assert path.read_text() == "+0.0000 +0.0000 | +1.0000\n"
