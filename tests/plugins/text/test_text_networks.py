"""What all models of sentences have in common."""

import pytest
import torch
from torch import Tensor

from detente import Leaf, Space, UsageError
from detente_text.networks import RelGAN, Transformer
from detente_text.networks.sampling import Choice
from texts import build, models


@pytest.mark.parametrize("model", models(), ids=lambda m: type(m).__name__)
def test_networks_take_and_give_sentences_and_have_second_derivatives(model, small):
    networks = build(model, small.space)
    x = networks.generator(torch.randn(3, 4).double())
    assert x.shape == (3, *small.space.leaves[0].shape)
    assert torch.equal(x.sum(-1), torch.ones(3, 6).double()), "straight-through rows sum to 1, to the bit"
    assert set(x.unique().tolist()) == {0.0, 1.0}
    x = x.detach().requires_grad_()
    logits = networks.discriminator(x)
    assert logits.shape == (3,)
    (grad,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    grad.square().sum().backward()
    own = [p for n, p in networks.discriminator.named_parameters() if p.requires_grad and not n.endswith("bias")]
    assert all(p.grad is not None and p.grad.isfinite().all() for p in own)


@pytest.mark.parametrize("model", models(sampling="soft"), ids=lambda m: type(m).__name__)
def test_the_soft_path_matches_finite_differences(model, small):
    networks = build(model, small.space)
    z, way = torch.randn(2, 4).double(), torch.randn(2, *small.space.leaves[0].shape).double()

    def value() -> Tensor:
        torch.manual_seed(5)  # the same Gumbel noise
        return (networks.generator(z) * way).sum()

    parameters = [p for p in networks.generator.parameters() if p.requires_grad]
    grads = torch.autograd.grad(value(), parameters, allow_unused=True)
    direction = [torch.randn_like(p) for p in parameters]
    slope = sum((g * d).sum().item() for g, d in zip(grads, direction, strict=True) if g is not None)
    measured = []
    with torch.no_grad():
        for h in (1e-6, -2e-6):
            for p, d in zip(parameters, direction, strict=True):
                p.add_(d, alpha=h)
            measured.append(value().item())
    # Rounding of the value over the step, and curvature times it.
    assert (measured[0] - measured[1]) / 2e-6 == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_the_temperature_falls_from_1_to_the_coldest(small):
    for model in models():
        networks = build(model, small.space)
        choice = next(m for m in networks.generator.modules() if isinstance(m, Choice))
        assert choice.temperature == 1
        model.schedule(networks, 1.0)
        assert choice.temperature == model.coldest
        model.schedule(networks, 0.5)
        assert choice.temperature == pytest.approx(model.coldest**0.5)


def test_models_refuse_other_data_and_impossible_options():
    image = Space((Leaf((3, 32, 32)),))
    for model in models():
        with pytest.raises(UsageError, match="is for sentences"):
            model.build(image)
    with pytest.raises(UsageError, match="not a multiple"):
        Transformer(width=10, heads=4)
    with pytest.raises(UsageError, match="width=0"):
        RelGAN(width=0)
