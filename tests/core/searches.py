"""A search on Dirac that is small enough for a test."""

from typing import Any

from detente.experiments.search import Wish

CHAIN = ["r1+g:ema"]
SMALL = ["samples=50", "batch=4", "evaluate_every=10", "checkpoint_every=20", "data.size=64"]
GAMMA = "discriminator.regularizers.r1.gamma"


def wish(**more: Any) -> Wish:
    """A search over r1's γ, with some of it changed."""
    given: dict[str, Any] = {"domain": "dirac", "reg": ["r1"], "search": ["r1.gamma=log:0.01..10"], "set": SMALL}
    return Wish(**{**given, "steps": 20, "trials": 6, "seeds": 2, "fresh": 2, "sampler": "random", **more})
