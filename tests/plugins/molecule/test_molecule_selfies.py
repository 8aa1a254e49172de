"""The model of strings: what its warm-up learns, that gradients reach the generator, and that samples are molecules."""

import math

import pytest
import torch

from detente import Leaf, Networks, PackedData, Space, Stream, UsageError
from detente.training.warmup import fresh
from detente_molecule.data import QM9
from detente_molecule.domain import Molecule
from detente_molecule.networks import Selfies
from detente_molecule.strings import SelfiesData
from molecules import nothing


@pytest.fixture(scope="module")
def strings(few: QM9) -> SelfiesData:
    return SelfiesData(few)


@pytest.fixture(scope="module")
def small() -> Selfies:
    return Selfies(width=48, embedding=16, maps=8, warm_up_steps=120, warm_up_batch=64, warm_up_lr=1e-2)


@pytest.fixture(scope="module")
def warmed(small: Selfies, strings: SelfiesData) -> Networks:
    networks = fresh(small, strings.space, 0)
    small.warm_up(networks, strings, Stream(0), nothing)
    return networks


@pytest.mark.slow
def test_the_warm_up_learns_the_strings(small: Selfies, strings: SelfiesData, warmed: Networks) -> None:
    x = strings.held_out()[:100]
    z = small.latents(len(x), torch.Generator().manual_seed(0))
    with torch.no_grad():
        untrained = fresh(small, strings.space, 0).generator.surprise(z, x)
        learnt = warmed.generator.surprise(z, x)
    assert untrained.item() == pytest.approx(math.log(x.shape[-1]), abs=0.15)
    assert learnt < 0.6 * untrained


def test_every_sample_is_a_molecule_and_one_hot(small: Selfies, strings: SelfiesData, warmed: Networks) -> None:
    domain = Molecule()
    domain.meet(strings.space)
    torch.manual_seed(0)
    with torch.no_grad():
        x = warmed.generator(small.latents(300, torch.Generator().manual_seed(1)))
    assert ((x == 0) | (x == 1)).all() and (x.sum(-1) == 1).all()
    assert domain.usable(x).float().mean() >= 0.97  # a string that ends at once means nothing
    assert len({one for one in domain.content(x)["smiles"] if one}) > 150


def test_the_critics_gradient_reaches_every_weight_of_the_generator(strings: SelfiesData, warmed: Networks) -> None:
    z = torch.randn(8, 32, generator=torch.Generator().manual_seed(2))
    warmed.discriminator(warmed.generator(z)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in warmed.generator.parameters())
    warmed.generator.zero_grad(set_to_none=True)


def test_the_model_reads_molecules_alone() -> None:
    rows = torch.zeros(3, 2)
    with pytest.raises(UsageError, match="model 'selfies' writes molecules as strings; it cannot read PackedData"):
        Selfies().view(PackedData(Space((Leaf((2,)),)), rows, rows, rows, "none"))
