"""What all models of speech have in common."""

import pytest
import torch
from torch import nn

from detente import Leaf, Space, UsageError
from detente.engine.layers import layers
from detente_speech.networks import SpecGAN, Vocoder, WaveGAN
from seeded import seeded
from small_speech import SMALL


@pytest.mark.parametrize("name", SMALL)
def test_networks_make_and_judge_samples_of_ordinary_size(name, vocoded):
    model, space, _ = SMALL[name]
    torch.manual_seed(0)
    made = model.build(space)
    given = (vocoded.conditions(8),) if model.conditional else ()
    x = made.generator(model.latents(8, seeded()), *given)
    assert x.shape == (8, *space.leaves[0].shape)
    assert 0.01 < x.std() < 0.95
    logits = made.discriminator(x, *given)
    for part in logits if isinstance(logits, tuple) else (logits,):
        assert part.shape[0] == 8 and part.std() < 3
    assert len(logits) == (3 if name == "vocoder" else 8)


@pytest.mark.parametrize("name", SMALL)
def test_networks_neither_normalize_nor_drop_and_name_their_output_and_feature_layers(name):
    model, space, _ = SMALL[name]
    made = model.build(space)
    for net in made:
        kinds = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.modules.dropout._DropoutNd)
        assert not any(isinstance(module, kinds) for module in net.modules())
        names = [layer.name for layer in layers(net)]
        assert set(net.output_layers) <= set(names)
        weights = {id(layer.weight) for layer in layers(net)}
        assert all(id(p) in weights for p in net.parameters() if p.dim() > 1), "all weights in registered layers"
    assert made.discriminator.abilities == {"features"}
    assert not set(made.discriminator.feature_layers) & set(made.discriminator.output_layers)
    for layer in made.discriminator.feature_layers:
        made.discriminator.get_submodule(layer)


def test_models_see_the_data_as_they_need_them(voices):
    for name, (model, space, dimensions) in SMALL.items():
        seen = model.view(voices).space
        assert len(seen.leaves[0].shape) == dimensions, name
        assert seen.leaves == space.leaves and seen.condition == space.condition
    with pytest.raises(UsageError, match="for waveforms"):
        WaveGAN().build(Space((Leaf((1, 40, 64), channel_axis=1),)))
    with pytest.raises(UsageError, match="multiples of 8"):
        SpecGAN().build(Space((Leaf((1, 41, 64), channel_axis=1),)))
    with pytest.raises(UsageError, match="with their log-mels"):
        Vocoder().build(Space((Leaf((1, 4096), channel_axis=1),)))
