"""The field's measures of sentences: BLEU, self-BLEU, uniqueness, novelty, fluency; and what classes are met."""

import math

from torch import Tensor

from detente import CLASS_MEANS, Asked, Data, Evaluation, Metric, class_accuracy, class_means
from detente_text.bleu import MOST, References, mean_bleu, self_bleu
from detente_text.classes import lengths
from detente_text.data import Sentences
from detente_text.fluency import KneserNey
from detente_text.vocabulary import trimmed

_LONGER = range(2, MOST + 1)


class BLEU(Metric):
    """BLEU-2 to BLEU-5: the mean over samples of the sentence BLEU against every sentence of the reference split.

    Uniform weights, method-1 smoothing with 0.1, the closest reference length; `bleu-references` says how many there
    are. More references make it higher, so numbers compare at one number of them, and with the row of real data.
    """

    scores = {
        "bleu-2": "higher",
        "bleu-3": "higher",
        "bleu-4": "higher",
        "bleu-5": "higher",
        "bleu-references": "neither",
    }

    def __call__(self, e: Evaluation) -> dict[str, float]:
        references = References(sentences_of(e.data, "reference"))
        found = mean_bleu(samples(e), references)
        return {f"bleu-{n}": found[n - 1] for n in _LONGER} | {"bleu-references": float(len(references))}


class SelfBLEU(Metric):
    """Self-BLEU-2 to -5: BLEU of each sample against all others, the mean over samples; itself is left out.

    Lower is more diverse. Less than real data have is no merit: read it beside that row.
    """

    scores = {"self-bleu-2": "lower", "self-bleu-3": "lower", "self-bleu-4": "lower", "self-bleu-5": "lower"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        found = self_bleu(samples(e))
        return {f"self-bleu-{n}": found[n - 1] for n in _LONGER}


class Uniqueness(Metric):
    """`uniqueness`: different samples, of all. `novelty`: samples that are not in the training split, of all.

    Of data that are no `Sentences` the training split is unknown: `novelty` is NaN.
    """

    scores = {"uniqueness": "higher", "novelty": "higher"}
    renamed_scores = {"unique": "uniqueness", "novel": "novelty"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        found = samples(e)
        if not found:
            return dict.fromkeys(self.scores, math.nan)
        seen = set(sentences_of(e.data, "train"))
        return {
            "uniqueness": len(set(found)) / len(found),
            "novelty": sum(s not in seen for s in found) / len(found) if seen else math.nan,
        }


class Fluency(Metric):
    """Surprise per word in nats of a Kneser–Ney trigram model of the split `extractor`, which no generator sees.

    Common phrases said over and over surprise it least: read it beside uniqueness and self-BLEU.
    """

    scores = {"fluency": "lower"}

    def __init__(self) -> None:
        self._made: dict[str, KneserNey] = {}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        text = sentences_of(e.data, "extractor")
        if not text:
            return {"fluency": math.nan}
        if e.data.identity not in self._made:
            self._made[e.data.identity] = KneserNey(text, len(e.data.space.leaves[0].symbols))
        return {"fluency": self._made[e.data.identity].mean_surprise(samples(e))}


class ClassAccuracy(Metric):
    """Of samples that were made under a class, the share whose number of words lies within its limits.

    Compare with 1 over the number of classes. The row of held-out data has 1: the number of words defines the class.
    NaN without classes.
    """

    scores = {"class-accuracy": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return class_accuracy(_by_class(e))


class ClassMeans(Metric):
    """The mean number of words of the samples that were made under each class.

    NaN of classes that there are none of, and without classes.
    """

    scores = CLASS_MEANS

    def __call__(self, e: Evaluation) -> dict[str, float]:
        return class_means(_by_class(e))


def _by_class(e: Evaluation) -> list[Asked]:
    """Of each sample the class that was asked for, its number and the class that this lies in; none without classes."""
    cut = e.data.cut if isinstance(e.data, Sentences) else None
    if cut is None or e.labels is None:
        return []
    assert isinstance(e.samples, Tensor), "a sentence is a single tensor"
    values = lengths(e.samples.argmax(-1).numpy())
    return [*map(Asked, e.labels.tolist(), values.tolist(), cut.classes(values).tolist())]


def samples(e: Evaluation) -> list[tuple[int, ...]]:
    """The samples as word numbers up to their ends; of a soft word the likeliest."""
    assert isinstance(e.samples, Tensor), "a sentence is a single tensor"
    return trimmed(e.samples.argmax(-1).tolist())


def sentences_of(data: Data, split: str) -> list[tuple[int, ...]]:
    """Real sentences as word numbers; none where the data are not sentences."""
    return trimmed(data.tokens(split).tolist()) if isinstance(data, Sentences) else []
