"""Combinations that are fragile, or that do less than they seem to."""

from collections.abc import Iterator

import torch
from torch import nn

from detente.checks.finding import Context, Finding, at
from detente.engine.combinators import unwrap
from detente.engine.layers import Layer, Normalization, Reparametrization, layers, weights
from detente.errors import UsageError
from detente.regularizers.dropout import Dropout
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.l2 import L2
from detente.regularizers.minibatch_stddev import MinibatchStddev
from detente.regularizers.spectral_norm import SpectralNorm
from detente.regularizers.weight_decay import WeightDecay

_ADAPTIVE = (torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop)


def minibatch_statistics_under_input_gradient(c: Context) -> Iterator[Finding]:
    """The statistic couples the samples of a group a little."""
    D = c.game.discriminator
    for link in c.input_penalties() if c.of(D, MinibatchStddev) else ():
        yield Finding(
            "minibatch-stddev-under-input-gradient",
            "warn",
            at(D, link),
            "takes the gradient of single samples through minibatch-stddev",
            "a sample's logit depends a little on the others of its group, so gradients leak between them (Karras et "
            "al. 2018 use both all the same)",
            "Nothing needs to be done; expect a slightly larger penalty.",
        )


def spectral_norm_after_warm_up(c: Context) -> Iterator[Finding]:
    """Normalizing trained weights changes the function that was trained."""
    for player in c.players if c.warmed_up else ():
        for link in c.of(player, SpectralNorm):
            yield Finding(
                "spectral-norm-after-warm-up",
                "warn",
                at(player, link),
                "divides weights that were already trained by their norms",
                "the network starts the game with another function than the warm-up left it (Miyato et al. 2018 "
                "normalize from the start)",
                "Leave the warmed-up layers out with where=, or skip the warm-up.",
            )


def decay_of_scale_invariant_weights(c: Context) -> Iterator[Finding]:
    """Behind a normalization a weight's length has no effect on the function."""
    for player in c.players:
        invariant = {id(x.weight): x.name for x in _found(player.network) if _scale_is_removed(player.network, x)}
        for link in c.of(player, L2, WeightDecay):
            names = [n for n, p in weights(player.network, getattr(unwrap(link), "where", None)) if id(p) in invariant]
            if names:
                yield Finding(
                    "decay-of-scale-invariant-weights",
                    "warn",
                    at(player, link),
                    f"shrinks {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else ""),
                    "a normalization right behind removes their scale, so the function stays and only the effective "
                    "learning rate grows (van Laarhoven 2017)",
                    "Name other weights with where=, or tune the learning rate instead.",
                )


def _found(net: nn.Module) -> list[Layer]:
    try:
        return layers(net)
    except UsageError:
        return []  # nothing but parameters of its own, as the toys have


def _scale_is_removed(net: nn.Module, layer: Layer) -> bool:
    if any(isinstance(m, Normalization | Reparametrization) for m in layer.module.children()):
        return True
    parent, _, last = layer.name.rpartition(".")
    holder = net.get_submodule(parent)
    if not isinstance(holder, nn.Sequential):
        return False
    after = list(holder.children())[int(last) + 1 :] if last.isdecimal() else []
    return bool(after) and isinstance(
        after[0], nn.modules.batchnorm._NormBase | nn.GroupNorm | nn.LayerNorm | Normalization
    )


def l2_under_adam(c: Context) -> Iterator[Finding]:
    """Adam divides the gradient of the penalty by the same root as everything else."""
    for player in c.players:
        for link in c.of(player, L2) if isinstance(player.optimizer, _ADAPTIVE) else ():
            yield Finding(
                "l2-under-adam",
                "warn",
                at(player, link),
                f"goes through {type(player.optimizer).__name__}",
                "that optimizer rescales its gradient: weights with large gradients are hardly shrunk, and the first "
                "step does not depend on the coefficient (Loshchilov & Hutter 2019)",
                "Prefer weight-decay.",
            )


def dropout_under_input_gradient(c: Context) -> Iterator[Finding]:
    """A dropped unit's share of the gradient is made up by the others."""
    D = c.game.discriminator
    native = [m for m in D.network.modules() if isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0]
    for link in c.input_penalties() if native or c.of(D, Dropout) else ():
        yield Finding(
            "dropout-under-input-gradient",
            "warn",
            at(D, link),
            "takes input gradients through dropout",
            "each mask scales the units that stay by 1/keep, which inflates the squared norm by about as much "
            "(Srivastava et al. 2014, section 4)",
            "Lower the penalty's coefficient, or drop out on the generator instead.",
        )


def strong_penalty_on_spectral_norm(c: Context) -> Iterator[Finding]:
    """A critic that is Lipschitz already needs less of a penalty."""
    D = c.game.discriminator
    for link in c.of(D, GradientPenalty) if c.of(D, SpectralNorm) else ():
        if getattr(unwrap(link), "weight", 0) >= 10:
            yield Finding(
                "strong-penalty-on-spectral-norm",
                "warn",
                at(D, link),
                "has weight 10 or more on top of spectral-norm",
                "published searches prefer 1 there (Kurach et al. 2019, section 3)",
                "Try weight=1.",
            )


def half_precision_penalties(c: Context) -> Iterator[Finding]:
    """float16 ends at 65,504."""
    for link in c.input_penalties() if c.game.autocast is torch.float16 else ():
        yield Finding(
            "half-precision-penalties",
            "warn",
            at(c.game.discriminator, link),
            "differentiates a network that runs in float16",
            "squared gradients overflow at a root mean square of about 0.6 over an image of 256²",
            "Use bf16 or fp32.",
        )


def recurrent_critic_under_input_gradient(c: Context) -> Iterator[Finding]:
    """cuDNN's recurrent layers have no second derivative."""
    D = c.game.discriminator
    layer = next((n for n, m in D.network.named_modules() if isinstance(m, nn.RNNBase)), None)
    for link in c.input_penalties() if layer is not None else ():
        yield Finding(
            "recurrent-critic-under-input-gradient",
            "warn",
            at(D, link),
            f"differentiates twice through the recurrent layer {layer}",
            "cuDNN has no second derivative for it: training works on the CPU and fails on a GPU",
            "Unroll cells (nn.LSTMCell, nn.GRUCell) in critics that meet a penalty.",
        )
