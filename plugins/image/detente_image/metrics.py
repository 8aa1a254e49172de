"""Scores of images besides the common ones: modes by a classifier of digits, and diversity."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from detente import Evaluation, Metric, paired
from detente_image.classes import recognizer
from detente_image.data import Digits, StackedDigits
from detente_image.extractors import run

_FITTED = 4000
_ROWS = 256
"""Training pictures that a recognizer is fitted to, and how many of them are unpacked at a time."""


class Modes(Metric):
    """The classes that the samples cover, according to a classifier of digits; for stacked digits, in each channel.

    `modes` counts the classes with at least one sample: of 10, of 1,000 for stacked digits (Metz et al. 2017). Compare
    with the row of held-out data: n perfectly balanced samples reach about 528 of 1,000 for n = 750. `modes-kl` is
    KL(classes of the samples ‖ classes of the data) in nats; the data have all classes alike. `confidence` is the mean
    probability of the class that the classifier chose.

    Not defined for other data: NaN.
    """

    scores = {"modes": "higher", "modes-kl": "lower", "confidence": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        if not isinstance(e.data, Digits | StackedDigits) or not e.n:
            return dict.fromkeys(self.scores, math.nan)
        assert isinstance(e.samples, Tensor), "an image is a single tensor"
        chances = classes(e.samples)
        found = spelled(chances)
        modes = 10 ** e.samples.shape[1]
        return {
            "modes": float(len(found.unique())),
            "modes-kl": kl_to_uniform(found, modes),
            "confidence": chances.amax(-1).mean().item(),
        }


class ClassAccuracy(Metric):
    """Of samples that were made under a class, the share in which a classifier finds it.

    Of digits, the classifier that is included. Of other pictures, a logistic regression of the features that distances
    are measured on, fitted to the first 4,000 training images. Compare with the row of held-out data, whose share is
    the classifier's own accuracy. NaN without classes.
    """

    scores = {"class-accuracy": "higher"}

    def __init__(self) -> None:
        self._fitted: dict[tuple[str, str], Callable[[Tensor], Tensor]] = {}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        if e.labels is None or e.data.space.classes is None or not e.n:
            return {"class-accuracy": math.nan}
        assert isinstance(e.samples, Tensor), "an image is a single tensor"
        digits = isinstance(e.data, Digits | StackedDigits)
        found = spelled(classes(e.samples)) if digits else self._recognizer(e)(e.features)
        return {"class-accuracy": (found == e.labels).double().mean().item()}

    def _recognizer(self, e: Evaluation) -> Callable[[Tensor], Tensor]:
        key = e.data.identity, e.domain.measured_identity
        if key not in self._fitted:
            features, labels = list[Tensor](), list[Tensor]()
            for part in torch.arange(min(len(e.data), _FITTED)).split(_ROWS):
                batch = e.data.batch(part)
                assert batch.labels is not None, "data with classes have labels"
                features.append(e.domain.measured(batch.x).double())
                labels.append(batch.labels)
            assert e.data.space.classes is not None, "asked for samples with classes alone"
            self._fitted[key] = recognizer(torch.cat(features), torch.cat(labels), e.data.space.classes)
        return self._fitted[key]


def classes(x: Tensor) -> Tensor:
    """Probabilities of the ten digits in each channel: [n, C, H, W] → [n, C, 10], float64."""
    n, channels = x.shape[:2]
    return run("digits", x.flatten(0, 1).unsqueeze(1), "digit").double().softmax(1).view(n, channels, 10)


def spelled(chances: Tensor) -> Tensor:
    """The number that the likeliest digits spell, first channel first: [n, C, 10] → [n]."""
    digits = chances.argmax(-1)
    return (digits * 10 ** torch.arange(digits.shape[1] - 1, -1, -1)).sum(1)


def kl_to_uniform(found: Tensor, modes: int) -> float:
    """KL(histogram of `found` ‖ all `modes` alike) in nats: 0 at perfect balance, log(modes) at a single mode."""
    share = torch.bincount(found, minlength=modes).double() / len(found)
    return (torch.special.xlogy(share, share).sum() + math.log(modes)).item()


class Diversity(Metric):
    """Mean Euclidean distance between the features of two different samples.

    Mode collapse drives it to 0. More than real data have is not better: compare with the row of held-out data. Of more
    than 10,000 samples, so many are compared.
    """

    scores = {"diversity": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        if e.n < 2:
            return {"diversity": math.nan}
        features = paired(e.features, "diversity", e.rng.at("diversity"))
        return {"diversity": torch.pdist(features).mean().item()}
