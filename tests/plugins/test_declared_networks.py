"""Every player of the four plugins states what it can do as typed attributes of `detente.Network`."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from torch import nn

from detente import Network, recipe
from detente.engine.network import abilities, feature_layers, output_layers
from detente.plugins import host
from detente.training.build import build

MODELS = [
    (entry.domain, entry.name)
    for entry in host().entries("model")
    if entry.domain in ("image", "molecule", "speech", "text")
]
SILENT = {("molecule", "null"), ("text", "relgan-null")}
"""Their critics are constants: there is nothing to state."""


def players(domain: str, name: str, folder: Path) -> tuple[nn.Module, nn.Module]:
    sets = [f"model={name}", "device=cpu"]
    if domain == "speech":  # the default data would be fetched
        for i in range(4):
            noise = 0.1 * np.random.default_rng(i).standard_normal(16_000)
            soundfile.write(folder / f"{i}.wav", noise, 16_000)
        sets += ["data=folder", f"data.path={folder}"]
    built = build(recipe.load(domain=domain, sets=sets), dry=True)
    return built.networks.generator, built.networks.discriminator


@pytest.mark.slow
@pytest.mark.parametrize(("domain", "name"), MODELS)
def test_a_player_is_a_network_whose_statements_hold(domain: str, name: str, tmp_path: Path) -> None:
    generator, critic = players(domain, name, tmp_path)
    assert isinstance(generator, Network) and output_layers(generator)
    if (domain, name) not in SILENT:
        assert isinstance(critic, Network) and output_layers(critic)
        assert "features" in abilities(critic) and feature_layers(critic)
        assert ("embed" in abilities(critic)) == (domain in ("text", "molecule"))


def test_a_generator_without_a_reward_has_none_and_one_with_it_keeps_its_place() -> None:
    from detente_molecule.networks.molgan import MolGAN

    space = build(recipe.load(domain="molecule", sets=["device=cpu"]), dry=True).data.space
    torch.manual_seed(0)
    plain = MolGAN().build(space).generator
    torch.manual_seed(0)
    rewarded = MolGAN(reward="qed").build(space).generator
    assert plain.reward is None
    keys = list(rewarded.state_dict())
    own = [key for key in keys if not key.startswith("reward.")]
    assert own == list(plain.state_dict()) == keys[: len(own)]
    assert all(torch.equal(plain.state_dict()[key], rewarded.state_dict()[key]) for key in own)
