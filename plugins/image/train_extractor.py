"""Trains the two feature extractors that this plugin ships: `python train_extractor.py digits` (or `colour`).

`digits` tells the ten classes apart, after the 1,500 digits of the extractor split. `colour` serves every picture in
three channels. It has two tasks at once: to tell apart 851 emoji, distorted and recoloured (the extractor split, and
sequences of code points such as flags, which no set of data contains), and to read the digits in each channel of
stacked digits, again of the extractor split only.

Seeded and on one thread; weights agree between machines as far as their arithmetic does. Needs a Pillow with Raqm,
to draw sequences.
"""

import sys
import time
from hashlib import sha256

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from detente_image import sources
from detente_image.data import Digits, Emoji, StackedDigits
from detente_image.extractors import FROZEN, SIZE, Extractor, extractor, run

BATCH = 64


def distorted(x: Tensor, g: torch.Generator, turn: float, scale: float, shift: float, elastic: float) -> Tensor:
    """Rotated (± `turn` rad), scaled and sheared (± `scale`), shifted (± `shift` of a side) and elastically bent."""
    n = len(x)

    def uniform(*shape: int) -> Tensor:
        return torch.rand(shape, generator=g) * 2 - 1

    angle = uniform(n) * turn
    matrix = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(n, 2, 2)
    matrix = matrix @ (torch.eye(2) + scale * uniform(n, 2, 2))
    theta = torch.cat([matrix, 2 * shift * uniform(n, 2, 1)], 2)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    coarse = torch.randn(n, 2, 6, 6, generator=g) * elastic
    bend = F.interpolate(coarse, x.shape[-2:], mode="bicubic", align_corners=True)
    return F.grid_sample(x, grid + bend.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)


def recoloured(x: Tensor, g: torch.Generator) -> Tensor:
    """Brightness, contrast and the balance of colours, drawn for each picture."""
    n = len(x)
    gain = 1 + 0.3 * (torch.rand(n, 3, 1, 1, generator=g) * 2 - 1)
    offset = 0.2 * (torch.rand(n, 3, 1, 1, generator=g) * 2 - 1)
    return (x * gain + offset).clamp(-1, 1)


class Average:
    """An exponential moving average of a network's parameters and buffers."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.net, self.decay = net, decay
        self.kept = {name: value.clone() for name, value in net.state_dict().items()}

    def update(self) -> None:
        for name, value in self.net.state_dict().items():
            if value.is_floating_point():
                self.kept[name].lerp_(value, 1 - self.decay)
            else:
                self.kept[name].copy_(value)


def fit(net: Extractor, loss_of, steps: int, lr: float) -> None:
    """Adam with a cosine schedule; the weights end as their moving average."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    average = Average(net, 0.995)
    start = time.time()
    for step in range(steps):
        loss = loss_of(step)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        average.update()
        if step % 200 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}, {time.time() - start:.0f} s", flush=True)
    net.load_state_dict(average.kept)
    net.eval()


def train_digits(g: torch.Generator, steps: int) -> tuple[Extractor, dict]:
    """The classifier of digits, and what its record says."""
    data = Digits()
    x, labels = data.extractor_split()
    assert labels is not None, "digits have labels"
    about = {"channels": 1, "maps": (32, 64, 64), "width": 48, "heads": {"digit": 10}}
    net = Extractor(**about)

    def loss_of(step: int) -> Tensor:
        index = torch.randint(len(x), (BATCH,), generator=g)
        seen = distorted(x[index], g, turn=0.26, scale=0.13, shift=0.07, elastic=0.035)
        return F.cross_entropy(net(seen)["digit"], labels[index], label_smoothing=0.05)

    fit(net, loss_of, steps, 3e-3)
    return net, {**about, "trained_on": _hash(data.packed.arrays["images"][data.packed.rows("extractor")])}


