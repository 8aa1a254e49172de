"""A small language model that says how surprising a sentence is: interpolated Kneser–Ney (Kneser & Ney 1995).

p(w | c) = max(N(c w) − D, 0) / N(c ·) + D · N₁₊(c ·) / N(c ·) · p(w | c without its first word)

N are counts of the training text at the highest order, and below it the number of different words that come before;
D = n₁ / (n₁ + 2 n₂) for each order, from how many n-grams have count 1 and 2 (Ney et al. 1994). The lowest order is
mixed with the uniform distribution. (Chen & Goodman 1999, section 4)
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

END, BEGIN = -1, -2

_Gram = tuple[int, ...]


class KneserNey:
    """A model of word numbers.

    Args:
        sentences: the text it is made of.
        symbols: how many words there can be, the end of a sentence not counted.
        order: words that it looks at, the predicted one included.
    """

    def __init__(self, sentences: Iterable[Sequence[int]], symbols: int, order: int = 3) -> None:
        self.symbols, self.order = symbols, order
        highest: Counter[_Gram] = Counter()
        for sentence in sentences:
            highest.update(self._grams(sentence))
        counts = [highest]
        while len(counts) < order:
            counts.append(Counter(gram[1:] for gram in counts[-1]))  # each different word before it counts once
        self._levels = [_Level(level) for level in counts]
        self._kept: dict[_Gram, float] = {}

    def _grams(self, sentence: Sequence[int]) -> list[_Gram]:
        padded = (*(BEGIN,) * (self.order - 1), *sentence, END)
        return [padded[i : i + self.order] for i in range(len(sentence) + 1)]

    def probability(self, gram: _Gram) -> float:
        """Of the last word of the gram after the others; sums to 1 over all words and the end."""
        return self._probability(gram, self.order - len(gram))

    def _probability(self, gram: _Gram, depth: int) -> float:
        if depth == self.order:
            return 1 / (self.symbols + 1)
        level, context = self._levels[depth], gram[:-1]
        total = level.total.get(context, 0)
        lower = self._probability(gram[1:], depth + 1)
        if not total:
            return lower
        d = level.discount
        return (max(level.count.get(gram, 0) - d, 0) + d * level.different[context] * lower) / total

    def surprise(self, sentence: Sequence[int]) -> tuple[float, int]:
        """−log p of a sentence and its end in nats, and over how many of these."""
        total = 0.0
        grams = self._grams(sentence)
        for gram in grams:
            found = self._kept.get(gram)
            if found is None:
                found = self._kept[gram] = -math.log(self.probability(gram))
            total += found
        return total, len(grams)

    def mean_surprise(self, sentences: Iterable[Sequence[int]]) -> float:
        """Nats per word, the ends of sentences counted as words; NaN without sentences."""
        parts = [self.surprise(sentence) for sentence in sentences]
        return math.fsum(p for p, _ in parts) / sum(n for _, n in parts) if parts else math.nan


class _Level:
    """Counts of one order."""

    def __init__(self, count: Counter[_Gram]) -> None:
        self.count = dict(count)
        self.total: Counter[_Gram] = Counter()
        self.different: Counter[_Gram] = Counter()
        for gram, n in count.items():
            self.total[gram[:-1]] += n
            self.different[gram[:-1]] += 1
        once, twice = (sum(n == k for n in count.values()) for k in (1, 2))
        # A text without n-grams that occur once or twice says nothing of the unseen; then half of an occurrence.
        self.discount = once / (once + 2 * twice) if once and twice else 0.5
