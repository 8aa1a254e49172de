"""What keeps molgan's samples different: types that depend on z from the start, a critic that compares graphs."""

import pytest
import torch

from detente import Networks, recipe
from detente.training.warmup import fresh
from detente_molecule.data import QM9
from detente_molecule.networks import MolGAN
from seeded import seeded


def test_in_evaluation_a_score_does_not_depend_on_the_other_samples(few: QM9):
    critic = fresh(MolGAN(rectified=True, comparisons=4), few.space, 0).discriminator
    x = few.batch(torch.arange(6)).x
    two = tuple(leaf[:2] for leaf in x)
    assert not torch.allclose(critic(x)[:2], critic(two), atol=1e-3)
    assert torch.allclose(critic.eval()(x)[:2], critic(two), atol=1e-5)


@pytest.mark.parametrize("spread", [0.5, 1.0, 4.0])
def test_logits_start_with_the_spread_over_z_that_was_asked_for(spread: float, few: QM9):
    model = MolGAN(rectified=True, spread=spread)
    net = fresh(model, few.space, 0).generator
    h = model.latents(2000, seeded())
    with torch.no_grad():
        for layer in net.hidden:
            h = net.bend(layer(h))
        found = torch.cat([logits.flatten(1) for logits in net.write.logits(h)], 1)
    # the widths are finite: each layer of random weights is off by some per cent
    assert found.square().mean().sqrt().item() == pytest.approx(spread, rel=0.2)


@pytest.mark.parametrize(
    ("noise", "done", "left"), [(1.0, 0.7, 1.0), (0.0, 0.25, 0.75), (0.3, 1.0, 0.3), (0.5, 0.0, 1.0)]
)
def test_the_noise_of_the_draws_falls_in_a_line(noise: float, done: float, left: float, few: QM9):
    model = MolGAN(width=8, noise=noise)
    networks: Networks = fresh(model, few.space, 0)
    model.schedule(networks, done)
    assert networks.generator.write.choose.noise == pytest.approx(left)


def test_the_options_of_before_are_the_networks_of_before(few: QM9):
    plain, said = fresh(MolGAN(), few.space, 0), fresh(MolGAN(rectified=False, comparisons=0, noise=1.0), few.space, 0)
    for a, b in zip(plain, said, strict=True):
        assert a.state_dict().keys() == b.state_dict().keys()
    names = set(plain.discriminator.state_dict())
    assert {name.partition(".")[0] for name in names} == {"embed", "head"}


def test_the_recipe_of_molecules_has_them_and_its_rates_fall():
    found = recipe.load(domain="molecule")
    assert found.model.options["rectified"] and found.model.options["comparisons"] and found.evaluate == "ema"
    for side in ("generator", "discriminator"):
        rate = found.player(side).optimizer.options["lr"]
        assert rate["shape"] == "cosine" and rate["to"] < rate["from"]
    assert recipe.load(domain="molecule", flags={"model": "latent"}).evaluate is None
