"""What runs were trained and scored on, in sentences: for pages, from what run.json says."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from detente.results.outcomes import Outcome


@dataclass(frozen=True)
class DataFacts:
    """What is known of the data of a run, or of the runs of a domain, which share them.

    Attributes:
        counts: how many samples there are for what, in a sentence; empty where a record of an older version does not
            say so.
        notes: what became of the user's files: what was skipped, changed, left out.
    """

    name: str = ""
    source: str = ""
    licence: str = ""
    counts: str = ""
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.source, self.licence, self.counts, self.notes))

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> "DataFacts":
        """From the content of a run.json."""
        data = info.get("data") or {}
        return cls(
            data.get("name") or "",
            data.get("source") or "",
            data.get("licence") or "",
            _counts(data, info.get("samples")),
            tuple(data.get("notes") or ()),
        )


def facts_of(outcomes: Iterable[Outcome], domain: str) -> DataFacts:
    """Those of the first run of a domain that says any."""
    found = (DataFacts.of(o.cell.info) for o in outcomes if o.cell.domain == domain)
    return next((facts for facts in found if facts), DataFacts())


def _counts(data: Mapping[str, Any], n: int | None) -> str:
    if data.get("train") is None:
        return f"Each evaluation had {n:,} samples." if n else ""
    parts = [f"{data['train']:,} samples train"]
    if data.get("held_out"):
        parts.append(f"{data['held_out']:,} are held out")
    if data.get("reference"):
        parts.append(f"{data['reference']:,} are the reference of scores")
    scored = f" Each evaluation had n = {n:,}" if n else ""
    if scored and data.get("features") and data.get("reference"):
        scored += f", compared in {data['features']} features"
    return f"{', '.join(parts)}." + (f"{scored}." if scored else "")
