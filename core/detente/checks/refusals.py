"""Combinations that are ill-posed: training them would answer another question than the recipe asks."""

from collections.abc import Iterator

import torch
from torch import nn

from detente.checks.finding import Context, Finding, at, off
from detente.engine.combinators import unwrap
from detente.engine.layers import Layer, Normalization, Reparametrization, layers
from detente.engine.player import Player
from detente.errors import UsageError
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.instance_norm import InstanceNorm
from detente.regularizers.spectral_norm import SpectralNorm
from detente.regularizers.weight_clip import WeightClip
from detente.regularizers.weight_norm import WeightNorm


def batch_norm_under_input_gradient(c: Context) -> Iterator[Finding]:
    """R1 of linear–BN–linear is 0 for any weights: the summed logit does not depend on the input at all."""
    D = c.game.discriminator
    layer = next((n for n, m in D.network.named_modules() if _mixes_samples(m)), None)
    for link in c.input_penalties() if layer is not None else ():
        yield Finding(
            "batch-norm-under-input-gradient",
            "refuse",
            at(D, link),
            f"takes the gradient of single samples through the batch normalization {layer}",
            "in training mode every output depends on the whole batch, so a sample's gradient is not its own: behind a "
            "linear layer it is zero for any weights (Gulrajani et al. 2017, section 4)",
            "Use layer-norm, instance-norm or spectral-norm on the discriminator instead.",
        )


def _mixes_samples(module: nn.Module) -> bool:
    ours = isinstance(module, Normalization) and module.over_batch
    return ours or (isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training)


def two_norms_of_one_weight(c: Context) -> Iterator[Finding]:
    """Spectral and weight normalization of one weight undo each other."""
    for player in c.players:
        for name, module in player.network.named_modules():
            kinds = [type(m).__name__ for m in module.children() if isinstance(m, Reparametrization)]
            if len(kinds) > 1 and len(c.of(player, SpectralNorm)) and len(c.of(player, WeightNorm)):
                yield Finding(
                    "two-norms-of-one-weight",
                    "refuse",
                    f"{player.role}.{name}",
                    "has spectral-norm and weight-norm on one weight",
                    "the one divides the other's scale away, and its gain then trains without effect (Miyato et al. "
                    "2018, section 3 compares them as alternatives)",
                    "Keep one of them, or give each its own layers with where=.",
                )
                return


def augmentation_on_the_generator(c: Context) -> Iterator[Finding]:
    """Augmentation belongs to what the critic sees."""
    for link in c.game.generator.regularizer.links:
        if "augment" in link.defines():
            yield Finding(
                "augmentation-on-the-generator",
                "refuse",
                at(c.game.generator, link),
                "augments on the generator's side, where nothing calls it",
                "real and fake must be augmented alike before the critic, or the augmentation leaks into the samples "
                "(Zhao et al. 2020, section 3)",
                f"Put it on the discriminator: d:{link.name}.",
            )


def instance_norm_without_positions(c: Context) -> Iterator[Finding]:
    """Over [B, C] there is one number per channel, and its normalized value is 0."""
    for player in c.players:
        for link in c.of(player, InstanceNorm):
            for layer in layers(player.network, getattr(unwrap(link), "where", None), outputs=False):
                if isinstance(layer.module, nn.Linear) and not _has_positions(c, player, layer):
                    yield Finding(
                        "instance-norm-without-positions",
                        "refuse",
                        f"{at(player, link)} on {layer.name}",
                        "normalizes each channel of each sample over no positions",
                        "the output of that layer is [B, C]: less its own mean, every number is 0 (Ulyanov et al. 2016 "
                        "define it over the pixels of an image)",
                        "Use layer-norm there, or name other layers with where=.",
                    )
                    return


def _has_positions(c: Context, player: Player, layer: Layer) -> bool:
    """Whether a linear layer's output has dimensions between batch and channels: seen by running the network once."""
    seen: list[int] = []

    child = next(m for m in layer.module.children() if isinstance(m, Normalization))
    hook = child.register_forward_pre_hook(lambda m, i: seen.append(i[0].dim()))
    first = next(player.network.parameters())
    z = c.game.latents(2, torch.Generator(first.device).manual_seed(0))
    try:
        with torch.no_grad():
            z = z.to(first.dtype) if isinstance(z, torch.Tensor) else tuple(p.to(first.dtype) for p in z)
            fake = c.game.generator.network(z)
            if player is c.game.discriminator:
                player.network(fake)
    except UsageError:
        pass  # the layer itself refuses such an input; what it was given has been seen
    except TypeError:
        return True  # a conditional network cannot be tried without labels; the layer itself will say
    finally:
        hook.remove()
    return not seen or seen[0] > 2


def wasserstein_without_a_bound(c: Context) -> Iterator[Finding]:
    """The Wasserstein loss of an unbounded critic is unbounded."""
    D = c.game.discriminator
    wants = "wants-lipschitz" in c.game.objective.abilities
    if wants and not any(x.bounds_critic and not off(x) for x in D.regularizer.links):
        yield Finding(
            "wasserstein-without-a-bound",
            "refuse",
            "objective",
            "the Wasserstein loss has nothing that bounds the critic's slope",
            "it is a distance only over Lipschitz critics; otherwise the critic grows for ever (Arjovsky et al. 2017)",
            "Add gradient-penalty, spectral-norm, r1 or weight-clip to the discriminator.",
        )


def clipped_weights_under_a_slope_target(c: Context) -> Iterator[Finding]:
    """Weight clipping and a gradient penalty are two answers to one question."""
    D = c.game.discriminator
    for link in c.of(D, GradientPenalty) if c.of(D, WeightClip) else ():
        yield Finding(
            "gradient-penalty-with-weight-clip",
            "refuse",
            at(D, link),
            "asks for a slope while weight-clip bounds every weight",
            "clipped critics cannot reach the target, and the penalty was made to replace the clipping (Gulrajani et "
            "al. 2017, section 3)",
            "Keep gradient-penalty and take weight-clip away.",
        )
