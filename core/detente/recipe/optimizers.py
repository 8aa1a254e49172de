"""The built-in optimizers, with the options that matter for a player."""

from collections.abc import Callable
from typing import Annotated

import torch
from annotated_types import Ge, Le, Lt
from pydantic import AllowInfNan
from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from detente.engine.player import OptimizerFactory
from detente.errors import DetenteError, UsageError, one_line
from detente.plugins.registry import Entry

Rate = Annotated[float, Ge(0), AllowInfNan(False)]
Decay = Annotated[float, Ge(0), Lt(1)]


def try_out(make: Callable[[], OptimizerFactory], entry: Entry) -> Optimizer:
    """Make an optimizer of one weight, for what no option says by itself.

    Raises:
        UsageError: the options do not fit each other; in torch's words.
        PluginError: what the plugin declares makes no optimizer.
    """
    try:
        made: object = make()([nn.Parameter(torch.zeros(1))])
    except DetenteError:
        raise
    except (ValueError, RuntimeError) as error:
        raise UsageError(f"{str(error).rstrip('.')}.") from error
    except Exception as error:
        raise entry.unusable(f"making it raised {one_line(error).rstrip('.')}") from error
    if not isinstance(made, Optimizer):
        raise entry.unusable(f"{entry.target} makes something other than an optimizer of torch")
    return made


def _fits_fused(parameters: list[nn.Parameter]) -> bool:
    """Whether torch has the one-kernel update for these: floating point, on the CPU or a CUDA device."""
    return all(p.device.type in ("cpu", "cuda") and torch.is_floating_point(p) for p in parameters)


def adam(
    lr: Rate = 2e-4,
    betas: tuple[Decay, Decay] = (0.5, 0.999),
    eps: Rate = 1e-8,
    weight_decay: Rate = 0.0,
    amsgrad: bool = False,
    fused: bool | None = None,
) -> OptimizerFactory:
    """Adam (Kingma & Ba 2015) with the beta1 that is usual for GANs; `weight_decay` is coupled."""
    return lambda parameters: Adam(
        parameters,
        lr=lr,
        betas=betas,
        eps=eps,
        weight_decay=weight_decay,
        amsgrad=amsgrad,
        fused=_fits_fused(parameters) if fused is None else fused,
    )


def adamw(
    lr: Rate = 2e-4,
    betas: tuple[Decay, Decay] = (0.5, 0.999),
    eps: Rate = 1e-8,
    weight_decay: Rate = 1e-2,
    amsgrad: bool = False,
    fused: bool | None = None,
) -> OptimizerFactory:
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019)."""
    return lambda parameters: AdamW(
        parameters,
        lr=lr,
        betas=betas,
        eps=eps,
        weight_decay=weight_decay,
        amsgrad=amsgrad,
        fused=_fits_fused(parameters) if fused is None else fused,
    )


def sgd(
    lr: Rate = 1e-2,
    momentum: Decay = 0.0,
    dampening: Annotated[float, Ge(0), Le(1)] = 0.0,
    weight_decay: Rate = 0.0,
    nesterov: bool = False,
) -> OptimizerFactory:
    """Stochastic gradient descent, with optional momentum."""
    return lambda parameters: SGD(
        parameters, lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
    )


def rmsprop(
    lr: Rate = 5e-5,
    alpha: Decay = 0.99,
    eps: Rate = 1e-8,
    weight_decay: Rate = 0.0,
    momentum: Decay = 0.0,
    centered: bool = False,
) -> OptimizerFactory:
    """RMSprop (Hinton 2012), with the learning rate of the first Wasserstein GANs (Arjovsky et al. 2017)."""
    return lambda parameters: RMSprop(
        parameters, lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay, momentum=momentum, centered=centered
    )
