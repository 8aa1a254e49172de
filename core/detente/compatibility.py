"""Ill-posed and fragile combinations, found in the networks as they were built, before a second of training.

Two of the rules stand elsewhere, because nothing can be built that breaks them: a chain refuses what changes weights
behind an average, and a recipe refuses a regularizer whose `needs` are not met. Each rule here looks at a game and yields findings: what, why, and how to fix it. A *refuse* stops a recipe unless its code is
allowed; a *warn* is printed and kept with the run. `Game` itself takes anything, for the toys live from it.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Literal

import torch
from torch import nn

from detente.errors import UsageError
from detente.game import Game
from detente.layers import Layer, Normalization, Reparametrization, layers, weights
from detente.player import Player
from detente.regularizer import Regularizer, unwrap
from detente.regularizers.dropout import Dropout
from detente.regularizers.gradient_penalty import GradientPenalty
from detente.regularizers.instance_norm import InstanceNorm
from detente.regularizers.l2 import L2
from detente.regularizers.minibatch_stddev import MinibatchStddev
from detente.regularizers.spectral_norm import SpectralNorm
from detente.regularizers.weight_clip import WeightClip
from detente.regularizers.weight_decay import WeightDecay
from detente.regularizers.weight_norm import WeightNorm

_ADAPTIVE = (torch.optim.Adam, torch.optim.AdamW, torch.optim.RMSprop)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a combination that a person should know before it trains."""

    code: str
    level: Literal["refuse", "warn"]
    where: str
    what: str
    why: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}, because {self.why}. {self.fix} [{self.code}]"

    def plain(self) -> dict[str, str]:
        """For JSON."""
        return asdict(self)


def findings(game: Game, *, warmed_up: bool = False) -> list[Finding]:
    """All findings about a game, those that refuse first.

    Args:
        game: players whose networks are already rewritten.
        warmed_up: whether the networks were trained before the game.
    """
    context = Context(game, warmed_up)
    found = [finding for rule in RULES for finding in rule(context)]
    return sorted(found, key=lambda f: f.level != "refuse")


def refuse(found: list[Finding], allowed: tuple[str, ...] = ()) -> None:
    """Stop on what is refused and not allowed.

    Raises:
        UsageError: with one line per refusal.
    """
    codes = {f.code for f in found}
    unknown = [code for code in allowed if code not in codes and code not in CODES]
    if unknown:
        raise UsageError(f"--allow {unknown[0]}: there is no such finding; the codes are {', '.join(sorted(CODES))}.")
    bad = [f for f in found if f.level == "refuse" and f.code not in allowed]
    if bad:
        raise UsageError("\n".join(f"{f} To go on all the same: --allow {f.code}." for f in bad))


@dataclass
class Context:
    """A game, and what the rules ask about it."""

    game: Game
    warmed_up: bool

    @property
    def players(self) -> tuple[Player, Player]:
        """The discriminator and the generator."""
        return self.game.discriminator, self.game.generator

    def input_penalties(self) -> list[Regularizer]:
        """The discriminator's penalties that differentiate with respect to single samples."""
        links = self.game.discriminator.regularizer.links
        return [x for x in links if "penalty" in x.defines() and x.passes().gradient and not x.couples and not _off(x)]

    def of(self, player: Player, *kinds: type[Regularizer]) -> list[Regularizer]:
        """A player's active regularizers of some kinds."""
        return [x for x in player.regularizer.links if isinstance(unwrap(x), kinds) and not _off(x)]


def _off(link: Regularizer) -> bool:
    """Whether it is switched off for good, and not only at the start of a line along which it is annealed."""
    inner = unwrap(link)
    annealed = getattr(link, "ramps", {}) or getattr(getattr(link, "inner", None), "ramps", {})
    return inner.off is not None and not annealed and all(getattr(inner, k) == v for k, v in inner.off.items())


def _at(player: Player, link: Regularizer) -> str:
    return f"{player.role}.regularizers.{link.name}"


