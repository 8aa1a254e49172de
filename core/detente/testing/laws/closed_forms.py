"""Laws of a penalty on small networks whose samples can be rearranged, repeated, and solved in closed form."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from detente.engine.network import Network
from detente.engine.regularizer import LinearGame
from detente.engine.sample import Sample, batch_size, each, leaves
from detente.engine.streams import Stream
from detente.testing.laws.subject import F64, Broken, Skip, Subject, where_it_can_be_used
from detente.testing.probe import Linear, Matrix, Plain, probe


class _Joint(Plain):
    """Noise and augmentation that do not depend on how a sample is split into leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.augmentations = {"flip": self._flip}

    def noise_like(self, x: Sample, generator: torch.Generator) -> Sample:
        sizes = [leaf[0].numel() for leaf in leaves(x)]
        flat = torch.randn(batch_size(x), sum(sizes), generator=generator, dtype=leaves(x)[0].dtype)
        parts = iter(flat.split(sizes, 1))
        return each(lambda leaf: next(parts).reshape(leaf.shape), x)

    def _flip(self, x: Sample, generator: torch.Generator) -> Sample:
        sign = torch.randint(0, 2, (batch_size(x),), generator=generator).double() * 2 - 1
        return each(lambda leaf: leaf * sign.reshape(-1, *(1,) * (leaf.dim() - 1)), x)


class Curved(Network):
    """A smooth critic of 12 numbers in any arrangement, with features and no normalization."""

    abilities = frozenset({"features"})
    feature_layers = ("hidden",)

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out = nn.Linear(12, 7, dtype=F64), nn.Linear(7, 1, dtype=F64)

    def forward(self, x: Sample) -> Tensor:
        return self.out(torch.tanh(self.hidden(torch.cat([leaf.flatten(1) for leaf in leaves(x)], 1)))).flatten()


class _Arranged(nn.Module):
    """A smooth generator whose 12 numbers are arranged in some way."""

    def __init__(self, arrange: Callable[[Tensor], Sample]) -> None:
        super().__init__()
        self.arrange, self.body = arrange, nn.Linear(4, 12, dtype=F64)

    def forward(self, z: Tensor) -> Sample:
        return self.arrange(torch.tanh(self.body(z)))


_ARRANGEMENTS: dict[str, Callable[[Tensor], Sample]] = {
    "flat": lambda x: x,
    "an image": lambda x: x.reshape(-1, 3, 2, 2),
    "two leaves": lambda x: (x[:, :5], x[:, 5:]),
    "three leaves": lambda x: (x[:, :2], x[:, 2:8].reshape(-1, 2, 3), x[:, 8:]),
}


def on_flat_samples() -> tuple[Tensor, Tensor]:
    """Six reals [6, 12] and latents [6, 4]."""
    draws = torch.Generator().manual_seed(17)
    return torch.randn(6, 12, generator=draws, dtype=F64), torch.randn(6, 4, generator=draws, dtype=F64)


def penalty_on(
    s: Subject,
    critic: Callable[[], nn.Module],
    samples: tuple[Tensor, Tensor] | None = None,
    *,
    arrange: Callable[[Tensor], Sample] = lambda x: x,
    augment: Callable[[Sample, Stream], Sample] | None = None,
    seed: int = 0,
) -> Tensor:
    """The penalty on reals and latents, with a critic and a generator that are equal every time."""
    torch.manual_seed(13)
    net, generator = critic(), _Arranged(arrange)
    real, z = samples or on_flat_samples()
    with where_it_can_be_used():
        one = s.make()
        one.attach(net if s.role == "discriminator" else generator)
        step = probe(
            net,
            arrange(real),
            generator=generator,
            z=z,
            turn=s.role,
            domain=_Joint(),
            name=one.name,
            seed=seed,
            augment=augment,
        )
        value = one.penalty(step)
    if value is None:
        raise Skip("it adds nothing to the loss")
    return value


def close(a: Tensor, b: Tensor) -> bool:
    """Equal up to other orders of summation over a few numbers."""
    return abs((a - b).item()) <= 1e-11 * (1 + abs(b.item()))


def _arranged(s: Subject, arrange: Callable[[Tensor], Sample], copies: int = 1, seed: int = 0) -> Tensor:
    """The penalty on the same numbers in another arrangement, each sample `copies` times."""
    real, z = (x.repeat(copies, 1) for x in on_flat_samples())
    return penalty_on(s, Curved, (real, z), arrange=arrange, seed=seed)


def arrangement_of_a_sample_is_irrelevant(s: Subject) -> None:
    """Reshaped, flattened or split into leaves, the same numbers cost the same."""
    one = s.needs("penalty")
    if one.by_position:
        raise Skip("by position, the arrangement is the point")
    flat = _arranged(s, _ARRANGEMENTS["flat"])
    for name, arrange in _ARRANGEMENTS.items():
        value = _arranged(s, arrange)
        if not close(value, flat):
            raise Broken(
                f"as {name} the penalty is {value.item():.10g}, flat it is {flat.item():.10g}"
                "; sum over a whole sample with sumsq, in all its leaves"
            )


def duplicated_batches_cost_the_same(s: Subject) -> None:
    """It is a mean over samples: every sample twice changes nothing."""
    s.needs("penalty")
    flat = _ARRANGEMENTS["flat"]
    first = _arranged(s, flat)
    if torch.equal(first, _arranged(s, flat, seed=1)):
        twice = _arranged(s, flat, copies=2)
        if not close(twice, first):
            raise Broken(
                f"every sample twice gives {twice.item():.10g} instead of {first.item():.10g}"
                "; take means over the batch, not sums"
            )
        return
    # It draws for each sample, so equality holds on average: 64 streams, and a sum would be twice the mean.
    means = [torch.stack([_arranged(s, flat, copies, seed) for seed in range(64)]).mean().item() for copies in (1, 2)]
    if abs(means[1] - means[0]) > 0.3 * abs(means[0]):
        raise Broken(
            f"every sample twice gives {means[1]:.4g} instead of {means[0]:.4g} on average over 64 streams"
            "; take means over the batch, not sums"
        )


def closed_forms_are_met(s: Subject) -> None:
    """On linear networks the penalty is what `on_linear_game` says."""
    one = s.needs("penalty")
    draws = torch.Generator().manual_seed(17)

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=draws, dtype=F64)

    w, A, real, z = randn(5), randn(5, 3), randn(8, 5), randn(8, 3)
    game = LinearGame(w, real, z @ A.T, A, z)
    expected = one.on_linear_game(game)
    if expected is None:
        raise Skip("it declares none")
    critic, generator = Linear(w), Matrix(A)
    one.attach(critic if s.role == "discriminator" else generator)
    step = probe(critic, real, generator=generator, z=z, turn=s.role, domain=_Joint(), name=one.name)
    value = one.penalty(step)
    if value is None or not close(value, expected):
        got = "nothing" if value is None else f"{value.item():.10g}"
        raise Broken(
            f"on a linear game it is {got}, the closed form says {expected.item():.10g}"
            "; compare factors and powers with the docstring's equation, or correct on_linear_game"
        )
