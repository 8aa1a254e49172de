"""The laws of an objective: what its two losses do to the logits that they are computed from."""

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from detente.engine.game import Game
from detente.engine.objectives import Objective
from detente.engine.player import Player
from detente.engine.sample import Sample, each, leaves
from detente.engine.step import Role, Step
from detente.testing.laws import Broken, Case
from detente.testing.laws.process import settings_of_process
from detente.testing.laws.subject import where_it_can_be_used
from detente.testing.probe import probe
from detente.testing.suites.draws import drawing_nothing, seeded

F64 = torch.float64
_TURNS: tuple[Role, ...] = ("discriminator", "generator")
_B = 6
_LARGE = 80.0


@dataclass
class Losses:
    """An objective, and the case whose networks it is played on; laws of logits bring critics of their own."""

    make: Callable[[], Objective]
    case: Case

    def game(self) -> Game:
        """A fresh game of two plain players with it."""
        with where_it_can_be_used():
            return self.case.game("discriminator", objective=self.make())


class _Itself(nn.Module):
    """D(x) = x: a sample is its own logit."""

    def forward(self, x: Sample) -> Tensor:
        return leaves(x)[0][:, 0]


class _Several(nn.Module):
    """Two sub-critics, one of which has positions: D(x) = (x₀, (x₁, x₂, x₃))."""

    def forward(self, x: Sample) -> tuple[Tensor, Tensor]:
        return leaves(x)[0][:, 0], leaves(x)[0][:, 1:]


class _Positions(nn.Module):
    """One critic whose logits have positions: D(x) = x, [B, P]."""

    def forward(self, x: Sample) -> Tensor:
        return leaves(x)[0]


def _logits(seed: int, width: int = 1, scale: float = 0.1) -> Tensor:
    return scale * torch.randn(_B, width, generator=torch.Generator().manual_seed(seed), dtype=F64)


def _step(s: Losses, turn: Role, real: Tensor, fake: Tensor, critic: nn.Module | None = None) -> Step:
    attached = fake.clone().requires_grad_()
    return probe(critic or _Itself(), real.clone(), attached, turn=turn, objective=s.make(), name="objective")


def _loss(step: Step) -> Tensor:
    objective = step.objective
    return objective.generator(step) if step.turn == "generator" else objective.discriminator(step)


def _slopes(step: Step) -> tuple[Tensor, Tensor]:
    """∂loss/∂real and ∂loss/∂fake; zeros where there is no path."""
    x, y = leaves(step.real)[0], leaves(step.fake)[0]
    loss = _loss(step)
    if not loss.requires_grad:
        return torch.zeros_like(x), torch.zeros_like(y)
    found = torch.autograd.grad(loss, (x, y), allow_unused=True)
    return tuple(torch.zeros_like(at) if g is None else g for g, at in zip(found, (x, y), strict=True))  # type: ignore[return-value]


def losses_are_scalars(s: Losses) -> None:
    """Each loss is one finite number in floating point."""
    for turn in _TURNS:
        loss = _loss(_step(s, turn, _logits(1), _logits(2)))
        if not isinstance(loss, Tensor) or loss.shape != ():
            found = list(loss.shape) if isinstance(loss, Tensor) else type(loss).__name__
            raise Broken(f"the {turn}'s loss is {found} instead of a scalar; return its mean over the batch")
        if not loss.is_floating_point() or not loss.isfinite():
            raise Broken(f"the {turn}'s loss is {loss.item()} for small logits; sum no logarithm of 0")


def the_discriminator_learns_to_tell_real_from_fake(s: Losses) -> None:
    """Its loss falls when the logits of reals rise, and when those of fakes fall: high means real."""
    real, fake = _slopes(_step(s, "discriminator", _logits(1) - 1, _logits(2) + 1))
    for what, slope, wanted in (("reals", real, "fall"), ("fakes", fake, "rise")):
        total = slope.sum().item()
        if total == 0:
            raise Broken(f"the discriminator's loss does not depend on the logits of {what}; use s.{what[:-1]}_logits")
        if (total < 0) is not (wanted == "fall"):
            raise Broken(
                f"the discriminator's loss should {wanted} with the logits of {what}, but its slope is {total:+.3g}; "
                "high means real, so turn its sign"
            )


