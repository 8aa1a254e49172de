"""R3GAN: its block, its start, and that the shipped presets are the published ones."""

import math
from importlib import resources

import pytest
import torch
from torch import nn

from detente import Networks, UsageError, recipe
from detente.engine.schedule import Ramp
from detente_image.networks import R3GAN
from images import space
from seeded import seeded

PUBLISHED = {  # batch, images of the schedules, half-life in images, γ from and to, maps from the outside, per group
    "cifar10": (512, 2e7, 5e6, 0.05, 0.005, [768] * 4, 16),
    "ffhq-64": (256, 2e7, 5e5, 2.0, 0.2, [384, 768, 768, 768, 768], 16),
    "ffhq-256": (256, 2e7, 5e5, 150.0, 15.0, [96, 192, 384, 768, 768, 768, 768], 16),
    "imagenet-32": (4096, 2e8, 5e7, 0.5, 0.05, [1536] * 4, 32),
    "imagenet-64": (4096, 2e8, 5e7, 1.0, 0.1, [1536] * 5, 32),
}
"""Huang et al. 2024 and train.py of the released code."""


def built(size: int = 32, classes: int | None = None, **options) -> Networks:
    torch.manual_seed(0)
    shape = space(3, size)
    if classes is not None:
        shape = type(shape)(shape.leaves, classes)
    return R3GAN(**{"width": 8, "group": 4, "conditional": classes is not None, **options}).build(shape)


def blocks(net: nn.Module) -> list[nn.Module]:
    return [block for stage in net.stages for block in stage]


