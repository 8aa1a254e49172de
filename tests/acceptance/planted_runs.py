"""Short runs with a fault that was planted in them, and healthy ones, for the thresholds of `detente doctor`."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from detente import recipe as recipes
from detente.engine.sample import rows
from detente.errors import DivergedError
from detente.plugins import Host
from detente.training.build import Built, build
from detente.training.provenance import surroundings
from detente.training.run_folder import Run
from detente.training.trainer import Trainer

Spoil = Callable[[Built], None]


@dataclass(frozen=True)
class Planted:
    """A run, and what the doctor should find in it.

    Attributes:
        domain, sets, regs: the recipe, as on the command line.
        codes: one of these names the fault; none where the run is healthy.
        spoil: changes what was built, before the first step.
    """

    domain: str
    sets: tuple[str, ...] = ()
    regs: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    spoil: Spoil | None = None
    seed: int = 0


BASE: dict[str, tuple[str, ...]] = {
    "ring": ("steps=600", "evaluate_every=100"),
    "grid": ("steps=600", "evaluate_every=100"),
    "pair": ("steps=300", "evaluate_every=50"),
    "dirac": ("steps=600", "evaluate_every=15", "log_every=5"),
    "bilinear": ("steps=600", "evaluate_every=15", "log_every=5"),
    "image": ("steps=240", "evaluate_every=60", "log_every=10", "samples=500"),
    "text": (
        "steps=100",
        "evaluate_every=25",
        "log_every=5",
        "samples=500",
        "model.width=64",
        "model.warm_up_steps=400",
        "metrics=[frechet, uniqueness, prdc]",
    ),
    "speech": ("steps=300", "evaluate_every=100", "log_every=10", "samples=250"),
    "molecule": ("steps=300", "evaluate_every=75", "log_every=10", "samples=500"),
}
RATES: dict[str, tuple[float, float]] = {
    "image": (2e-3, 2e-3),
    "text": (1e-4, 5e-4),
    "speech": (2e-3, 2e-3),
    "molecule": (5e-4, 1e-3),
}
"""Learning rates of generator and discriminator in the domains' recipes."""


CLASSES: dict[str, tuple[str, ...]] = {
    "image": ("model.conditional=true",),
    "text": ("model.conditional=true", "data.condition=length"),
    "speech": ("model.conditional=true",),
    "molecule": ("model.conditional=true", "data.condition=logp"),
}
"""What trains a domain's model on classes."""


def rates(domain: str, g: float = 1.0, d: float = 1.0) -> tuple[str, ...]:
    """Learning rates so many times those of the domain's recipe."""
    usual = RATES.get(domain, (2e-4, 2e-4))
    players = ("generator", "discriminator")
    return tuple(
        f"{player}.optimizer.lr={rate * by}" for player, rate, by in zip(players, usual, (g, d), strict=True) if by != 1
    )


def scaled_weights(role: str, by: float) -> Spoil:
    """Start with all weights of a player so many times what they should be."""

    def spoil(built: Built) -> None:
        with torch.no_grad():
            for p in getattr(built.networks, role).parameters():
                p.mul_(by)

    return spoil


def dead_latents(built: Built) -> None:
    """Let all samples come from one latent."""
    draw = built.game.latents
    built.model.latents = built.game.latents = lambda n, generator: draw(n, generator) * 0  # type: ignore[method-assign]


def few_to_train_on(built: Built) -> None:
    """Leave 24 training samples."""
    built.data.train = rows(built.data.train, slice(0, 24))  # type: ignore[attr-defined]


def broken_weight(built: Built) -> None:
    """Put an infinite weight into the discriminator."""
    with torch.no_grad():
        next(built.networks.discriminator.parameters()).view(-1)[0] = torch.inf


DOMAINS = ("ring", "image", "text", "speech", "molecule")
SATURATED = ("critic-saturated", "gradient-exploded", "undone")
"""What a discriminator does that learns far too fast."""
BROKEN = ("collapsed", "undone", "warm-up-undone", "critic-saturated", "no-progress")
"""What a generator does."""


