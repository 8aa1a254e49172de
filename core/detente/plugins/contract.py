"""The version of what plugins implement, and what is said of a plugin that was written for another.

It grows where something is added to `detente.hookspecs` or to the classes that plugins subclass. Arguments are only
added with a default, so that what was written for an older contract goes on working until `OLDEST` is raised.
"""

from detente.plugins.registry import Origin

CONTRACT = 2
"""1: the first. 2: a plugin's module may state `detente_contract`, and `registry.add` takes `tested_with` and
`expected_failures`."""
OLDEST = 1
"""The oldest contract that still holds."""
STATED = "detente_contract"
"""The attribute of a plugin's module."""


def stated(implementation: object) -> object:
    """The contract that a plugin says it was written for; None where it says nothing."""
    return getattr(implementation, STATED, None)


def refusal(found: object, origin: Origin) -> str | None:
    """Why a plugin that states this contract cannot be loaded, in a sentence; None if it can."""
    if found is None:
        return None
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        return f"{STATED} is {found!r}: write the number of the contract, {STATED} = {CONTRACT}."
    if found > CONTRACT:
        return (
            f"It is written for contract {found} of détente's plugins, and this détente has {CONTRACT}. "
            "Update it with: pip install --upgrade detente"
        )
    if found < OLDEST:
        return (
            f"It is written for contract {found} of détente's plugins, and this détente has {OLDEST} to {CONTRACT}. "
            f"Update it with: pip install --upgrade {origin.distribution}"
        )
    return None


def note(found: object) -> str:
    """What is said of a plugin that is loaded though it was written for an older contract; mostly nothing."""
    if isinstance(found, int) and found < CONTRACT:
        return f"It is written for contract {found} of détente's plugins, which this détente, with {CONTRACT}, serves."
    return ""
