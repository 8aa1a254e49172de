"""StyleGAN2: its shapes, its latents, its noise, its recipe, and a run that stops, goes on and is exported."""

import copy

import pytest
import torch
from torch import nn

from detente import Game, Networks, Stream, UsageError, input_gradient, recipe, sumsq
from detente.engine.forward import call, call_from_inner_latents
from detente.engine.layers import layers
from detente.plugins import host
from detente.regularizers import PathLength
from detente.testing import check_domain, kind
from detente.testing.probe import probe, value
from detente.testing.suites.models import LAWS
from detente.training.build import build
from detente_image.domain import Image
from detente_image.networks import StyleGAN2
from images import space
from seeded import seeded

SMALL = ["data=digits", "model=stylegan2", "model.width=8", "model.wide_until=4", "model.latent_dim=4", "model.depth=1"]


def built(size: int = 8, channels: int = 1, classes: int | None = None, **options) -> Networks:
    torch.manual_seed(0)
    shape = space(channels, size)
    if classes is not None:
        shape = type(shape)(shape.leaves, classes)
    return StyleGAN2(**{"width": 8, "latent_dim": 6, "depth": 2, "conditional": classes is not None, **options}).build(
        shape
    )


@pytest.mark.parametrize(("channels", "size"), [(1, 8), (3, 16), (1, 32), (3, 64)])
def test_networks_make_and_judge_images_and_start_with_signals_of_ordinary_size(channels: int, size: int):
    torch.manual_seed(0)
    model = StyleGAN2()
    made = model.build(space(channels, size))
    x = made.generator(model.latents(20, seeded()))
    assert x.shape == (20, channels, size, size) and 0.2 < x.std() < 3
    logits = made.discriminator(x)
    assert logits.shape == (20,) and 0.02 < logits.std() < 5
    assert made.generator.eval()(model.latents(20, seeded())).abs().max() <= 1


def test_maps_halve_beyond_the_side_that_they_are_wide_until():
    made = built(64, wide_until=16)
    assert [styled.convolution.out_channels for styled in made.generator.styled] == [8, 8, 8, 8, 8, 4, 4, 2, 2]
    assert [block.leave.out_channels for block in made.discriminator.blocks] == [4, 8, 8, 8]
    with pytest.raises(UsageError, match="stylegan2: width=4 leaves no feature map at 64 × 64"):
        StyleGAN2(width=4).build(space(3, 64))
    with pytest.raises(UsageError, match="a power of two of at least 8, but the data are 4 × 4"):
        StyleGAN2().build(space(3, 4))


def test_every_weight_but_the_constant_input_is_that_of_a_layer_and_has_an_equalized_rate():
    for net in built(16):
        found = layers(net)
        known = {id(layer.weight) for layer in found}
        others = [name for name, p in net.named_parameters() if p.dim() > 1 and id(p) not in known]
        assert others == (["base"] if hasattr(net, "base") else [])
        for layer in found:
            slower = 0.01 if layer.name.startswith("mapping.") else 1.0
            assert layer.factor == pytest.approx(slower * layer.weight[0].numel() ** -0.5)
        assert set(net.output_layers) <= {layer.name for layer in found}


def test_a_sample_is_the_sum_of_what_each_resolution_adds():
    net = built(8).generator
    with torch.no_grad():
        for part in net.to_image:
            part.weight.zero_()
        net.to_image[0].bias.fill_(1.0)
        net.to_image[1].bias.fill_(0.25)
    x = net(torch.randn(2, 6, generator=seeded()))
    assert torch.allclose(x[..., 1:-1, 1:-1], torch.tensor(1.25))  # at the border zeros are filtered in


def test_the_path_length_is_that_of_the_jacobian_at_w():
    net = built(8, width=4).generator.double()
    z = torch.randn(3, 6, dtype=torch.float64, generator=seeded())
    x = torch.zeros(3, 1, 8, 8, dtype=torch.float64)
    step = probe(nn.Flatten(), x, generator=net, z=z, turn="generator", domain=Image(), space=space(1, 8))
    _, w = call_from_inner_latents(net, z, None, step.noise)
    assert w.shape == (3, 1, 6)
    y = Image().noise_like(x, step.m.rng.at("direction").generator()) / 8  # the root of 64 pixels

    def synthesis(inner: torch.Tensor) -> torch.Tensor:
        hook = net.mapping.register_forward_hook(lambda module, inputs, output: inner)
        try:
            return call(net, z, None, step.noise)
        finally:
            hook.remove()

    J = torch.autograd.functional.jacobian(synthesis, w)  # [B, 1, 8, 8, B, 1, 6]
    lengths = torch.stack([torch.einsum("chw,chwd->d", y[b], J[b, :, :, :, b, 0]).norm() for b in range(3)])
    torch.testing.assert_close(value(PathLength(weight=1.0), step), lengths.square().mean())


