"""Maximum likelihood before the game."""

import math

import pytest
import torch
from torch import Tensor

from detente import Batch, Networks, Space, Stream
from detente_text.data import Sentences
from detente_text.networks import RelGAN, Transformer
from detente_text.networks.warmup import Warmed, drawn, fit
from seeded import seeded


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "at_most"),
    [
        (RelGAN(width=16, embedding=8, maps=4, latent_dim=4, warm_up_steps=60, warm_up_lr=2e-2), 2.9),
        (Transformer(width=16, layers=1, heads=2, latent_dim=4, warm_up_steps=60, warm_up_lr=1e-2), 2.9),
    ],
    ids=lambda m: type(m).__name__,
)
def test_a_warm_up_learns_and_counts_its_steps(model, at_most, small):
    torch.manual_seed(0)
    networks, told = model.build(small.space), []
    before = {name: p.clone() for name, p in networks.discriminator.named_parameters()}
    model.warm_up(networks, small, Stream(0), lambda done, of: told.append((done, of)))
    tokens = torch.from_numpy(small.tokens("held_out")).long()
    surprise = networks.generator.surprise(model.latents(len(tokens), seeded()), tokens).item()
    assert surprise < at_most < math.log(20)  # every word alike costs log 20 = 3.0
    assert told[-1] == (60, 60) and model.starts_good
    assert all(torch.equal(p, before[name]) for name, p in networks.discriminator.named_parameters())


class Brief(Warmed):
    """A warm-up of so many steps, of a single number."""

    def __init__(self, steps: int, batch: int = 7, lr: float = 0.1) -> None:
        self.warm_up_steps, self.warm_up_batch, self.warm_up_lr = steps, batch, lr
        self.batches: list[Tensor] = []
        self.moved: list[float] = []
        self.told: list[tuple[int, int]] = []
        self.number = torch.zeros(1, requires_grad=True)

    def fit(self, data: Sentences, seed: int = 0) -> "Brief":
        """Down a slope of one, where each step of Adam is as long as its rate."""

        def loss(tokens: Tensor, labels: Tensor | None) -> Tensor:
            self.batches.append(tokens)
            self.moved.append(self.number.item())
            return self.number.sum()

        show = lambda *said: self.told.append(said)  # noqa: E731
        fit([self.number], loss, data, Stream(seed), show, self, torch.device("cpu"))
        self.moved.append(self.number.item())
        return self

    def build(self, space: Space) -> Networks:
        raise NotImplementedError


def test_batches_are_drawn_without_replacement_epoch_by_epoch(small):
    n = len(small)
    seen = torch.cat(Brief(2 * n // 7 + 1).fit(small).batches)
    rows = [tuple(row) for row in small.tokens("train").tolist()]
    assert len(set(rows)) == n
    first = [tuple(row) for row in seen[:n].tolist()]
    assert sorted(first) == sorted(rows) and first != rows
    assert sorted(tuple(row) for row in seen[n : 2 * n].tolist()) == sorted(rows)


def test_a_batch_is_never_larger_than_the_set_and_its_draws_are_the_streams(small):
    assert {len(b) for b in Brief(2, batch=10_000).fit(small).batches} == {len(small)}
    one, same, other = (torch.stack(Brief(3).fit(small, seed).batches) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)


def test_the_rate_rises_over_a_twentieth_and_falls_as_a_cosine(small):
    brief = Brief(100, lr=0.1).fit(small)
    steps = -torch.tensor(brief.moved).diff().double()
    rising = [0.1 * (k + 1) / 5 for k in range(5)]
    falling = [0.05 * (1 + math.cos(math.pi * k / 95)) for k in range(95)]
    torch.testing.assert_close(steps, torch.tensor(rising + falling, dtype=torch.float64), rtol=1e-3, atol=1e-5)
    assert brief.number.grad is None, "nothing is left for the game"
    assert brief.told == [(1, 100), (21, 100), (41, 100), (61, 100), (81, 100), (100, 100)]


def test_words_of_strangers_data_are_their_likeliest_and_labels_come_along(small):
    class Stranger:
        def batch(self, index: Tensor) -> Batch:
            return Batch(small.batch(index).x * 0.9, index % 2)

    index = torch.tensor([5, 0, 5])
    own, none = drawn(small, index)
    assert own.dtype == torch.long and own.tolist() == small.tokens("train")[[5, 0, 5]].tolist() and none is None
    theirs, labels = drawn(Stranger(), index)
    assert torch.equal(theirs, own) and labels is not None and labels.tolist() == [1, 0, 1]


@pytest.mark.parametrize("make", [RelGAN, Transformer])
def test_without_a_warm_up_nothing_moves_and_nothing_is_promised(make, small):
    model = make(warm_up_steps=0)
    networks = model.build(small.space)
    before = [p.clone() for p in networks.generator.parameters()]
    model.warm_up(networks, small, Stream(0), lambda *said: pytest.fail("told"))
    assert all(torch.equal(p, q) for p, q in zip(networks.generator.parameters(), before, strict=True))
    assert not model.starts_good and make(warm_up_steps=1).starts_good
