"""Maximum likelihood and its kin: the loop that warms networks up."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from detente import Data, Model, ProgressCallback, Stream
from detente_text.data import Sentences


class Warmed(Model):
    """A model whose warm-up takes these options."""

    warm_up_steps: int
    warm_up_batch: int
    warm_up_lr: float


def fit(
    parameters: Iterable[nn.Parameter],
    loss: Callable[[Tensor], Tensor],
    data: Data,
    rng: Stream,
    show: ProgressCallback,
    options: Warmed,
    device: torch.device,
) -> None:
    """Minimize a loss of batches of word numbers [B, L] with Adam; the rate rises over 5 % and falls as a cosine.

    Batches are drawn without replacement, epoch by epoch, from `rng`.
    """
    steps, batch, lr = options.warm_up_steps, options.warm_up_batch, options.warm_up_lr
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


def fit_likelihood(
    model: Warmed,
    generator: nn.Module,
    surprise: Callable[[Tensor, Tensor], Tensor],
    data: Data,
    rng: Stream,
    show: ProgressCallback,
) -> None:
    """Warm a generator up by maximum likelihood, as long as its model's `warm_up_*` options say.

    Args:
        model: draws the latents.
        generator: is trained, in place.
        surprise: mean −log p of sentences [B, L], given their latents.
        data: the sentences.
        rng: where every draw comes from.
        show: told how much is done.
    """
    first, latents = next(generator.parameters()), rng.at("latents").generator()

    def loss(tokens: Tensor) -> Tensor:
        z = model.latents(len(tokens), latents)
        assert isinstance(z, Tensor), "latents are a single tensor"
        return surprise(z.to(first), tokens)

    fit(generator.parameters(), loss, data, rng, show, model, first.device)
