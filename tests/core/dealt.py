"""Which regularizers keep their laws on which domain's networks in `make check`.

All of them do on all toys in `make test`, and on all four domains in `make acceptance`; beside that each is dealt to
one domain, and those whose laws say most about a network to every one.
"""

import pytest

from detente.plugins import host

DOMAINS = ("image", "molecule", "speech", "text")
EVERYWHERE = {"gradient-penalty", "r1", "spectral-norm"}


def dealt(domain: str) -> list[object]:
    """The names of all regularizers as parameters of a test, of which most are for `make acceptance` alone."""
    found: list[object] = []
    for i, name in enumerate(sorted(entry.name for entry in host().entries("regularizer"))):
        here = name in EVERYWHERE or DOMAINS[i % len(DOMAINS)] == domain
        found.append(pytest.param(name, marks=() if here else pytest.mark.acceptance))
    return found
