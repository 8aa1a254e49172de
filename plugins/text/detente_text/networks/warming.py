"""Maximum likelihood and its kin: the loop that warms networks up."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from detente import Data, Model, Show, Stream
from detente_text.data import Sentences


def fit(
    parameters: Iterable[nn.Parameter],
    loss: Callable[[Tensor], Tensor],
    data: Data,
    rng: Stream,
    show: Show,
    *,
    steps: int,
    batch: int,
    lr: float,
    device: torch.device,
) -> None:
    """Minimize a loss of batches of word numbers [B, L] with Adam; the rate rises over 5 % and falls as a cosine.

    Batches are drawn without replacement, epoch by epoch, from `rng`.
    """
    parameters = list(parameters)
    optimizer = torch.optim.Adam(parameters, lr=lr, betas=(0.9, 0.99), fused=True)
    draws, batch = rng.at("batches").generator(), min(batch, len(data))
    queue = torch.empty(0, dtype=torch.long)
    rising = max(1, steps // 20)
    for step in range(steps):
        if len(queue) < batch:
            queue = torch.cat([queue, torch.randperm(len(data), generator=draws)])
        index, queue = queue[:batch], queue[batch:]
        share = (step - rising) / max(1, steps - rising)
        optimizer.param_groups[0]["lr"] = lr * (
            (step + 1) / rising if step < rising else 0.5 * (1 + math.cos(math.pi * share))
        )
        for p in parameters:
            p.grad = None
        loss(tokens_of(data, index).to(device)).backward(inputs=parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 20 == 0 or step == steps - 1:
            show(step + 1, steps)
    for p in parameters:
        p.grad = None


def tokens_of(data: Data, index: Tensor) -> Tensor:
    """Word numbers int64 [B, L] of training sentences, whoever brings them."""
    if isinstance(data, Sentences):
        return torch.from_numpy(data.tokens("train"))[index].long()
    x = data.batch(index).x
    assert isinstance(x, Tensor), "a sentence is a single tensor"
    return x.argmax(-1)


def latents_for(model: Model, n: int, draws: torch.Generator, first: Tensor) -> Tensor:
    """z of `n` sentences, [n, latent_dim], of the type and on the device of `first`."""
    z = model.latents(n, draws)
    assert isinstance(z, Tensor), "latents are a single tensor"
    return z.to(first)
