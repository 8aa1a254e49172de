"""Combinations that are ill-posed: training them would not do what the recipe says."""

from collections.abc import Iterator

import torch
from torch import nn

from detente.checks.finding import Context, Fault, at, refuses, touched
from detente.engine.layers import Layer, Normalization, layers
from detente.engine.player import Player
from detente.engine.sample import to
from detente.errors import UsageError


@refuses("batch-norm-under-input-gradient")
def batch_norm_under_input_gradient(c: Context) -> Iterator[Fault]:
    """R1 of linear–BN–linear is 0 for any weights: the summed logit does not depend on the input at all."""
    D = c.game.discriminator
    names = [n for n, m in D.network.named_modules() if _mixes_samples(m)]
    names += [link.name for link in c.active(D) if link.normalizes_batch]
    for link in c.input_gradients() if names else ():
        yield Fault(
            at(D, link),
            f"takes the gradient of single samples through the batch normalization {names[0]}",
            "in training mode every output depends on the whole batch, so a sample's gradient is not its own: behind a "
            "linear layer it is zero for any weights (Gulrajani et al. 2017, section 4)",
            "Use layer-norm, instance-norm or spectral-norm on the discriminator instead.",
        )


def _mixes_samples(module: nn.Module) -> bool:
    ours = isinstance(module, Normalization) and module.over_batch
    return ours or (isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training)


@refuses("two-norms-of-one-weight")
def two_norms_of_one_weight(c: Context) -> Iterator[Fault]:
    """Spectral and weight normalization of one weight undo each other."""
    for player in c.players:
        seen: dict[str, str] = {}
        for link in c.active(player):
            for layer in touched(player, link) if link.normalizes_weights else ():
                other = seen.setdefault(f"{layer.name}.{layer.weight_name}", link.name)
                if other != link.name:
                    yield Fault(
                        f"{player.role}.{layer.name}",
                        f"has {other} and {link.name} on one weight",
                        "the first divides by the scale that the second learns, so its gain has no effect (Miyato et "
                        "al. 2018, section 3, compare them as alternatives)",
                        "Keep one of them, or choose different layers for each with where=.",
                    )
                    return


@refuses("augmentation-on-the-generator")
def augmentation_on_the_generator(c: Context) -> Iterator[Fault]:
    """Augmentation is applied to the critic's inputs."""
    for link in c.game.generator.regularizer.links:
        if "augment" in link.defines():
            yield Fault(
                at(c.game.generator, link),
                "is on the generator, where it would never be used",
                "real and fake must be augmented alike before the critic, or the augmentation leaks into the samples "
                "(Zhao et al. 2020, section 3)",
                f"Put it on the discriminator: d:{link.name}.",
            )


@refuses("instance-norm-without-positions")
def instance_norm_without_positions(c: Context) -> Iterator[Fault]:
    """Over [B, C] there is one number per channel, and its normalized value is 0."""
    for player in c.players:
        for link in c.active(player):
            for layer in layers(player.network, link.where, outputs=False) if link.needs_positions else ():
                if isinstance(layer.module, nn.Linear) and not _has_positions(c, player, layer):
                    yield Fault(
                        f"{at(player, link)} on {layer.name}",
                        "has no positions to normalize over",
                        "the output of that layer is [B, C]: after subtracting its mean, every number is 0 (Ulyanov et "
                        "al. 2016 define it over the pixels of an image)",
                        "Use layer-norm there, or choose other layers with where=.",
                    )
                    return


def _has_positions(c: Context, player: Player, layer: Layer) -> bool:
    """Whether a linear layer's output has dimensions between batch and channels: seen by running the network once."""
    seen: list[int] = []
    # First of the hooks: what the layer itself gives, before anything that was inserted behind it.
    hook = layer.module.register_forward_hook(lambda m, i, out: seen.append(out.dim()), prepend=True)
    first = next(player.network.parameters())
    z = c.game.latents(2, torch.Generator(first.device).manual_seed(0))
    try:
        with torch.no_grad():
            fake = c.game.generator.network(to(z, dtype=first.dtype))
            if player is c.game.discriminator:
                player.network(fake)
    except UsageError:
        pass  # the layer itself refuses such an input; what it was given has been seen
    except TypeError:
        return True  # a conditional network cannot be tried without labels; the layer itself will say
    finally:
        hook.remove()
    return not seen or seen[0] > 2


@refuses("wasserstein-without-a-bound")
def wasserstein_without_a_bound(c: Context) -> Iterator[Fault]:
    """The Wasserstein loss of an unbounded critic is unbounded."""
    D = c.game.discriminator
    wants = "wants-lipschitz" in c.game.objective.abilities
    if wants and not any(link.bounds_critic for link in c.active(D)):
        yield Fault(
            "objective",
            "the Wasserstein loss is used without a bound on the critic's slope",
            "it needs a Lipschitz critic; otherwise the critic's scores grow for ever (Arjovsky et al. 2017)",
            "Add gradient-penalty, spectral-norm, r1 or weight-clip to the discriminator.",
        )


@refuses("gradient-penalty-with-weight-clip")
def clipped_weights_under_a_slope_target(c: Context) -> Iterator[Fault]:
    """A clipped critic cannot reach the slope that a gradient penalty targets."""
    D = c.game.discriminator
    clips = [link.name for link in c.active(D) if link.bounds_weights]
    for link in c.slope_targets() if clips else ():
        yield Fault(
            at(D, link),
            f"has a target slope, but {clips[0]} bounds every weight",
            "clipped critics cannot reach the target, and the penalty was made to replace the clipping (Gulrajani et "
            "al. 2017, section 3)",
            f"Keep {link.name} and remove {clips[0]}.",
        )


@refuses("layer-never-runs")
def layer_never_runs(c: Context) -> Iterator[Fault]:
    """A hook on a layer whose forward nobody calls does nothing, and nothing says so."""
    for role, layer, name in c.trial.idle:
        yield Fault(
            f"{role}.regularizers.{name}",
            f"has no effect on the layer {layer}",
            "the network computes with that layer's weight and never calls the layer itself, as nn.MultiheadAttention "
            "does with its out_proj",
            f'Leave the layer out with where="not {layer}", or call it in the network\'s forward.',
        )
