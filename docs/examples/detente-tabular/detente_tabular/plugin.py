"""What this package declares. It is imported at every start of détente, so nothing heavy is imported here."""

from detente.hookspecs import Registry, hookimpl


@hookimpl
def detente_register_domains(registry: Registry) -> None:
    registry.add("tabular", "detente_tabular.domain:Tabular", summary="rows of tables: numbers and categories")


@hookimpl
def detente_register_data(registry: Registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_tabular.data:{cls}", domain="tabular", summary=summary)

    add("diamonds", "Diamonds", "53,775 diamonds: price, weight, size, cut, colour, clarity")
    add("csv", "Csv", "a table of your own")


@hookimpl
def detente_register_models(registry: Registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_tabular.networks:{cls}", domain="tabular", summary=summary)

    add("mlp", "MLP", "two perceptrons; the critic can see packs of rows")
    add("ctgan", "CTGAN", "conditional, with training-by-sampling and packs of ten")


@hookimpl
def detente_register_metrics(registry: Registry) -> None:
    def add(name: str, cls: str, summary: str) -> None:
        registry.add(name, f"detente_tabular.metrics:{cls}", domain="tabular", summary=summary)

    add("quality", "Quality", "marginals and pairwise associations")
    add("detection", "Detection", "how well trees tell samples from real rows")
    add("utility", "Utility", "train on samples, test on real rows")
    add("closest-record", "ClosestRecord", "distance to the closest training row")


@hookimpl
def detente_register_regularizers(registry: Registry) -> None:
    registry.add(
        "pack-penalty", "detente_tabular.penalty:PackPenalty", summary="gradient penalty of a critic that sees packs"
    )