def the_generator_learns_to_be_taken_for_real(s: Losses) -> None:
    """Its loss falls when the logits of its samples rise."""
    _, fake = _slopes(_step(s, "generator", _logits(1) + 1, _logits(2) - 1))
    total = fake.sum().item()
    if total == 0:
        raise Broken("no gradient of the generator's loss reaches its samples; use the fakes, and detach nothing")
    if total > 0:
        raise Broken(
            f"the generator's loss should fall with the logits of its samples, but its slope is {total:+.3g}; "
            "turn its sign, or it learns to be found out"
        )


def large_logits_are_survived(s: Losses) -> None:
    """In float32, logits of ±80 have finite losses and slopes."""
    for turn in _TURNS:
        for a, b in ((_LARGE, -_LARGE), (-_LARGE, _LARGE)):
            real, fake = torch.full((_B, 1), a), torch.full((_B, 1), b)
            step = _step(s, turn, real, fake)
            loss, slopes = _loss(step), _slopes(_step(s, turn, real, fake))
            if not loss.isfinite() or not all(g.isfinite().all() for g in slopes):
                raise Broken(
                    f"the {turn}'s loss is {loss.item():g} at logits {a:+g} of reals and {b:+g} of fakes; write "
                    "log σ(d) as -softplus(-d)"
                )


def losses_are_means_over_the_batch(s: Losses) -> None:
    """Every sample twice costs the same."""
    real, fake = _logits(1), _logits(2)
    for turn in _TURNS:
        once = _loss(_step(s, turn, real, fake))
        twice = _loss(_step(s, turn, torch.cat([real, real]), torch.cat([fake, fake])))
        if not torch.allclose(once, twice, rtol=1e-9, atol=1e-12):
            raise Broken(
                f"the {turn}'s loss of every sample twice is {twice.item() / once.item():.3g} times the loss"
                "; use mean, not sum"
            )


def the_order_of_the_batch_is_irrelevant(s: Losses) -> None:
    """Reals and fakes in another order, the same for both, cost the same, and each sample has the slope it had."""
    real, fake = _logits(1), _logits(2)
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    for turn in _TURNS:
        a, b = _step(s, turn, real, fake), _step(s, turn, real[order], fake[order])
        if not torch.allclose(_loss(a), _loss(b), rtol=1e-9, atol=1e-12):
            raise Broken(
                f"the {turn}'s loss is {_loss(a).item():.6g}, and {_loss(b).item():.6g} of the same samples in another "
                "order; weigh all samples alike"
            )
        for what, was, now in zip(("reals", "fakes"), _slopes(a), _slopes(b), strict=True):
            if not torch.allclose(was[order], now, rtol=1e-9, atol=1e-12):
                raise Broken(f"the {turn}'s slopes to the {what} depend on their order in the batch; weigh all alike")


def all_logits_count(s: Losses) -> None:
    """Of several sub-critics each has an effect, and each of its positions."""
    for turn in _TURNS:
        step = _step(s, turn, _logits(1, 4), _logits(2, 4), _Several())
        for what, slope in zip(("reals", "fakes"), _slopes(step), strict=True):
            column = slope.abs().sum(0)
            if column.sum() > 0 and (column == 0).any():
                place = "the second sub-critic" if (column[1:] == 0).all() else "a sub-critic or a position"
                raise Broken(
                    f"{place} has no effect on the {turn}'s loss of {what}; use detente.engine.objectives.mean, or "
                    "s.real_score and s.fake_score"
                )


def positions_are_averaged(s: Losses) -> None:
    """Logits with every position twice cost the same: the loss is a mean over positions."""
    real, fake = _logits(1, 3), _logits(2, 3)
    for turn in _TURNS:
        once = _loss(_step(s, turn, real, fake, _Positions()))
        twice = _loss(_step(s, turn, real.repeat(1, 2), fake.repeat(1, 2), _Positions()))
        if not torch.allclose(once, twice, rtol=1e-9, atol=1e-12):
            raise Broken(
                f"the {turn}'s loss of every position twice is {twice.item() / once.item():.3g} times the loss; take "
                "means over positions"
            )