def preset(name: str) -> recipe.Recipe:
    file = resources.files("detente_image") / "recipes" / "published" / f"r3gan-{name}.yaml"
    with resources.as_file(file) as path:
        return recipe.load(path, sets=["data.path=pictures"])


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_shipped_preset_has_the_published_numbers(name: str):
    batch, images, half_life, gamma, last_gamma, maps, group = PUBLISHED[name]
    r = preset(name)
    assert (r.objective.name, r.batch, r.critic_steps, r.fresh_fakes) == ("relativistic", batch, 1, True)
    steps = r.steps
    assert abs(steps * batch - images) < batch

    def ramp(start: float, end: float) -> dict:
        return {"from": start, "to": end, "over": steps, "shape": "cosine"}

    for player in (r.generator, r.discriminator):
        options = player.optimizer.options
        assert player.optimizer.name == "adam" and options["lr"] == ramp(2e-4, 5e-5)
        assert list(options["betas"]) == [0.0, ramp(0.9, 0.99)] and options["eps"] == 1e-8
    assert r.discriminator.regularizers == {
        "r1": {"gamma": ramp(gamma, last_gamma), "space": "input", "every": 1},
        "r2": {"gamma": ramp(gamma, last_gamma), "space": "input", "every": 1},
    }
    ema = r.generator.regularizers["ema"]
    assert ema["half_life"]["to"] * batch == half_life and ema["half_life"]["from"] == pytest.approx(0, abs=1e-7)
    assert ema["rampup"] is None and ema["half_life"] == ramp(ema["half_life"]["from"], half_life / batch)
    o = r.model.options
    side = 4 * 2 ** (len(maps) - 1)
    assert r.data.options["size"] == side and (o["blocks"], o["expansion"], o["latent_dim"]) == (2, 2, 64)
    assert [o["width"] * min(s, o["wide_until"]) // s for s in (side >> i for i in range(len(maps)))] == maps
    assert o["group"] == group


@pytest.mark.parametrize("seen", [0, 0.1, 0.5, 0.99, 1, 2])
def test_the_shape_of_the_schedules_is_the_published_one(seen: float):
    start, end, updates = 0.05, 0.005, 39062
    t = round(seen * updates)
    kept = (1 + math.cos(math.pi * min(t / updates, 1))) / 2  # of the start, where 1 − kept is of the end
    assert Ramp(start, end, updates, "cosine").at(t) == pytest.approx(start + (1 - kept) * (end - start), rel=1e-12)


def test_the_models_own_recipe_plays_the_published_game_on_digits():
    r = recipe.load(domain="image", sets=["model=r3gan"])
    assert (r.objective.name, r.data.name, r.batch) == ("relativistic", "digits", 32)
    assert list(r.discriminator.regularizers) == ["r1", "r2"] and list(r.generator.regularizers) == ["ema"]
    numbers = [r.generator.optimizer.options["lr"], r.generator.optimizer.options["betas"][1]]
    numbers += [r.discriminator.regularizers[name]["gamma"] for name in ("r1", "r2")]
    numbers += [r.generator.regularizers["ema"]["half_life"]]
    assert all(number["shape"] == "cosine" for number in numbers)
    assert recipe.load(domain="image", sets=["model=r3gan"], regs=["none"]).discriminator.regularizers == {}


def test_a_block_is_an_inverted_bottleneck_beside_its_input_and_starts_as_the_identity():
    for net in built(blocks=2):
        assert len(blocks(net)) == 8
        for block in blocks(net):
            x = torch.randn(2, 8, 5, 5, generator=seeded())
            assert torch.equal(block(x), x)
            assert block.enter.out_channels == 16 and block.mix.groups == 4
            with torch.no_grad():
                block.leave.weight.normal_(generator=seeded())
                block.mix.bias.normal_(generator=seeded())
            leaky = nn.LeakyReLU(0.2)
            torch.testing.assert_close(block(x), x + block.leave(leaky(block.mix(leaky(block.enter(x))))))


def test_branches_start_at_the_fourth_root_of_the_depth():
    block = blocks(built(width=64, group=16, blocks=4).generator)[0]
    gain = (2 / (1 + 0.2**2)) ** 0.5 * 16**-0.25
    assert block.enter.weight.std().item() == pytest.approx(gain / 64**0.5, rel=0.05)  # of 8,192 draws
    assert block.mix.weight.std().item() == pytest.approx(gain / (16 * 9) ** 0.5, rel=0.05)


@pytest.mark.parametrize(("channels", "size"), [(1, 32), (3, 16), (3, 64)])
def test_networks_make_and_judge_images_and_start_with_signals_of_ordinary_size(channels: int, size: int):
    torch.manual_seed(0)
    made = R3GAN(width=16, group=4).build(space(channels, size))
    x = made.generator(torch.randn(100, 64, generator=seeded()))
    assert x.shape == (100, channels, size, size) and 0.2 < x.std() < 3
    logits = made.discriminator(x)
    assert logits.shape == (100,) and 0.02 < logits.std() < 5
    assert made.generator.eval()(torch.randn(20, 64, generator=seeded())).abs().max() <= 1


def test_maps_halve_beyond_the_side_that_they_are_wide_until():
    made = built(128, width=16)
    widths = [4, 8, 16, 16, 16, 16]
    assert [block.enter.in_channels for block in blocks(made.discriminator)] == widths
    assert [block.enter.in_channels for block in blocks(made.generator)] == widths[::-1]
    with pytest.raises(UsageError, match=r"r3gan: 8 × 2 feature maps at 64 × 64 make no groups of 32"):
        R3GAN(width=16, group=32).build(space(3, 64))


def test_with_classes_the_logit_is_a_projection_alone():
    made = built(classes=10)
    labels = torch.tensor([0, 3, 3])
    x = made.generator(torch.randn(3, 64, generator=seeded()), labels)
    assert x.shape == (3, 3, 32, 32)
    critic = made.discriminator
    with torch.no_grad():
        critic.of_class.embed.weight[3] = 0
    assert torch.equal(critic(x, labels)[1:], torch.zeros(2)) and critic(x, labels)[0] != 0
    assert R3GAN(conditional=True).metrics == ("class-accuracy",) and R3GAN().metrics == ()
