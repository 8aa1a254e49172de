"""What all models of images have in common."""

import pytest
import torch
from torch import nn

from detente import Model, input_gradient, sumsq
from detente.engine.layers import layers
from detente_image.networks import DCGAN, MLP, ResNet
from images import space
from seeded import seeded

MODELS = [DCGAN(width=4), ResNet(width=8, group=4), MLP(width=32)]


def stated(net: nn.Module, name: str) -> tuple[str, ...]:
    return getattr(net, name)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
@pytest.mark.parametrize(("channels", "size"), [(1, 32), (3, 16), (3, 64)])
def test_networks_make_and_judge_images_of_the_space(model: Model, channels: int, size: int):
    torch.manual_seed(0)
    made = model.build(space(channels, size))
    x = made.generator(model.latents(5, seeded()))
    assert x.shape == (5, channels, size, size)
    assert x.abs().max() <= 1
    assert made.discriminator(x).shape == (5,)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_networks_start_with_signals_of_ordinary_size(model: Model):
    torch.manual_seed(0)
    made = model.build(space())
    x = made.generator(model.latents(200, seeded()))
    logits = made.discriminator(x)
    assert 0.1 < x.std() < 0.95, "neither a blank page nor saturated"
    assert 0.02 < logits.std() < 3


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_networks_neither_normalize_nor_drop_and_name_their_output_and_feature_layers(model: Model):
    made = model.build(space())
    for net in made:
        kinds = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.modules.dropout._DropoutNd)
        assert not any(isinstance(module, kinds) for module in net.modules())
        names = [layer.name for layer in layers(net)]
        assert set(stated(net, "output_layers")) <= set(names)
        assert len(layers(net, outputs=False)) == len(names) - len(stated(net, "output_layers"))
        weights = {id(layer.weight) for layer in layers(net)}
        assert all(id(p) in weights for p in net.parameters() if p.dim() > 1), "all weights in registered layers"
    assert made.discriminator.abilities == {"features"}
    features = stated(made.discriminator, "feature_layers")
    for name in features:
        made.discriminator.get_submodule(name)
    assert not set(features) & set(stated(made.discriminator, "output_layers"))


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_a_gradient_penalty_reaches_every_weight_of_the_discriminator(model: Model):
    torch.manual_seed(0)
    net = model.build(space()).discriminator
    for layer in layers(net):  # blocks that start at zero hide the weights before them
        nn.init.normal_(layer.weight, std=0.1)
    x = torch.randn(3, 1, 32, 32, requires_grad=True)
    sumsq(input_gradient(net(x), x)).mean().backward()
    assert all(layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0 for layer in layers(net))