def batch_norm_under_input_gradient(c: Context) -> Iterator[Finding]:
    """R1 of linear–BN–linear is 0 for any weights: the summed logit does not depend on the input at all."""
    D = c.game.discriminator
    layer = next((n for n, m in D.network.named_modules() if _mixes_samples(m)), None)
    for link in c.input_penalties() if layer is not None else ():
        yield Finding(
            "batch-norm-under-input-gradient",
            "refuse",
            _at(D, link),
            f"takes the gradient of single samples through the batch normalization {layer}",
            "in training mode every output depends on the whole batch, so a sample's gradient is not its own: behind a "
            "linear layer it is zero for any weights (Gulrajani et al. 2017, section 4)",
            "Use layer-norm, instance-norm or spectral-norm on the discriminator instead.",
        )


def _mixes_samples(module: nn.Module) -> bool:
    ours = isinstance(module, Normalization) and module.over_batch
    return ours or (isinstance(module, nn.modules.batchnorm._BatchNorm) and module.training)


def two_norms_of_one_weight(c: Context) -> Iterator[Finding]:
    """Spectral and weight normalization of one weight undo each other."""
    for player in c.players:
        for name, module in player.network.named_modules():
            kinds = [type(m).__name__ for m in module.children() if isinstance(m, Reparametrization)]
            if len(kinds) > 1 and len(c.of(player, SpectralNorm)) and len(c.of(player, WeightNorm)):
                yield Finding(
                    "two-norms-of-one-weight",
                    "refuse",
                    f"{player.role}.{name}",
                    "has spectral-norm and weight-norm on one weight",
                    "the one divides the other's scale away, and its gain then trains without effect (Miyato et al. "
                    "2018, section 3 compares them as alternatives)",
                    "Keep one of them, or give each its own layers with where=.",
                )
                return


def augmentation_on_the_generator(c: Context) -> Iterator[Finding]:
    """Augmentation belongs to what the critic sees."""
    for link in c.game.generator.regularizer.links:
        if "augment" in link.defines():
            yield Finding(
                "augmentation-on-the-generator",
                "refuse",
                _at(c.game.generator, link),
                "augments on the generator's side, where nothing calls it",
                "real and fake must be augmented alike before the critic, or the augmentation leaks into the samples "
                "(Zhao et al. 2020, section 3)",
                f"Put it on the discriminator: d:{link.name}.",
            )


def instance_norm_without_positions(c: Context) -> Iterator[Finding]:
    """Over [B, C] there is one number per channel, and its normalized value is 0."""
    for player in c.players:
        for link in c.of(player, InstanceNorm):
            for layer in layers(player.network, getattr(unwrap(link), "where", None), outputs=False):
                if isinstance(layer.module, nn.Linear) and not _has_positions(c, player, layer):
                    yield Finding(
                        "instance-norm-without-positions",
                        "refuse",
                        f"{_at(player, link)} on {layer.name}",
                        "normalizes each channel of each sample over no positions",
                        "the output of that layer is [B, C]: less its own mean, every number is 0 (Ulyanov et al. 2016 "
                        "define it over the pixels of an image)",
                        "Use layer-norm there, or name other layers with where=.",
                    )
                    return


def _has_positions(c: Context, player: Player, layer: Layer) -> bool:
    """Whether a linear layer's output has dimensions between batch and channels: seen by running the network once."""
    seen: list[int] = []

    child = next(m for m in layer.module.children() if isinstance(m, Normalization))
    hook = child.register_forward_pre_hook(lambda m, i: seen.append(i[0].dim()))
    first = next(player.network.parameters())
    z = c.game.latents(2, torch.Generator(first.device).manual_seed(0))
    try:
        with torch.no_grad():
            z = z.to(first.dtype) if isinstance(z, torch.Tensor) else tuple(p.to(first.dtype) for p in z)
            fake = c.game.generator.network(z)
            if player is c.game.discriminator:
                player.network(fake)
    except UsageError:
        pass  # the layer itself refuses such an input; what it was given has been seen
    except TypeError:
        return True  # a conditional network cannot be tried without labels; the layer itself will say
    finally:
        hook.remove()
    return not seen or seen[0] > 2