def test_mixed_samples_have_the_second_w_in_their_later_layers_only():
    net = built(16, mixing=1.0).generator
    z = torch.randn(5, 6, generator=seeded())
    _, w = call_from_inner_latents(net, z, None, Stream(1))
    assert w.shape == (5, 2, 6)
    of_layers = net._of_layers(w)
    first = (of_layers == w[:, :1]).all(2)  # [B, layers]
    assert of_layers.shape == (5, 6, 6) and first[:, 0].all() and not first[:, -1].any()
    assert torch.equal(first.long().cumprod(1).bool(), first), "nothing returns to the first"
    assert torch.equal(call(net, z, None, Stream(1)), call(net, z, None, Stream(1)))
    assert not torch.equal(call(net, z, None, Stream(1)), call(net, z, None, Stream(2)))
    assert torch.equal(call(net.eval(), z, None, Stream(1)), call(net, z, None, Stream(2))), "sampling mixes nothing"


def test_what_is_made_and_its_logit_depend_on_the_class():
    made = built(8, classes=10)
    z = torch.randn(4, 6, generator=seeded())
    a, b = (made.generator(z, torch.full((4,), c)) for c in (0, 7))
    assert not torch.allclose(a, b, atol=1e-3)
    assert not torch.allclose(*(made.discriminator(a, torch.full((4,), c)) for c in (0, 7)), atol=1e-4)
    assert StyleGAN2(conditional=True).metrics == ("class-accuracy",) and StyleGAN2().metrics == ()


def test_a_gradient_penalty_reaches_every_weight_of_the_discriminator():
    net = built(16).discriminator
    x = torch.randn(3, 1, 16, 16, requires_grad=True)
    sumsq(input_gradient(net(x), x)).mean().backward()
    assert all(layer.weight.grad is not None and layer.weight.grad.abs().sum() > 0 for layer in layers(net))


def test_the_models_own_recipe_has_the_lazy_penalties():
    r = recipe.load(domain="image", sets=["model=stylegan2"])
    assert (r.objective.name, r.data.name, r.batch) == ("non-saturating", "digits", 32)
    D, G = r.discriminator.regularizers, r.generator.regularizers
    assert list(D) == ["minibatch-stddev", "r1"] and list(G) == ["path-length", "ema"]
    assert (D["r1"]["every"], G["path-length"]["every"], D["minibatch-stddev"]["where"]) == (16, 4, "gather")
    game = build(recipe.resolve(domain="image", sets=SMALL), dry=True).game
    assert "minibatch-stddev" in dict(game.discriminator.network.gather.named_children())


def game() -> Game:
    sets = [*SMALL, "batch=4", "device=cpu", "generator.regularizers.path-length.every=2", "model.mixing=0.5"]
    built = build(recipe.resolve(domain="image", sets=sets))
    built.game.batches = [built.prepare(built.data.batch(torch.arange(4 * k, 4 * k + 4))) for k in range(4)]
    return built.game


def test_it_resumes_to_the_bit():
    whole, stopped, resumed = game(), game(), game()
    for batch in whole.batches:
        whole.step(batch)
    for batch in whole.batches[:2]:
        stopped.step(batch)
    resumed.load_state_dict(copy.deepcopy(stopped.state_dict()))
    for batch in whole.batches[2:]:
        resumed.step(batch)
    for a, b in ((whole.generator, resumed.generator), (whole.discriminator, resumed.discriminator)):
        ours, theirs = a.network.state_dict(), b.network.state_dict()
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_its_networks_keep_the_laws_of_models():
    k = kind("image", sets=SMALL)
    for law in LAWS:
        law(k)


@pytest.mark.acceptance
@pytest.mark.parametrize("name", [e.name for e in host().entries("regularizer")])
def test_every_regularizer_takes_a_step_on_it(name: str):
    allow = ["instance-norm-without-positions"]  # which its linear layers have not
    sets = [*SMALL, "batch=4", "device=cpu", f"allow={allow}"]
    b = build(recipe.resolve(domain="image", sets=sets, regs=[name]))
    terms = b.game.step(b.prepare(b.data.batch(torch.arange(4))))
    assert all(v.isfinite() for v in terms.values())


@pytest.mark.acceptance
def test_it_trains_resumes_exports_and_samples_the_same():
    report = check_domain(kind("image", sets=SMALL)).require()
    assert report.count("broken") == 0
