"""A generator as people use it: how many samples it gives, of which labels, and what can be done with them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import detente
from detente.domains.contracts import Model, Networks
from detente.engine.sample import Leaf, Space
from detente.errors import UsageError
from detente.toys.linear import DiracDomain
from detente.training.export import Exported
from detente.training.generator import Generator


class Positive(DiracDomain):
    """Points, of which those above a threshold are wanted."""

    least = 0.0

    def usable(self, x) -> Tensor:
        return x[:, 0] > self.least

    def content(self, x) -> dict[str, list[float]]:
        return {"numbers": x[:, 0].tolist()}


class Shift(nn.Module):
    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        return z if labels is None else z / 100 + labels[:, None]


class Shifted(Model):
    latent_dim = 1

    def __init__(self, conditional: bool) -> None:
        self.conditional = conditional

    def build(self, space: Space) -> Networks:
        raise NotImplementedError


def generator(least: float = -100.0, classes: int | None = None, condition: tuple[int, ...] | None = None) -> Generator:
    domain = Positive()
    domain.least = least
    space = Space((Leaf((1,)),), classes, condition)
    conditional = classes is not None or condition is not None
    said = {"model": {"name": "shifted"}, "domain": "dirac", "step": 3}
    return Generator(Exported(Shift(), Shifted(conditional), domain, space, said), Path("here"))


@pytest.mark.parametrize(("n", "least"), [(20, 0.0), (7, 1.0), (300, 0.5), (1, 2.0)])
def test_as_many_usable_samples_come_as_were_asked_for(n: int, least: float):
    """Of a standard normal variable above `least`, P = .5, .16, .31, .02: all n, by some n / P draws."""
    samples = generator(least).sample(n, seed=1)
    assert len(samples) == n == len(samples.numbers)
    assert min(samples.numbers) > least
    assert samples.tensors.unique().numel() == n, "no sample stands in for another"
    assert samples.drawn > n or n == 1


def test_as_they_come_none_is_left_out_and_too_few_are_said_to_be_so():
    assert min(generator(0.0).sample(50, usable=False).numbers) < 0
    few = generator(3.0).sample(100, seed=0)  # P = .00135, of 2,000 draws
    assert 0 < len(few) < 10 and few.drawn >= 2000
    with pytest.raises(UsageError, match=r"here: none of 1,\d\d\d samples is usable"):
        generator(50.0).sample(4)


@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_the_seed_decides(seed: int):
    g = generator(0.0)
    assert torch.equal(g.sample(9, seed=seed).tensors, g.sample(9, seed=seed).tensors)
    assert not torch.equal(g.sample(9, seed=seed).tensors, g.sample(9, seed=seed + 1).tensors)


def test_labels_are_in_equal_shares_one_for_all_or_one_for_each():
    g = generator(classes=3)
    assert g.sample(6).tensors.round().flatten().tolist() == [0, 1, 2, 0, 1, 2]
    assert g.sample(3, labels=2).tensors.round().flatten().tolist() == [2, 2, 2]
    assert g.sample(3, labels=[2, 0, 1]).labels.tolist() == [2, 0, 1]
    only_large = generator(least=0.5, classes=3).sample(6)
    assert sorted(only_large.labels.tolist()) == only_large.tensors.round().flatten().sort().values.tolist()


@pytest.mark.parametrize(
    ("of", "labels", "why"),
    [
        ({"classes": 3}, [0, 1, 3], "there are 3 classes, 0 to 2"),
        ({"classes": 3}, [0, 1], "3 samples were requested, but 2 labels"),
        ({}, [0, 1, 2], "takes no labels"),
        ({"condition": (4, 5)}, None, r"labels of shape \[3, 4, 5\]"),
    ],
)
def test_labels_that_do_not_fit_are_refused(of: dict, labels: list[int] | None, why: str):
    with pytest.raises(UsageError, match=why):
        generator(**of).sample(3, labels=labels)


def test_samples_are_written_as_arrays_and_read_back(tmp_path: Path):
    samples = generator().sample(5)
    (path,) = samples.save(tmp_path / "new" / "folder")
    assert np.load(path)["x"].tolist() == samples.tensors.tolist()
    assert (path.parent / "preview.txt").read_text().count("\n") == 5
    assert sorted(file.name for file in path.parent.iterdir()) == ["preview.txt", "samples.npz"]


def test_samples_show_themselves_and_say_what_they_have():
    samples = generator().sample(2)
    assert samples._repr_html_().count("<pre>") == 1 and "2 samples of dirac" in samples._repr_html_()
    with pytest.raises(AttributeError, match="have no 'images'; they have tensors, labels, numbers"):
        _ = samples.images
    assert "numbers" in dir(samples) and repr(samples) == "2 samples of dirac: tensors, numbers"
    assert detente.Generator is Generator