def wasserstein_without_a_bound(c: Context) -> Iterator[Finding]:
    """The Wasserstein loss of an unbounded critic is unbounded."""
    D = c.game.discriminator
    wants = "wants-lipschitz" in c.game.objective.abilities
    if wants and not any(x.bounds_critic and not _off(x) for x in D.regularizer.links):
        yield Finding(
            "wasserstein-without-a-bound",
            "refuse",
            "objective",
            "the Wasserstein loss has nothing that bounds the critic's slope",
            "it is a distance only over Lipschitz critics; otherwise the critic grows for ever (Arjovsky et al. 2017)",
            "Add gradient-penalty, spectral-norm, r1 or weight-clip to the discriminator.",
        )


def clipped_weights_under_a_slope_target(c: Context) -> Iterator[Finding]:
    """Weight clipping and a gradient penalty are two answers to one question."""
    D = c.game.discriminator
    for link in c.of(D, GradientPenalty) if c.of(D, WeightClip) else ():
        yield Finding(
            "gradient-penalty-with-weight-clip",
            "refuse",
            _at(D, link),
            "asks for a slope while weight-clip bounds every weight",
            "clipped critics cannot reach the target, and the penalty was made to replace the clipping (Gulrajani et al. "
            "2017, section 3)",
            "Keep gradient-penalty and take weight-clip away.",
        )


def minibatch_statistics_under_input_gradient(c: Context) -> Iterator[Finding]:
    """The statistic couples the samples of a group a little."""
    D = c.game.discriminator
    for link in c.input_penalties() if c.of(D, MinibatchStddev) else ():
        yield Finding(
            "minibatch-stddev-under-input-gradient",
            "warn",
            _at(D, link),
            "takes the gradient of single samples through minibatch-stddev",
            "a sample's logit depends a little on the others of its group, so gradients leak between them (Karras et al. "
            "2018 use both all the same)",
            "Nothing needs to be done; expect a slightly larger penalty.",
        )


def spectral_norm_after_warm_up(c: Context) -> Iterator[Finding]:
    """Normalizing trained weights changes the function that was trained."""
    for player in c.players if c.warmed_up else ():
        for link in c.of(player, SpectralNorm):
            yield Finding(
                "spectral-norm-after-warm-up",
                "warn",
                _at(player, link),
                "divides weights that were already trained by their norms",
                "the network starts the game with another function than the warm-up left it (Miyato et al. 2018 "
                "normalize from the start)",
                "Leave the warmed-up layers out with where=, or skip the warm-up.",
            )


def decay_of_scale_invariant_weights(c: Context) -> Iterator[Finding]:
    """Behind a normalization a weight's length has no effect on the function."""
    for player in c.players:
        invariant = {id(x.weight): x.name for x in _found(player.network) if _scale_is_removed(player.network, x)}
        for link in c.of(player, L2, WeightDecay):
            names = [n for n, p in weights(player.network, getattr(unwrap(link), "where", None)) if id(p) in invariant]
            if names:
                yield Finding(
                    "decay-of-scale-invariant-weights",
                    "warn",
                    _at(player, link),
                    f"shrinks {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else ""),
                    "a normalization right behind removes their scale, so the function stays and only the effective "
                    "learning rate grows (van Laarhoven 2017)",
                    "Name other weights with where=, or tune the learning rate instead.",
                )


def _found(net: nn.Module) -> list[Layer]:
    try:
        return layers(net)
    except UsageError:
        return []  # nothing but parameters of its own, as the toys have


def _scale_is_removed(net: nn.Module, layer: Layer) -> bool:
    if any(isinstance(m, Normalization | Reparametrization) for m in layer.module.children()):
        return True
    parent, _, last = layer.name.rpartition(".")
    holder = net.get_submodule(parent)
    if not isinstance(holder, nn.Sequential):
        return False
    after = list(holder.children())[int(last) + 1 :] if last.isdecimal() else []
    return bool(after) and isinstance(
        after[0], nn.modules.batchnorm._NormBase | nn.GroupNorm | nn.LayerNorm | Normalization
    )


