"""The RelGAN that is timed, where the plugin for text is installed."""

from detente.domain import Data, Domain, Model
from detente.plugins import host


def relgan() -> list[tuple[str, Domain, Data, Model, int]]:
    """Name, domain, data, model and batch of its default game; none without the plugin."""
    h = host()
    if not any(e.name == "text" for e in h.entries("domain")):
        return []
    domain, data = h.load("domain", "text")(), h.load("data", "bible-bbe", "text")()
    domain.meet(data.space)
    return [("relgan", domain, data, h.load("model", "relgan", "text")(), 32)]
