"""Combinations that are fragile, or that do less than they seem to."""

from collections.abc import Iterator

import torch
from torch import nn

from detente.checks.finding import Context, Fault, at, one_lipschitz, touched, warns
from detente.checks.processor import bfloat16_unit
from detente.engine.combinators import unwrap
from detente.engine.layers import Layer, Normalization, Reparametrization, inserted, layers, weights
from detente.engine.regularizer import Regularizer
from detente.errors import UsageError

_ADAPTIVE = (torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop)


@warns("minibatch-stddev-under-input-gradient")
def minibatch_statistics_under_input_gradient(c: Context) -> Iterator[Fault]:
    """The statistic couples the samples of a group a little."""
    D = c.game.discriminator
    mixing = [x.name for x in c.active(D) if x.mixes_samples and not x.normalizes_batch and not x.joins_samples]
    for link in c.input_gradients() if mixing else ():
        yield Fault(
            at(D, link),
            f"takes the gradient of single samples through {mixing[0]}",
            "a sample's logit depends slightly on the other samples of its group, and so does its gradient (Karras et "
            "al. 2018 use both anyway)",
            "Nothing needs to be done; expect a slightly larger penalty.",
        )


@warns("spectral-norm-after-warm-up")
def spectral_norm_after_warm_up(c: Context) -> Iterator[Fault]:
    """Normalizing trained weights changes the function that was trained."""
    for player in c.players if c.warmed_up else ():
        for link in filter(one_lipschitz, c.active(player)):
            yield Fault(
                at(player, link),
                "divides weights that were already trained by their norms",
                "this changes the function that the warm-up has trained (Miyato et al. 2018 normalize from the start)",
                "Choose other layers with where=, or skip the warm-up.",
            )


@warns("decay-of-scale-invariant-weights")
def decay_of_scale_invariant_weights(c: Context) -> Iterator[Fault]:
    """Behind a normalization a weight's length has no effect on the function."""
    for player in c.players:
        invariant = {id(x.weight) for x in _found(player.network) if _scale_is_removed(player.network, x)}
        normalized = [link for link in c.active(player) if link.normalizes_weights]
        invariant |= {id(layer.weight) for link in normalized for layer in touched(player, link)}
        scaled = any(link.normalizes_slope for link in c.active(player))
        for link in (link for link in c.active(player) if link.decays_weights):
            names = [n for n, p in weights(player.network, link.where) if scaled or id(p) in invariant]
            if names:
                yield Fault(
                    at(player, link),
                    f"shrinks {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else ""),
                    f"{_SLOPE if scaled else _BEHIND}, so this only raises the effective learning rate and does not "
                    "change the function (van Laarhoven 2017)",
                    "Choose other weights with where=, or tune the learning rate instead.",
                )


_BEHIND = "the normalization that follows removes their scale"
_SLOPE = "the critic's output is divided by its own slope, which removes their scale"


def _found(net: nn.Module) -> list[Layer]:
    try:
        return layers(net)
    except UsageError:
        return []  # nothing but parameters of its own, as the toys have


def _scale_is_removed(net: nn.Module, layer: Layer) -> bool:
    for m in layer.module.children():
        if isinstance(m, Normalization) or (isinstance(m, Reparametrization) and m.factor is None):
            return True
    parent, _, last = layer.name.rpartition(".")
    holder = net.get_submodule(parent)
    if not isinstance(holder, nn.Sequential):
        return False
    after = list(holder.children())[int(last) + 1 :] if last.isdecimal() else []
    return bool(after) and isinstance(
        after[0], nn.modules.batchnorm._NormBase | nn.GroupNorm | nn.LayerNorm | Normalization
    )


@warns("uncovered-weights")
def uncovered_weights(c: Context) -> Iterator[Fault]:
    """A normalization of every weight finds only the weights of registered layers."""
    for player in c.players:
        for link in c.active(player):
            names = _uncovered(player.network) if link.normalizes_weights and link.where is None else []
            if names:
                yield Fault(
                    at(player, link),
                    f"does not reach {names[0]}" + (f" and {len(names) - 1} more weights" if len(names) > 1 else ""),
                    "they belong to no layer that regularizers know, as those of nn.LSTM, of nn.MultiheadAttention and "
                    "of layers that torch.nn.utils reparametrizes, so the bound on the network does not hold",
                    "Build the network from registered layers, register yours with detente.register_layer, or name the "
                    "layers that you mean with where=.",
                )