def train_colour(g: torch.Generator, steps: int) -> tuple[Extractor, dict]:
    """The extractor for pictures in three channels, and what its record says."""
    emoji, digits = Emoji(), Digits()
    # Tones of skin differ in too little: one drawing of each hand is enough, and the data contain that.
    names = [name for name in sources.emoji_names(sequences=True) if not _toned(name)]
    drawn = [image for _, image in sources.draw_emoji(names, SIZE, 255)]
    single, _ = emoji.extractor_split()
    pictures = torch.cat([single, emoji.encode(torch.from_numpy(np.stack(drawn)))])
    x, labels = digits.extractor_split()
    assert labels is not None, "digits have labels"
    heads = {"emoji": len(pictures), "red": 10, "green": 10, "blue": 10}
    about = {"channels": 3, "maps": (24, 48, 80), "width": 64, "heads": heads}
    net = Extractor(**about)

    def loss_of(step: int) -> Tensor:
        index = torch.randint(len(pictures), (BATCH,), generator=g)
        seen = distorted(pictures[index], g, turn=0.3, scale=0.2, shift=0.1, elastic=0.04)
        triples = torch.randint(len(x), (BATCH, 3), generator=g)
        bent = distorted(x[triples.flatten()], g, turn=0.26, scale=0.13, shift=0.07, elastic=0.035)
        out = net(torch.cat([recoloured(seen, g), bent.view(BATCH, 3, SIZE, SIZE)]))
        loss = F.cross_entropy(out["emoji"][:BATCH], index, label_smoothing=0.05)
        for channel, name in enumerate(("red", "green", "blue")):
            loss = loss + F.cross_entropy(out[name][BATCH:], labels[triples[:, channel]], label_smoothing=0.05)
        return loss

    fit(net, loss_of, steps, 3e-3)
    return net, {**about, "trained_on": _hash(pictures.numpy(), x.numpy())}


def _toned(name: str) -> bool:
    return any(0x1F3FB <= int(point, 16) <= 0x1F3FF for point in name.split("-"))


def _hash(*arrays: np.ndarray) -> str:
    h = sha256()
    for array in arrays:
        h.update(np.ascontiguousarray(array).data)
    return h.hexdigest()


def accuracy() -> dict[str, float]:
    """Of the shipped digit classifier, on the 1,500 digits that are held out or reference."""
    data = Digits()
    scored = data.packed.rows("held_out").start
    x = data.encode(torch.from_numpy(data.packed.arrays["images"][scored:]))
    assert data.packed.arrays["labels"] is not None, "digits have labels"
    right = run("digits", x, "digit").argmax(1) == torch.from_numpy(data.packed.arrays["labels"][scored:])
    return {"held_out_and_reference": right.double().mean().item()}


def accuracy_in_colour() -> dict[str, float]:
    """Of the colour extractor: digits per channel of held-out stacked digits, emoji under fresh distortions."""
    stacked = StackedDigits()
    fixed = np.random.Generator(np.random.PCG64(0)).integers(750, size=(750, 3))
    digits = Digits()
    assert digits.packed.arrays["labels"] is not None, "digits have labels"
    labels = torch.from_numpy(digits.packed.arrays["labels"][digits.packed.rows("held_out")])[torch.from_numpy(fixed)]
    x = stacked.held_out()
    assert isinstance(x, Tensor), "an image is a single tensor"
    found = {
        name: (run("colour", x, name).argmax(1) == labels[:, i]).double().mean().item()
        for i, name in enumerate(("red", "green", "blue"))
    }
    g = torch.Generator().manual_seed(1)
    pictures, _ = Emoji().extractor_split()
    seen = recoloured(distorted(pictures, g, turn=0.3, scale=0.2, shift=0.1, elastic=0.04), g)
    right = run("colour", seen, "emoji").argmax(1) == torch.arange(len(pictures))
    return {**found, "emoji": right.double().mean().item()}


def main(name: str, steps: int) -> None:
    """Train one of the two, write its weights, measure them and write its record."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    train, measure = {"digits": (train_digits, accuracy), "colour": (train_colour, accuracy_in_colour)}[name]
    net, about = train(torch.Generator().manual_seed(0), steps)
    weights = save(net.state_dict(), {"trained_on": about["trained_on"], "steps": str(steps)})
    FROZEN.save(name, weights, {"steps": steps, **about})
    extractor.cache_clear()
    measured = measure()
    FROZEN.note(name, {**FROZEN.record(name), "accuracy": measured})
    print(measured, len(weights), "bytes")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3000)
