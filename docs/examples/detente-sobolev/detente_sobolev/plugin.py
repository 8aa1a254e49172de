"""What this package declares. It is imported at every start of détente, so nothing heavy is imported here."""

from detente.hookspecs import Registry, hookimpl


@hookimpl
def detente_register_regularizers(registry: Registry) -> None:
    registry.add(
        "sobolev",
        "detente_sobolev.regularizer:Sobolev",
        summary="bounds the critic's slope by a learned multiplier",
    )
