"""Maximum likelihood and its kin: the loop that warms networks up."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from detente import Data, Model, ProgressCallback, Space, Stream, classes_of
from detente_text.data import Sentences
from detente_text.networks.conditions import LABELLED


class Warmed(Model):
    """A model whose warm-up takes these options, and which is conditional on a class if it is asked to."""

    called: str
    warm_up_steps: int
    warm_up_batch: int
    warm_up_lr: float

    def view(self, data: Data) -> Data:
        self.classes(data.space)  # refused here with the name of the option that gives classes
        return data

    def classes(self, space: Space) -> int | None:
        """How many classes the networks are told of; None if they are not conditional.

        Raises:
            UsageError: the data have none.
        """
        return classes_of(space, self.called, LABELLED) if self.conditional else None


def fit(
    parameters: Iterable[nn.Parameter],
    loss: Callable[[Tensor, Tensor | None], Tensor],
    data: Data,
    rng: Stream,
    show: ProgressCallback,
    options: Warmed,
    device: torch.device,
) -> None:
    """Minimize a loss of word numbers [B, L] and labels with Adam; the rate rises over 5 % and falls as a cosine.

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
        tokens, labels = drawn(data, index)
        labels = labels.to(device) if labels is not None and options.conditional else None
        loss(tokens.to(device), labels).backward(inputs=parameters)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        if step % 20 == 0 or step == steps - 1:
            show(step + 1, steps)
    for p in parameters:
        p.grad = None


def drawn(data: Data, index: Tensor) -> tuple[Tensor, Tensor | None]:
    """Word numbers int64 [B, L] of training sentences, whoever brings them; and their labels [B], if they have any."""
    if isinstance(data, Sentences):
        labels = None if data.labels is None else data.labels[index]
        return torch.from_numpy(data.tokens("train"))[index].long(), labels
    x, labels = data.batch(index)
    assert isinstance(x, Tensor), "a sentence is a single tensor"
    return x.argmax(-1), labels


def fit_likelihood(
    model: Warmed,
    generator: nn.Module,
    surprise: Callable[[Tensor, Tensor, Tensor | None], Tensor],
    data: Data,
    rng: Stream,
    show: ProgressCallback,
) -> None:
    """Warm a generator up by maximum likelihood, as long as its model's `warm_up_*` options say.

    Args:
        model: draws the latents.
        generator: is trained, in place.
        surprise: mean −log p of sentences [B, L], given their latents and labels.
        data: the sentences.
        rng: where every draw comes from.
        show: told how much is done.
    """
    first, latents = next(generator.parameters()), rng.at("latents").generator()

    def loss(tokens: Tensor, labels: Tensor | None) -> Tensor:
        z = model.latents(len(tokens), latents)
        assert isinstance(z, Tensor), "latents are a single tensor"
        return surprise(z.to(first), tokens, labels)

    fit(generator.parameters(), loss, data, rng, show, model, first.device)
