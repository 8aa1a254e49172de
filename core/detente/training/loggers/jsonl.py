"""metrics.jsonl: a line for each log line and each evaluation. The run's folder is made of it, so it is always on."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from detente.files import appending, encoded, naming, plain
from detente.hookspecs import RunView, hookimpl


class JsonLines:
    """Appends a run's numbers to its metrics.jsonl.

    Attributes:
        size: bytes that are kept when the run starts; checkpoints hold it, so that a resumed run cuts off what it will
            write again.
    """

    def __init__(self) -> None:
        self.size = 0
        self._path = Path("metrics.jsonl")
        self._file: IO[bytes] | None = None

    @hookimpl
    def detente_run_started(self, run: RunView) -> None:
        self._path = run.folder / "metrics.jsonl"
        self._file = appending(self._path)
        # Cutting a file that lost its end would fill the gap with zeros, and what is left may end within a line.
        self._file.seek(0)
        kept = self._file.read(self.size)
        self._file.truncate(kept.rfind(b"\n") + 1)
        self._file.seek(0, os.SEEK_END)

    @hookimpl
    def detente_logged(self, run: RunView, step: int, terms: Mapping[str, float]) -> None:
        late = {"late": run.late} if run.late else {}
        self._write({"step": step, "terms": terms, **late, "watched": run.watched}, run.seconds)

    @hookimpl
    def detente_evaluated(self, run: RunView, step: int, scores: Mapping[str, float]) -> None:
        line = {"step": step, "scores": scores, "scaled": run.scaled, "spectral": run.spectral}
        self._write({**line, "examined": run.examined}, run.seconds)

    @hookimpl
    def detente_run_finished(self, run: RunView) -> None:
        if self._file is not None:
            self._file.close()

    def sync(self) -> int:
        """Bytes so far, on the disk."""
        assert self._file is not None
        with naming(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())
        return self._file.tell()

    def _write(self, line: dict[str, Any], seconds: float) -> None:
        """One line; numbers that JSON does not know (NaN, infinities) become null."""
        assert self._file is not None
        line["seconds"] = round(seconds, 3)
        with naming(self._path):
            self._file.write(encoded(json.dumps(plain(line), ensure_ascii=False) + "\n"))
            self._file.flush()
