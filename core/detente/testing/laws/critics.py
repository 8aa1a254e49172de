"""Laws about critics: several in one, an augmentation before them, samples that must not be mixed."""

import torch
from torch import Tensor, nn

from detente.engine.forward import call
from detente.engine.gradients import score
from detente.engine.network import Network
from detente.engine.sample import Sample, batch_size, cat, each, leaves, rows, to
from detente.engine.streams import Stream
from detente.testing.laws.closed_forms import Curved, close, on_flat_samples, penalty_on
from detente.testing.laws.subject import F64, Broken, Skip, Subject


class _Several(Network):
    """Two critics: one logit for a sample, and three at positions."""

    abilities = frozenset({"features"})
    feature_layers = ("hidden",)
    output_layers = ("whole", "parts")

    def __init__(self, turned: bool) -> None:
        super().__init__()
        self.hidden = nn.Linear(12, 7, dtype=F64)
        self.whole, self.parts, self.turned = nn.Linear(7, 1, dtype=F64), nn.Linear(7, 3, dtype=F64), turned

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        hidden = torch.tanh(self.hidden(x.flatten(1)))
        logits = self.whole(hidden)[:, 0], self.parts(hidden)
        return (logits[1].flip(1), logits[0]) if self.turned else logits


def all_subcritics_count(s: Subject) -> None:
    """The order of sub-critics, and that of the positions of their logits, changes nothing."""
    s.needs("penalty")
    there, back = (penalty_on(s, lambda turned=turned: _Several(turned)) for turned in (False, True))
    if not close(there, back):
        raise Broken(
            f"with sub-critics in another order the penalty is {back.item():.8g} instead of {there.item():.8g}; "
            "use s.real_score and s.fake_score, or score(logits)"
        )


class _Seen(Curved):
    """The critic behind a change of its input."""

    def forward(self, x: Sample) -> Tensor:
        return super().forward(each(_changed, x))


def _changed(x: Tensor) -> Tensor:
    return 0.5 * x + x.square() / 3


def the_critic_is_the_augmented_one(s: Subject) -> None:
    """What stands before the discriminator is part of the critic, as if the network did it."""
    s.needs("penalty")
    inside = penalty_on(s, _Seen)
    before = penalty_on(s, Curved, augment=lambda x, _: each(_changed, x))
    if not close(inside, before):
        raise Broken(
            f"behind an augmentation the penalty is {before.item():.8g}, with the same change inside the network it is "
            f"{inside.item():.8g}; call s.critic(x), not s.discriminator(x)"
        )


def the_generator_learns_through_augment(s: Subject) -> None:
    """The generator's gradient passes what is put before the critic."""
    s.needs("augment")
    through, plain = (_slopes(s, game) for game in (s.game(), s.case.game("discriminator")))
    for i, (a, b) in enumerate(zip(through, plain, strict=True)):
        if (a is None or not a.any()) and b is not None and b.any():
            raise Broken(
                f"no gradient of the critic reaches leaf {i} of the generated samples, so the generator cannot learn; "
                "augment without .detach(), .data or rounding"
            )


def _slopes(s: Subject, game) -> tuple[Tensor | None, ...]:
    step = game.look("generator", s.case.batch())
    total = score(step.fake_logits).sum()
    if not total.requires_grad:
        return (None,) * len(leaves(step.fake))
    return torch.autograd.grad(total, leaves(step.fake), allow_unused=True)


def a_penalty_is_a_mean_over_samples(s: Subject) -> None:
    """On two halves of a batch it costs on average what it costs on the batch."""
    if s.needs("penalty").compares_samples:
        raise Skip("it compares samples, as it declares")
    whole = penalty_on(s, Curved)
    draws = not torch.equal(whole, penalty_on(s, Curved, seed=1))
    seeds = range(32) if draws else range(1)
    real, z = on_flat_samples()

    def mean(parts: tuple[slice, ...]) -> Tensor:
        return torch.stack([penalty_on(s, Curved, (real[p], z[p]), seed=k) for p in parts for k in seeds]).mean()

    together, apart = mean((slice(None),)), mean((slice(0, 3), slice(3, 6)))
    if abs((together - apart).item()) > (0.3 if draws else 1e-9) * (abs(together.item()) + (0 if draws else 1)):
        raise Broken(
            f"on a batch it is {together.item():.6g}, on its halves {apart.item():.6g} on average: it mixes samples. "
            "Take the mean last; if it compares samples on purpose, declare compares_samples = True"
        )


def rewritten_networks_keep_samples_apart(s: Subject) -> None:
    """In training a sample's output does not depend on the others of its batch, unless that is declared."""
    one = s.needs("rewrite")
    if one.mixes_samples or one.normalizes_batch:
        raise Skip("it mixes samples, as it declares")
    outs = []
    batch, other = s.case.batch(), s.case.batch(1)
    xs: list[Sample] = [batch.x, cat([rows(batch.x, slice(0, 1)), rows(other.x, slice(1, None))])]
    if s.role == "generator":
        z = to(s.case.model.latents(2 * s.case.size, Stream(5).generator()), dtype=s.case.dtype)
        n = s.case.size
        xs = [rows(z, slice(0, n)), cat([rows(z, slice(0, 1)), rows(z, slice(n + 1, None))])]
    for x in xs:
        labels = None if batch.labels is None else batch.labels[: batch_size(x)]
        with torch.no_grad():
            outs.append(leaves(call(s.player(s.game()).network, x, labels, Stream(9))))
    for a, b in zip(*outs, strict=True):
        if not torch.allclose(a[0], b[0], rtol=1e-9, atol=1e-9):
            raise Broken(
                "the output for a sample changes with the others of its batch; if that is meant, declare "
                "mixes_samples = True"
            )
