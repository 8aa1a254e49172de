"""Ill-posed and fragile combinations, found in the networks as they were built, before a second of training.

Two of the rules stand elsewhere, because nothing can be built that breaks them: a chain refuses what changes weights
behind an average, and a recipe refuses a regularizer whose `needs` are not met. Each rule here looks at a game and
yields findings: what, why, and how to fix it. A *refuse* stops a recipe unless its code is allowed; a *warn* is printed
and kept with the run. `Game` itself takes anything, for the toys live from it.
"""

from collections.abc import Iterable, Sequence

from detente.checks.blame import blamed as blamed
from detente.checks.blame import blamed_in as blamed_in
from detente.checks.finding import Context as Context
from detente.checks.finding import Fault as Fault
from detente.checks.finding import Finding as Finding
from detente.checks.finding import Rule as Rule
from detente.checks.finding import refuses as refuses
from detente.checks.finding import warns as warns
from detente.checks.trial import Trial as Trial
from detente.checks.trial import tried as tried
from detente.engine.game import Game
from detente.errors import UsageError, did_you_mean
from detente.plugins import Host, host
from detente.plugins.loader import is_core


def rules(at: Host, distributions: Iterable[str] = ()) -> list[Rule]:
    """The rules that look at a game: ours, and those of the distributions that it has a component of.

    Raises:
        PluginError: a rule cannot be loaded, or has another code than its name.
    """
    of = set(distributions)
    entries = [e for e in at.entries("rule") if is_core(e.origin) or e.distribution in of]
    found = [entry.load() for entry in entries]
    for entry, rule in zip(entries, found, strict=True):
        if not isinstance(rule, Rule) or rule.code != entry.name:
            raise entry.unusable(f"{entry.target} is not a rule of this code")
    return found


def findings(
    game: Game, *, warmed_up: bool = False, by: Sequence[Rule] | None = None, trial: Trial | None = None
) -> list[Finding]:
    """All findings about a game, those that refuse first.

    Args:
        game: players whose networks are already rewritten.
        warmed_up: whether the networks were trained before the game.
        by: the rules; ours by default.
        trial: what one update showed, from `tried`; without it the rules that ask for it find nothing.
    """
    context = Context(game, warmed_up, trial or Trial())
    found = [finding for rule in (rules(host()) if by is None else by) for finding in rule(context)]
    return sorted(found, key=lambda f: f.level != "refuse")


def check_codes(allowed: Sequence[str], at: Host) -> None:
    """Whether there are findings of these codes at all.

    Raises:
        UsageError: naming the first code that there is not.
    """
    codes = sorted(entry.name for entry in at.entries("rule"))
    for code in allowed:
        if code not in codes:
            hint = did_you_mean(code, codes) or f" The codes are {', '.join(codes)}."
            raise UsageError(f"allow: there is no finding {code!r}.{hint}")


def refused(found: Sequence[Finding], allowed: Sequence[str] = ()) -> list[Finding]:
    """Those that stop a recipe that does not allow them."""
    return [f for f in found if f.level == "refuse" and f.code not in allowed]


def refuse(found: Sequence[Finding], allowed: Sequence[str] = ()) -> None:
    """Stop on what is refused and not allowed.

    Raises:
        UsageError: with one line per refusal.
    """
    if bad := refused(found, allowed):
        raise UsageError("\n".join(f"{f} To train it all the same: --allow {f.code}." for f in bad))
