"""What all models of molecules have in common."""

import pytest
import torch
from torch import nn

from detente import Model, Space, UsageError, input_gradient, sumsq
from detente.engine.layers import layers
from detente.plugins import host
from detente.training.warmup import fresh
from detente_molecule.data import QM9
from detente_molecule.networks import Latent, MolGAN
from seeded import seeded

MODELS = [
    MolGAN(width=16),
    MolGAN(width=16, sampling="soft"),
    MolGAN(width=16, reward="qed"),
    Latent(width=16, code=8, warm_up_steps=1),
]
IDS = ["molgan", "soft", "reward", "latent"]


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_networks_make_symmetric_graphs_of_the_space_and_judge_them(model: Model, few: QM9):
    made = fresh(model, few.space, 0)
    bonds, atoms = made.generator(model.latents(5, seeded()))
    assert bonds.shape == (5, 9, 9, 4)
    assert atoms.shape == (5, 9, 5)
    assert torch.equal(bonds, bonds.transpose(1, 2)), "to the bit"
    assert torch.allclose(bonds.sum(-1), torch.ones(())) and torch.allclose(atoms.sum(-1), torch.ones(()))
    assert (bonds.diagonal(dim1=1, dim2=2)[:, 0] == 1).all(), "no atom is bound to itself"
    assert made.discriminator((bonds, atoms)).shape == (5,)


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_networks_neither_normalize_nor_drop_and_keep_all_weights_in_registered_layers(model: Model, few: QM9):
    for net in fresh(model, few.space, 0):
        kinds = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.modules.dropout._DropoutNd)
        assert not any(isinstance(module, kinds) for module in net.modules())
        found = {id(layer.weight) for layer in layers(net)}
        assert all(id(p) in found for p in net.parameters() if p.dim() > 1 and p.requires_grad)
        names = {layer.name for layer in layers(net)}
        assert set(net.output_layers) <= names
    critic = fresh(model, few.space, 0).discriminator
    assert critic.abilities == {"embed", "features"}
    for name in (*critic.feature_layers, "embed"):
        critic.get_submodule(name)


@pytest.mark.parametrize("model", MODELS, ids=IDS)
def test_a_gradient_penalty_reaches_every_weight_of_the_discriminator(model: Model, few: QM9):
    net = fresh(model, few.space, 0).discriminator
    x = tuple(leaf.requires_grad_() for leaf in few.batch(torch.arange(3)).x)
    sumsq(input_gradient(net(x), x)).mean().backward()
    for name, p in net.named_parameters():
        if p.requires_grad and p.dim() > 1:
            assert p.grad is not None and p.grad.abs().sum() > 0, name


@pytest.mark.parametrize("name", ["molgan", "latent"])
def test_what_is_no_graph_is_refused(name: str):
    model = host().load("model", name, "molecule")()
    with pytest.raises(UsageError, match="is for graphs"):
        model.build(Space(QM9(size=300).space.leaves[:1]))
