"""Ill-posed and fragile combinations, found in the networks as they were built, before a second of training.

Two of the rules stand elsewhere, because nothing can be built that breaks them: a chain refuses what changes weights
behind an average, and a recipe refuses a regularizer whose `needs` are not met. Each rule here looks at a game and
yields findings: what, why, and how to fix it. A *refuse* stops a recipe unless its code is allowed; a *warn* is printed
and kept with the run. `Game` itself takes anything, for the toys live from it.
"""

from collections.abc import Sequence

from detente.checks import refusals, warnings
from detente.checks.finding import Context as Context
from detente.checks.finding import Finding as Finding
from detente.checks.finding import Rule as Rule
from detente.engine.game import Game
from detente.errors import UsageError, did_you_mean

RULES: tuple[Rule, ...] = (
    refusals.batch_norm_under_input_gradient,
    refusals.two_norms_of_one_weight,
    refusals.augmentation_on_the_generator,
    refusals.instance_norm_without_positions,
    refusals.wasserstein_without_a_bound,
    refusals.clipped_weights_under_a_slope_target,
    warnings.minibatch_statistics_under_input_gradient,
    warnings.spectral_norm_after_warm_up,
    warnings.decay_of_scale_invariant_weights,
    warnings.l2_under_adam,
    warnings.dropout_under_input_gradient,
    warnings.strong_penalty_on_spectral_norm,
    warnings.half_precision_penalties,
    warnings.recurrent_critic_under_input_gradient,
)
CODES = frozenset(rule.code for rule in RULES)


def findings(game: Game, *, warmed_up: bool = False) -> list[Finding]:
    """All findings about a game, those that refuse first.

    Args:
        game: players whose networks are already rewritten.
        warmed_up: whether the networks were trained before the game.
    """
    context = Context(game, warmed_up)
    found = [finding for rule in RULES for finding in rule(context)]
    return sorted(found, key=lambda f: f.level != "refuse")


def check_codes(allowed: Sequence[str]) -> None:
    """Whether there are findings of these codes at all.

    Raises:
        UsageError: naming the first code that there is not.
    """
    for code in allowed:
        if code not in CODES:
            hint = did_you_mean(code, CODES) or f" The codes are {', '.join(sorted(CODES))}."
            raise UsageError(f"allow: there is no finding {code!r}.{hint}")


def refuse(found: Sequence[Finding], allowed: Sequence[str] = ()) -> None:
    """Stop on what is refused and not allowed.

    Raises:
        UsageError: with one line per refusal.
    """
    check_codes(allowed)
    bad = [f for f in found if f.level == "refuse" and f.code not in allowed]
    if bad:
        raise UsageError("\n".join(f"{f} To go on all the same: --allow {f.code}." for f in bad))
