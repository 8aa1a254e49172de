"""Trains the feature extractor that this plugin ships: `python train_extractor.py`.

It has two tasks at once, both on the extractor split of `prompts` alone: to tell the five voices apart, and to name
each of 2,048 crops when it is shifted, louder or softer, partly hidden and noisy. Voices alone would leave features
that know nothing of what is said. The second task's last layer is not shipped.

Seeded and on one thread; weights agree between machines as far as their arithmetic does.
"""

import sys
import time
from hashlib import sha256

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn

from detente_speech.augmentations import frequency_mask, gain, time_mask, time_shift
from detente_speech.data import Prompts
from detente_speech.extractors import FROZEN, WIDTH, Extractor, extractor, run

BATCH = 64
CROPS = 2048


def distorted(x: Tensor, g: torch.Generator) -> Tensor:
    """All of the domain's augmentations and a little noise."""
    for change in (time_shift, gain, time_mask, frequency_mask):
        x = change(x, g)
    return x + 0.05 * torch.randn(x.shape, generator=g)


def train(data: Prompts, g: torch.Generator, steps: int) -> tuple[Extractor, float]:
    """The network, and the share of its own crops that it names under new distortions.

    AdamW with one cycle; the weights end as their moving average.
    """
    x, labels = data.extractor_split()
    named = torch.randperm(len(x), generator=g)[:CROPS]
    net = Extractor(len(data.names))
    crop = nn.Linear(WIDTH, CROPS)
    both = nn.ModuleList([net, crop])
    optimizer = torch.optim.AdamW(both.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    kept = {name: value.clone() for name, value in both.state_dict().items()}
    started = time.time()
    for step in range(steps):
        which = torch.randint(len(named), (BATCH,), generator=g)
        features = net.features(distorted(x[named[which]], g))
        loss = F.cross_entropy(crop(features), which, label_smoothing=0.05)
        loss = loss + F.cross_entropy(net.voice(features), labels[named[which]], label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        for name, value in both.state_dict().items():
            kept[name] = kept[name].lerp(value, 0.005) if value.is_floating_point() else value.clone()
        if step % 200 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}, {time.time() - started:.0f} s", flush=True)
    both.load_state_dict(kept)
    both.eval()
    seen = distorted(x[named], torch.Generator().manual_seed(1))
    with torch.no_grad():
        right = torch.cat([crop(net.features(part)).argmax(1) for part in seen.split(256)]) == torch.arange(CROPS)
    return net, right.double().mean().item()


def accuracy(data: Prompts) -> float:
    """Of the shipped network: share of held-out and reference crops whose voice it names."""
    labels = torch.from_numpy(data.packed.arrays["labels"])
    right = [
        run(x, voices=True).argmax(1) == labels[data.packed.rows(split)]
        for split, x in (("held_out", data.held_out()), ("reference", data.reference()))
    ]
    return torch.cat(right).double().mean().item()


def main(steps: int) -> None:
    """Train, write the weights, measure them and write their record."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    data = Prompts()
    net, own = train(data, torch.Generator().manual_seed(0), steps)
    trained_on = sha256(
        np.ascontiguousarray(data.packed.arrays["mels"][data.packed.rows("extractor")]).data
    ).hexdigest()
    weights = save(net.state_dict(), {"trained_on": trained_on, "steps": str(steps)})
    about = {"steps": steps, "maps": [16, 32, 64], "voices": list(data.names), "trained_on": trained_on}
    FROZEN.save("voices", weights, about)
    extractor.cache_clear()
    measured = {"voice_of_held_out_and_reference": accuracy(data), "own_crops_under_new_distortions": own}
    FROZEN.note("voices", {**FROZEN.record("voices"), "accuracy": measured})
    print(measured, len(weights), "bytes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1500)