def _uncovered(net: nn.Module) -> list[str]:
    known = {id(layer.weight) for layer in _found(net)}
    known |= {id(p) for _, _, child in inserted(net) for p in child.parameters()}
    return [name for name, p in net.named_parameters() if p.requires_grad and p.dim() > 1 and id(p) not in known]


@warns("penalty-without-value")
def penalty_without_value(c: Context) -> Iterator[Fault]:
    """A `penalty` that forgets its `return` trains as if it were not there."""
    for role, name in c.trial.silent:
        yield Fault(
            f"{role}.regularizers.{name}",
            "returned no value at its first update",
            "without a value it adds nothing to the loss, and it does nothing else",
            "Return the penalty as a scalar tensor; ignore this if it starts later on purpose.",
        )


@warns("l2-under-adam")
def l2_under_adam(c: Context) -> Iterator[Fault]:
    """Adam divides the gradient of the penalty by the same root as everything else."""
    for player in c.players:
        for link in c.active(player) if isinstance(player.optimizer, _ADAPTIVE) else ():
            if not link.decays_weights or link.decoupled:
                continue
            yield Fault(
                at(player, link),
                f"goes through {type(player.optimizer).__name__}",
                "this optimizer rescales its gradient: weights with large gradients hardly shrink, and the first "
                "step does not depend on the coefficient (Loshchilov & Hutter 2019)",
                "Prefer weight-decay.",
            )


@warns("dropout-under-input-gradient")
def dropout_under_input_gradient(c: Context) -> Iterator[Fault]:
    """A dropped unit's share of the gradient is made up by the others."""
    D = c.game.discriminator
    native = [m for m in D.network.modules() if isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0]
    dropping = native or any(link.drops_units for link in c.active(D))
    for link in c.input_gradients() if dropping else ():
        yield Fault(
            at(D, link),
            "takes input gradients through dropout",
            "each mask scales the remaining units by 1/keep, which increases the squared norm by about the same "
            "factor (Srivastava et al. 2014, section 4)",
            "Lower the penalty's coefficient, or use dropout on the generator instead.",
        )


@warns("strong-penalty-on-spectral-norm")
def strong_penalty_on_spectral_norm(c: Context) -> Iterator[Fault]:
    """A critic that is Lipschitz already needs less of a penalty."""
    D = c.game.discriminator
    for link in c.slope_targets() if any(map(one_lipschitz, c.active(D))) else ():
        if _coefficient(link) >= 10:
            yield Fault(
                at(D, link),
                "has a weight of 10 or more, although a normalization already bounds the slope",
                "published searches prefer 1 in this case (Kurach et al. 2019, section 3)",
                "Try weight=1.",
            )


@warns("half-precision-penalties")
def half_precision_penalties(c: Context) -> Iterator[Fault]:
    """float16 ends at 65,504."""
    for link in c.input_gradients() if c.game.autocast is torch.float16 else ():
        yield Fault(
            at(c.game.discriminator, link),
            "differentiates a network that runs in float16",
            "squared gradients overflow at a root mean square of about 0.6 over an image of 256²",
            "Use bf16 or fp32.",
        )


@warns("bf16-in-software")
def bf16_in_software(c: Context) -> Iterator[Fault]:
    """Whether a processor without bfloat16 is asked for it; GPUs all have it."""
    if c.game.autocast is not torch.bfloat16 or bfloat16_unit() != "":
        return
    if all(p.device.type == "cpu" for player in c.players for p in player.network.parameters()):
        yield Fault(
            "precision",
            "is bf16 on a processor without bfloat16 arithmetic",
            "every product is converted in software, which can take many times as long as fp32",
            "Use --precision fp32 on this machine.",
        )


@warns("recurrent-critic-under-input-gradient")
def recurrent_critic_under_input_gradient(c: Context) -> Iterator[Fault]:
    """cuDNN's recurrent layers have no second derivative."""
    D = c.game.discriminator
    layer = next((n for n, m in D.network.named_modules() if isinstance(m, nn.RNNBase)), None)
    for link in c.input_gradients() if layer is not None else ():
        yield Fault(
            at(D, link),
            f"differentiates twice through the recurrent layer {layer}",
            "cuDNN has no second derivative for it: training works on the CPU and fails on a GPU",
            "Use nn.LSTMCell or nn.GRUCell in a loop instead.",
        )


def _coefficient(link: Regularizer) -> float:
    """The largest of the coefficients whose zero switches it off, as its `off` names them."""
    inner = unwrap(link)
    values = (inner.option(option) for option, value in (link.off or {}).items() if value == 0)
    return max((abs(value) for value in values if value is not None), default=0.0)  # one that keeps none has no say
