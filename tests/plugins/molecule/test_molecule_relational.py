"""The graph network, written out."""

import pytest
import torch
from torch import Tensor

from detente.training.warmup import fresh
from detente_molecule.data import QM9
from detente_molecule.networks import MolGAN
from detente_molecule.networks.relational import Relational


def test_all_kinds_of_bonds_of_a_graph_layer_are_one_product(few: QM9, monkeypatch: pytest.MonkeyPatch):
    critic = fresh(MolGAN(), few.space, 0).discriminator
    shapes: list[tuple[int, ...]] = []
    bmm = torch.bmm

    def counted(a: Tensor, b: Tensor) -> Tensor:
        shapes.append((*a.shape, *b.shape[2:]))
        return bmm(a, b)

    monkeypatch.setattr(torch, "bmm", counted)
    critic(few.batch(torch.arange(7)).x)
    assert shapes == [(7, 27, 9, 5), (7, 27, 9, 69)]


def test_a_message_goes_along_each_kind_of_bond_with_its_own_weights(few: QM9):
    """By the sum over neighbours, written out."""
    embed = fresh(MolGAN(messages=(6, 4), readout=3), few.space, 0).discriminator.embed
    bonds, atoms = (leaf[0] for leaf in few.batch(torch.arange(1)).x)
    h = atoms
    for own, along in zip(embed.own, embed.along, strict=True):
        kinds = along.weight.unflatten(1, (3, -1))  # [out, K, in]
        new = own(h) + along.bias
        for i in range(9):
            for j in range(9):
                for k in range(3):
                    new = new.index_add(0, torch.tensor([i]), (bonds[i, j, k + 1] * (kinds[:, k] @ h[j]))[None])
        h = torch.cat([new.tanh(), atoms], dim=-1)
    expected = (embed.gate(h).sigmoid() * embed.gather(h).tanh()).sum(0).tanh()
    assert torch.allclose(embed((bonds[None], atoms[None]))[0], expected, atol=1e-5)


def test_where_there_is_no_bond_atoms_hear_nothing():
    net = Relational(3, (4, 5), 6)
    atoms = torch.eye(3)[torch.tensor([[0, 1, 2, 1]])]
    bonds = torch.zeros(1, 4, 4, 4)
    bonds[..., 0] = 1
    alone = net((bonds, atoms))
    for along in net.along:
        torch.nn.init.normal_(along.weight)
    assert torch.equal(net((bonds, atoms)), alone)
    bonds[0, 0, 1] = bonds[0, 1, 0] = torch.tensor([0.0, 1, 0, 0])
    assert not torch.allclose(net((bonds, atoms)), alone)


def test_the_description_is_a_sum_over_atoms_between_minus_one_and_one():
    net = Relational(3, (4,), 6)
    atoms = torch.eye(3)[torch.tensor([[0, 1], [0, 0], [1, 1]])]
    bonds = torch.zeros(3, 2, 2, 4)
    both, first, second = net((bonds, atoms)).atanh()
    torch.testing.assert_close(2 * both, first + second, rtol=1e-4, atol=1e-5)
