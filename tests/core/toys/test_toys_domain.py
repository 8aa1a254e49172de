"""What all toys have in common: names, augmentations, features, baselines and previews."""

import math
from pathlib import Path

import pytest
import torch

from detente import plugins
from detente.domains.contracts import Domain, Metric
from detente.engine.sample import batch_size, each, leaves, rows, to
from detente.toys.data import HELD_OUT
from detente.toys.domain import flat, gaussian_fit, training_samples
from toy_parts import TOYS, Parts, parts, rng


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


@pytest.mark.parametrize("name", ["pair", "critics", "linear-quadratic"])
def test_augmented_samples_have_the_covariance_of_samples(name: str) -> None:
    toy = parts(name)
    x = training_samples(toy.data, 10_000)
    for augment in toy.domain.augmentations.values():
        before, after = (torch.cov(flat(y).T.double()) for y in (x, augment(x, rng())))
        # Flips change no product at all; a shift draws new phases, whose entries have a standard error of 0.005.
        assert (before - after).abs().max() < 0.05


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