def _planted() -> dict[str, Planted]:
    out: dict[str, Planted] = {}
    for d in DOMAINS:
        by = 500 if d == "ring" else 100
        out[f"{d} D lr x{by}"] = Planted(d, rates(d, d=by), (), (*SATURATED, "collapsed") if d == "ring" else SATURATED)
        out[f"{d} G lr x{by}"] = Planted(d, rates(d, g=by), (), BROKEN)
        out[f"{d} few samples"] = Planted(d, ("samples=16",), (), ("evaluation-small",))
    for d, reg in {
        "ring": "r1(gamma=100000)",
        "image": "r1(gamma=1000000)",
        "text": "d:l2(weight=100)",
        "speech": "gradient-penalty(weight=1000000)",
        "molecule": "r1(gamma=100000)",
    }.items():
        out[f"{d} {reg}"] = Planted(d, (), (reg,), ("penalty-dominates",))
    for d, reg in {
        "ring": "r1(gamma=1e-12)",
        "image": "gradient-penalty(weight=1e-12)",
        "text": "d:l2(weight=1e-14)",
        "speech": "r1(gamma=1e-14)",
        "molecule": "lecam(weight=1e-12)",
    }.items():
        out[f"{d} {reg}"] = Planted(d, (), (reg,), ("penalty-dead",))
    for d, reg in {
        "ring": "g:clip-norm(max_norm=1e-6)",
        "image": "d:clip-norm(max_norm=1e-6)",
        "speech": "g:clip-norm(max_norm=1e-7)",
        "molecule": "both:clip-norm(max_norm=1e-6)",
    }.items():
        out[f"{d} {reg}"] = Planted(d, (), (reg,), ("clipped-away",))
    for d in ("ring", "image", "speech", "molecule"):
        out[f"{d} G lr /1e6"] = Planted(d, rates(d, g=1e-6), (), ("stands-still",))
        out[f"{d} dead latents"] = Planted(d, (), (), ("collapsed",), dead_latents)
        out[f"{d} D starts x30"] = Planted(d, (), (), SATURATED, scaled_weights("discriminator", 30))
    for d in ("image", "speech"):  # the generators of text and molecules draw words and atoms besides
        out[f"{d} in classes, dead latents"] = Planted(d, CLASSES[d], (), ("latents-unused",), dead_latents)
    for d in ("ring", "image", "molecule"):
        out[f"{d} D lr /1e5"] = Planted(d, rates(d, d=1e-5), (), ("critic-overwhelmed",))
        out[f"{d} D starts /1e4"] = Planted(
            d,
            ("discriminator.optimizer.lr=1e-9",),
            (),
            ("gradient-vanished", "critic-overwhelmed"),
            scaled_weights("discriminator", 1e-4),
        )
    for d in ("ring", "text", "speech", "molecule"):
        out[f"{d} infinite weight"] = Planted(d, (), (), ("not-finite",), broken_weight)
    out["image D lr 1e30"] = Planted("image", ("discriminator.optimizer={name: sgd, lr: 1e30}",), (), ("not-finite",))
    for d in ("image", "text", "speech", "molecule"):
        more = ("steps=600", "evaluate_every=150") if d in ("image", "molecule") else ()
        out[f"{d} tiny data"] = Planted(d, (*more, *rates(d, d=2)), (), ("critic-memorizes",), few_to_train_on)
    plain = ("generator.optimizer={name: sgd, lr: 0.1}", "discriminator.optimizer={name: sgd, lr: 0.1}")
    out["dirac circles"] = Planted("dirac", plain, (), ("oscillates",))
    out["dirac circles simultaneously"] = Planted("dirac", (*plain, "simultaneous=true"), (), ("oscillates",))
    out["bilinear circles"] = Planted("bilinear", plain, (), ("oscillates",))
    out["bilinear circles, wasserstein"] = Planted(
        "bilinear", (*plain, "objective.name=wasserstein"), (), ("oscillates",)
    )
    for seed in (1, 2):
        out[f"text rates x300, seed {seed}"] = Planted(
            "text", rates("text", g=300, d=300), (), ("warm-up-undone",), None, seed
        )
    for d in ("ring", "image"):
        by = 100 if d == "ring" else 20
        sets = ("objective.name=saturating", *rates(d, d=by))
        out[f"{d} saturating loss, D lr x{by}"] = Planted(d, sets, (), ("gradient-vanished", *SATURATED))
    for d in ("ring", "image", "molecule"):
        out[f"{d} dead latents, seed 3"] = Planted(d, (), (), ("collapsed",), dead_latents, 3)
        out[f"{d} D lr /1e4, seed 3"] = Planted(d, rates(d, d=1e-4), (), ("critic-overwhelmed",), None, 3)
        out[f"{d} r2(gamma=1e6), seed 3"] = Planted(d, (), ("r2(gamma=1e6)",), ("penalty-dominates",), None, 3)
        clip = ("d:clip-norm(max_norm=3e-6)",)
        out[f"{d} {clip[0]}, seed 3"] = Planted(d, (), clip, ("clipped-away",), None, 3)
    return out


def _healthy() -> dict[str, Planted]:
    arms = {
        "ring": ("none", "r1(gamma=1)", "l2", "spectral-norm+r1(gamma=0.1)", "ema", "dropout(p=0.1)", "d:clip-norm"),
        "grid": ("none", "r1(gamma=1)"),
        "pair": ("none", "r1(gamma=0.1)", "l2"),
        "image": ("none", "r1(gamma=1)", "l2", "spectral-norm", "batch-norm", "ema", "layer-norm", "gradient-penalty"),
        "text": ("none", "r1", "l2", "d:dropout", "ema"),
        "speech": ("none", "r1", "l2", "spectral-norm", "d:dropout"),
        "molecule": ("none", "r1", "l2", "spectral-norm", "ema", "layer-norm", "lecam"),
    }
    more = {
        "ring": ("r1(gamma=0.5)", "lecam"),
        "pair": ("ema",),
        "image": ("none", "lecam", "r1"),
        "molecule": ("r1", "ema"),
    }
    runs = [(d, reg, i % 2) for d, regs in arms.items() for i, reg in enumerate(regs)]
    runs += [(d, reg, 3) for d, regs in more.items() for reg in regs]
    out = {f"{d} {reg}, seed {seed}": Planted(d, (), (reg,), (), None, seed) for d, reg, seed in runs}
    return out | {f"{d} in classes, {r}": Planted(d, sets, (r,)) for d, sets in CLASSES.items() for r in ("none", "r1")}


PLANTED, HEALTHY = _planted(), _healthy()


def chosen_on(planted: Planted) -> bool:
    """Whether thresholds were chosen on a run; on the others they were checked."""
    return planted.domain in ("ring", "grid", "dirac", "image", "molecule") and planted.seed < 3


def train(planted: Planted, folder: Path, host: Host) -> Path:
    """Train such a run in a folder; only its record is kept."""
    sets = [*BASE[planted.domain], *planted.sets]
    resolved = recipes.resolve(None, planted.domain, sets, planted.regs, {"seed": planted.seed}, host)
    built = build(resolved, host)
    if planted.spoil is not None:
        planted.spoil(built)
    record = {**surroundings(resolved.recipe, host, built.device), "findings": [f.plain() for f in built.findings]}
    run = Run.create(folder, resolved.recipe.to_yaml(), record)
    with suppress(DivergedError):
        Trainer(built, run, host).train()
    return folder