def l2_under_adam(c: Context) -> Iterator[Finding]:
    """Adam divides the gradient of the penalty by the same root as everything else."""
    for player in c.players:
        for link in c.of(player, L2) if isinstance(player.optimizer, _ADAPTIVE) else ():
            yield Finding(
                "l2-under-adam",
                "warn",
                _at(player, link),
                f"goes through {type(player.optimizer).__name__}",
                "which rescales its gradient: weights with large gradients are hardly shrunk, and the first step does not "
                "depend on the coefficient (Loshchilov & Hutter 2019)",
                "Prefer weight-decay.",
            )


def dropout_under_input_gradient(c: Context) -> Iterator[Finding]:
    """A dropped unit's share of the gradient is made up by the others."""
    D = c.game.discriminator
    native = [m for m in D.network.modules() if isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0]
    for link in c.input_penalties() if native or c.of(D, Dropout) else ():
        yield Finding(
            "dropout-under-input-gradient",
            "warn",
            _at(D, link),
            "takes input gradients through dropout",
            "each mask scales the units that stay by 1/keep, which inflates the squared norm by about as much "
            "(Srivastava et al. 2014, section 4)",
            "Lower the penalty's coefficient, or drop out on the generator instead.",
        )


def strong_penalty_on_spectral_norm(c: Context) -> Iterator[Finding]:
    """A critic that is Lipschitz already needs less of a penalty."""
    D = c.game.discriminator
    for link in c.of(D, GradientPenalty) if c.of(D, SpectralNorm) else ():
        if getattr(unwrap(link), "weight", 0) >= 10:
            yield Finding(
                "strong-penalty-on-spectral-norm",
                "warn",
                _at(D, link),
                "has weight 10 or more on top of spectral-norm",
                "published searches prefer 1 there (Kurach et al. 2019, section 3)",
                "Try weight=1.",
            )


def half_precision_penalties(c: Context) -> Iterator[Finding]:
    """float16 ends at 65,504."""
    for link in c.input_penalties() if c.game.autocast is torch.float16 else ():
        yield Finding(
            "half-precision-penalties",
            "warn",
            _at(c.game.discriminator, link),
            "differentiates a network that runs in float16",
            "squared gradients overflow at a root mean square of about 0.6 over an image of 256²",
            "Use bf16 or fp32.",
        )


def recurrent_critic_under_input_gradient(c: Context) -> Iterator[Finding]:
    """cuDNN's recurrent layers have no second derivative."""
    D = c.game.discriminator
    layer = next((n for n, m in D.network.named_modules() if isinstance(m, nn.RNNBase)), None)
    for link in c.input_penalties() if layer is not None else ():
        yield Finding(
            "recurrent-critic-under-input-gradient",
            "warn",
            _at(D, link),
            f"differentiates twice through the recurrent layer {layer}",
            "cuDNN has no second derivative for it: training works on the CPU and fails on a GPU",
            "Unroll cells (nn.LSTMCell, nn.GRUCell) in critics that meet a penalty.",
        )


Rule = Callable[[Context], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    batch_norm_under_input_gradient,
    two_norms_of_one_weight,
    augmentation_on_the_generator,
    instance_norm_without_positions,
    wasserstein_without_a_bound,
    clipped_weights_under_a_slope_target,
    minibatch_statistics_under_input_gradient,
    spectral_norm_after_warm_up,
    decay_of_scale_invariant_weights,
    l2_under_adam,
    dropout_under_input_gradient,
    strong_penalty_on_spectral_norm,
    half_precision_penalties,
    recurrent_critic_under_input_gradient,
)
CODES = frozenset(
    {
        "batch-norm-under-input-gradient",
        "two-norms-of-one-weight",
        "augmentation-on-the-generator",
        "instance-norm-without-positions",
        "wasserstein-without-a-bound",
        "gradient-penalty-with-weight-clip",
        "minibatch-stddev-under-input-gradient",
        "spectral-norm-after-warm-up",
        "decay-of-scale-invariant-weights",
        "l2-under-adam",
        "dropout-under-input-gradient",
        "strong-penalty-on-spectral-norm",
        "half-precision-penalties",
        "recurrent-critic-under-input-gradient",
    }
)
