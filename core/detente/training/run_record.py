"""The schemas of what a run's folder holds: run.json, and the lines of metrics.jsonl."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from detente.files.records import Amount, Count, Record, Scores

RUN_FORMAT = 1

Status = Literal["running", "finished", "diverged", "interrupted", "failed"]


class FoundBefore(Record):
    """A finding, as `detente.checks.Finding.plain` writes it."""

    code: str
    where: str
    what: str
    why: str
    fix: str


class _Best(Record):
    scaled: float | None
    step: Count


class _Final(Record):
    scaled: float | None = None
    scores: Scores = {}


class _About(Record):
    licence: str | None = None
    source: str | None = None
    notes: list[str] = []
    name: str | None = None
    train: Count | None = None
    held_out: Count | None = None
    reference: Count | None = None
    features: Count | None = None


class IdentitiesRecord(Record):
    """What data and features are; see `detente.training.identities`."""

    data: str
    form: str | None = None
    features: str = ""
    samples: Count | None = None
    typed: str | None = None
    path: str | None = None
    prepared_by: str = ""


class _Plugin(Record):
    distribution: str
    version: str
    commit: str | None = None


class _Device(Record):
    device: Annotated[str, Field(pattern=r"^(cpu|cuda(:[0-9]{1,3})?)$")]
    name: str


class RunRecord(Record):
    """run.json. All but the format may be missing: it is written bit by bit, and older versions wrote less."""

    format: Literal[1]
    status: Status = "running"
    started: str = ""
    argv: list[str] = []
    platform: str = ""
    error: str | None = None
    step: Count | None = None
    seconds: Amount | None = None
    memory: Count | None = None
    processor_seconds_per_step: Amount | None = None
    diagnosis: str = ""
    samples: Count | None = None
    best: _Best | None = None
    final: _Final | None = None
    references: dict[str, Scores] | None = None
    start: Literal["untrained", "baseline"] | None = None
    begun: float | None = None
    directions: dict[str, Literal["higher", "lower", "neither"]] = {}
    findings: list[FoundBefore] = []
    data: _About | None = None
    identities: IdentitiesRecord | None = None
    recipe: str | None = None
    versions: dict[str, str] = {}
    plugins: list[_Plugin] = []
    device: _Device | None = None
    threads: Annotated[int, Field(ge=1, le=1024)] | None = None
    processes: Annotated[int, Field(ge=1)] | None = None
    timings: dict[str, Amount] = {}


class LogEntry(Record):
    """A line of metrics.jsonl: the terms of a log line, or the scores of an evaluation."""

    step: Count
    seconds: Amount | None = None
    terms: Scores | None = None
    late: dict[str, Count] = {}
    watched: Scores = {}
    scores: Scores | None = None
    scaled: float | None = None
    spectral: Scores | None = None
    examined: Scores = {}


_ENTRY = TypeAdapter(LogEntry)


def is_entry(line: Any) -> bool:
    """Whether plain data are a line of metrics.jsonl."""
    try:
        _ENTRY.validate_python(line)
    except ValidationError:
        return False
    return True
