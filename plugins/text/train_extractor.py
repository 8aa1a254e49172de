"""Trains the feature extractor that this plugin ships: `python train_extractor.py`.

Two tasks at once, on the split `extractor` of `bible-bbe` and of `glosses`, which no generator sees: to tell what was
done to a sentence (nothing; two neighbours swapped; all words shuffled; some replaced by random ones; all drawn from
bigrams; the beginning of one and the end of another joined), and to name a word that is hidden, by its hash. The first
needs the order of words, the second what they mean together.

Seeded and on one thread; weights agree between machines as far as their arithmetic does.
"""

import sys
import time
from hashlib import sha256
from zlib import crc32

import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor

from detente_text.data import BibleBBE, Glosses, Sentences
from detente_text.extractors import FROZEN, Extractor, extractor, words_of
from detente_text.vocabulary import PAD, UNKNOWN

BATCH = 192
KINDS = ("real", "neighbours swapped", "shuffled", "some replaced", "bigrams", "joined")
HIDDEN = 2048
"""Classes of the hidden word: hashes of words."""
LENGTH = 16


class Text16:
    """Sentences of both sets in one vocabulary, padded to one length.

    Args:
        sets: the data.
        split: of each of them.
    """

    def __init__(self, sets: list[Sentences], split: str) -> None:
        self.vocabulary = list(dict.fromkeys(word for data in sets for word in data.vocabulary))
        place = {word: i for i, word in enumerate(self.vocabulary)}
        self.parts = []
        for data in sets:
            moved = torch.tensor([place[word] for word in data.vocabulary])
            tokens = moved[torch.from_numpy(data.tokens(split)).long()]
            self.parts.append(F.pad(tokens, (0, LENGTH - tokens.shape[1]), value=PAD))
        self.unigram = [part[part != PAD] for part in self.parts]
        self.hashes = torch.tensor([crc32(word.encode()) % HIDDEN for word in self.vocabulary])
        self.bigrams = [Drawn(part, len(self.vocabulary)) for part in self.parts]

    def batch(self, n: int, g: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sentences [n, L], what was done to each, sentences with a word hidden, and the hash of that word."""
        rows, kinds, hidden, words = [], [], [], []
        for part, unigram, bigrams in zip(self.parts, self.unigram, self.bigrams, strict=True):
            chosen = part[torch.randint(len(part), (n // len(self.parts),), generator=g)]
            kind = torch.randint(len(KINDS), (len(chosen),), generator=g)
            rows.append(self._changed(chosen, kind, part, unigram, bigrams, g))
            kinds.append(kind)
            fresh = part[torch.randint(len(part), (n // len(self.parts),), generator=g)]
            count = (fresh != PAD).sum(1)
            at = (torch.rand(len(fresh), generator=g) * count).long()[:, None]
            words.append(fresh.gather(1, at)[:, 0])
            hidden.append(fresh.scatter(1, at, UNKNOWN))
        return torch.cat(rows), torch.cat(kinds), torch.cat(hidden), self.hashes[torch.cat(words)]

    def _changed(
        self, x: Tensor, kind: Tensor, part: Tensor, unigram: Tensor, bigrams: "Drawn", g: torch.Generator
    ) -> Tensor:
        x, n = x.clone(), len(x)
        count = (x != PAD).sum(1)
        at = (torch.rand(n, generator=g) * (count - 1)).long().clamp(min=0)
        for i in range(n):
            k, c, t = int(kind[i]), int(count[i]), int(at[i])
            if k == 1 and c > 1:
                x[i, [t, t + 1]] = x[i, [t + 1, t]]
            elif k == 2:
                x[i, :c] = x[i, torch.randperm(c, generator=g)]
            elif k == 3:
                replaced = torch.rand(c, generator=g) < 0.25
                replaced[t] = True
                x[i, :c] = torch.where(replaced, unigram[torch.randint(len(unigram), (c,), generator=g)], x[i, :c])
            elif k == 5 and c > 2:
                other = part[int(torch.randint(len(part), (), generator=g))]
                end = other[(other != PAD).nonzero().flatten()][-int(c - t - 1) :]
                x[i, t + 1 :] = PAD
                x[i, t + 1 : t + 1 + len(end)] = end
        drawn = kind == 4
        x[drawn] = bigrams.draw(int(drawn.sum()), g)
        return x


class Drawn:
    """Draws from the bigrams of some sentences, as the domain's baseline makes them.

    Args:
        tokens: the sentences.
        symbols: size of the vocabulary.
    """

    def __init__(self, tokens: Tensor, symbols: int) -> None:
        ends = F.pad(tokens, (0, 1), value=PAD)
        before = F.pad(ends[:, :-1], (1, 0), value=symbols)
        there = before != PAD
        order = before[there].argsort(stable=True)
        self.following = ends[there][order]
        self.count = torch.bincount(before[there], minlength=symbols + 1)
        self.start, self.symbols = self.count.cumsum(0) - self.count, symbols

    def draw(self, n: int, g: torch.Generator) -> Tensor:
        """[n, L]"""
        out, last = torch.full((n, LENGTH), PAD), torch.full((n,), self.symbols)
        for t in range(LENGTH):
            at = self.start[last] + (torch.rand(n, generator=g) * self.count[last]).long()
            last = torch.where(self.count[last] > 0, self.following[at.clamp(max=len(self.following) - 1)], PAD)
            out[:, t] = last
        return out


def outputs(net: Extractor, vectors: Tensor, tokens: Tensor) -> dict[str, Tensor]:
    """Logits of all heads."""
    return net(vectors[tokens], words_of(tokens))


def accuracy(net: Extractor, text: Text16, n: int = 12_000) -> dict[str, float]:
    """On sentences that it was not trained on: of the kinds, all and one by one, and of the hidden word."""
    with torch.no_grad():
        rows, kinds, hidden, words = text.batch(n, torch.Generator().manual_seed(1))
        vectors = net.vectors(text.vocabulary)
        found = outputs(net, vectors, rows)["kind"].argmax(1)
        right = outputs(net, vectors, hidden)["hidden"].argmax(1) == words
    each = {f"kind, {name}": (found == k)[kinds == k].double().mean().item() for k, name in enumerate(KINDS)}
    return {"kind": (found == kinds).double().mean().item(), **each, "hidden word": right.double().mean().item()}


def main(steps: int) -> None:
    """Train, write the weights in half precision, measure what is written, and write its record."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    sets: list[Sentences] = [BibleBBE(), Glosses()]
    text, g = Text16(sets, "extractor"), torch.Generator().manual_seed(0)
    about = {"buckets": 8192, "letters": 32, "maps": 96, "width": 64, "heads": {"kind": len(KINDS), "hidden": HIDDEN}}
    net = Extractor(**about)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    start = time.time()
    for step in range(steps):
        rows, kinds, hidden, words = text.batch(BATCH, g)
        vectors = net.vectors(text.vocabulary)
        loss = F.cross_entropy(outputs(net, vectors, rows)["kind"], kinds)
        loss = loss + 0.3 * F.cross_entropy(outputs(net, vectors, hidden)["hidden"], words)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            print(f"step {step} of {steps}: loss {loss.item():.3f}, {time.time() - start:.0f} s", flush=True)
    weights = save({name: value.half() for name, value in net.state_dict().items()}, {"steps": str(steps)})
    trained_on = sha256(b"".join(data.tokens("extractor").tobytes() for data in sets)).hexdigest()
    FROZEN.save("sentences", weights, {"steps": steps, **about, "trained_on": trained_on})
    extractor.cache_clear()
    measured = accuracy(extractor(), Text16(sets, "held_out"))
    FROZEN.note("sentences", {**FROZEN.record("sentences"), "accuracy": measured})
    print(measured, len(weights), "bytes")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3000)