def losses_draw_nothing(s: Losses) -> None:
    """A loss depends on no global generator and moves none: pairs of arms see the same draws."""
    for turn in _TURNS:
        found = []
        for others in (1, 2):
            seeded(others)
            step = _step(s, turn, _logits(1), _logits(2))
            with drawing_nothing(f"the {turn}'s loss", "draw from s.m.rng.generator()", calls_networks=True):
                found.append(_loss(step))
        if not torch.equal(*found):
            raise Broken(f"the {turn}'s loss is another at the second call; keep nothing, draw from s.m.rng")


def samples_are_left_as_they_are(s: Losses) -> None:
    """Reals, fakes and latents are not changed in place: penalties see them too."""
    for turn in _TURNS:
        step = _step(s, turn, _logits(1), _logits(2))
        before = [each(lambda t: t.detach().clone(), x) for x in (step.real, step.fake, step.z)]
        _loss(step)
        for what, now, then in zip(("real", "fake", "z"), (step.real, step.fake, step.z), before, strict=True):
            if not all(map(torch.equal, leaves(now), leaves(then))):
                raise Broken(f"the {turn}'s loss changes s.{what} in place; compute with a copy")


def each_loss_is_its_own_players(s: Losses) -> None:
    """The discriminator's loss ends at the fakes, and the generator's reaches the generator's weights."""
    game = s.game()
    batch = s.case.batch()
    for turn in _TURNS:
        loss = _loss(game.look(turn, batch))
        weights = [p for p in game.generator.network.parameters() if p.requires_grad]
        found = torch.autograd.grad(loss, weights, allow_unused=True) if loss.requires_grad else [None] * len(weights)
        reached = any(g is not None for g in found)
        if turn == "discriminator" and reached:
            raise Broken("the discriminator's loss reaches the generator's weights; use s.fake, which ends there")
        if turn == "generator" and not reached:
            raise Broken("no gradient of the generator's loss reaches its weights; use s.fake_logits with its graph")


def the_process_is_left_alone(s: Losses) -> None:
    """Default dtype, grad mode, threads and the like are what they were."""
    before = settings_of_process()
    for turn in _TURNS:
        _loss(_step(s, turn, _logits(1), _logits(2)))
    for name, value in settings_of_process().items():
        if value != before[name]:
            raise Broken(f"a loss changes {name} to {value}; leave it")


def play_goes_on(s: Losses) -> None:
    """A few steps run, and both networks change and stay finite."""
    game = s.game()
    before = [[p.detach().clone() for p in player.network.parameters()] for player in _players(game)]
    with where_it_can_be_used():
        for k in range(3):
            game.step(s.case.batch(k))
    for player, weights in zip(_players(game), before, strict=True):
        now = list(player.network.parameters())
        if not all(p.isfinite().all() for p in now):
            raise Broken(f"after 3 steps a weight of the {player.role} is not finite; use softplus or logsigmoid")
        if all(map(torch.equal, now, weights)):
            raise Broken(f"after 3 steps the {player.role} is what it was; its loss has no slope")


def nothing_of_a_step_is_kept(s: Losses) -> None:
    """After the update no step and no sample of it is alive."""
    game, seen = s.game(), list[weakref.ref[Any]]()

    def look(player: Player, step: Step) -> None:
        seen.extend(weakref.ref(x) for x in (step, *leaves(step.fake), *leaves(step.real)))

    game.watch = look
    with where_it_can_be_used():
        for k in range(2):
            game.step(s.case.batch(k))
    if any(ref() is not None for ref in seen):
        gc.collect()
    if any(ref() is not None for ref in seen):
        raise Broken("the objective keeps a step, or samples of it, after the update; keep detached values alone")


def _players(game: Game) -> tuple[Player, Player]:
    return game.generator, game.discriminator


ON_LOGITS: tuple[Callable[[Losses], None], ...] = (
    losses_are_scalars,
    the_discriminator_learns_to_tell_real_from_fake,
    the_generator_learns_to_be_taken_for_real,
    large_logits_are_survived,
    losses_are_means_over_the_batch,
    the_order_of_the_batch_is_irrelevant,
    all_logits_count,
    positions_are_averaged,
    losses_draw_nothing,
    samples_are_left_as_they_are,
    the_process_is_left_alone,
)
ON_CASES: tuple[Callable[[Losses], None], ...] = (
    play_goes_on,
    each_loss_is_its_own_players,
    nothing_of_a_step_is_kept,
)
LAWS = (*ON_LOGITS, *ON_CASES)
MUST = tuple(law.__name__ for law in LAWS)
