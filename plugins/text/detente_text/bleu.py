"""BLEU of sentences, exactly as NLTK's `sentence_bleu` has it, fast enough for every sentence against all others.

BP · exp(Σ_{k ≤ n} (1/n) log p_k)      (Papineni et al. 2002)

p_k is the share of a sentence's k-grams that a reference has, each counted at most as often as in the one reference
that has it most. A p_k without a match is smoothed to 0.1 matches (method 1 of Chen & Cherry 2014). The brevity penalty
looks at the reference whose length is closest, the shorter one of two. A sentence without a known word scores 0.

NLTK looks at every reference for every sentence. What a reference set does to a sentence depends only on the highest
count of each k-gram, so that is kept instead; leaving one reference out needs the second highest too.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

EPSILON = 0.1
MOST = 5
"""The longest n-grams."""

Words = Sequence[int]
_Grams = Counter[tuple[int, ...]]


def grams(sentence: Words, n: int) -> _Grams:
    """How often each n-gram occurs."""
    return Counter(zip(*(sentence[i:] for i in range(n)), strict=False))


class References:
    """What BLEU needs to know of a set of references.

    Args:
        sentences: the references, words as numbers.
    """

    def __init__(self, sentences: Iterable[Words]) -> None:
        self._most: list[dict[tuple[int, ...], tuple[int, int, int]]] = [{} for _ in range(MOST)]
        """n-gram → highest count, how many references have it so often, the next lower count of any reference."""
        self._lengths: Counter[int] = Counter()
        for sentence in sentences:
            self._lengths[len(sentence)] += 1
            for n, most in enumerate(self._most, 1):
                for gram, count in grams(sentence, n).items():
                    highest, holders, second = most.get(gram, (0, 0, 0))
                    if count > highest:
                        most[gram] = count, 1, highest
                    elif count == highest:
                        most[gram] = highest, holders + 1, second
                    elif count > second:
                        most[gram] = highest, holders, count

    def __len__(self) -> int:
        return sum(self._lengths.values())

    def bleu(self, sentence: Words, *, is_one_of_them: bool = False) -> list[float]:
        """BLEU-1 to BLEU-5 against all references, or against all others where the sentence is one of them.

        Without a reference they are NaN.
        """
        lengths = [n for n, count in self._lengths.items() if count > (is_one_of_them and n == len(sentence))]
        if not lengths:
            return [math.nan] * MOST
        logs: list[float] = []
        for n, most in enumerate(self._most, 1):
            matched = 0
            for gram, count in grams(sentence, n).items():
                highest, holders, second = most.get(gram, (0, 0, 0))
                if is_one_of_them and count == highest and holders == 1:
                    highest = second
                matched += min(count, highest)
            if n == 1 and not matched:
                return [0.0] * MOST
            logs.append(math.log((matched or EPSILON) / max(1, len(sentence) - n + 1)))
        closest = min(lengths, key=lambda length: (abs(length - len(sentence)), length))
        penalty = min(0.0, 1 - closest / len(sentence))
        return [math.exp(penalty + math.fsum(logs[:n]) / n) for n in range(1, MOST + 1)]


def mean_bleu(sentences: Sequence[Words], references: References) -> list[float]:
    """BLEU-1 to BLEU-5, each the mean over sentences; NaN where there is none."""
    return _mean([references.bleu(sentence) for sentence in sentences])


def self_bleu(sentences: Sequence[Words]) -> list[float]:
    """BLEU-1 to BLEU-5 of each sentence against all others, the mean over sentences; NaN for fewer than two."""
    references = References(sentences)
    return _mean([references.bleu(sentence, is_one_of_them=True) for sentence in sentences])


def _mean(rows: list[list[float]]) -> list[float]:
    if not rows:
        return [math.nan] * MOST
    return [math.fsum(column) / len(rows) for column in zip(*rows, strict=True)]
