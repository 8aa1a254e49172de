"""Weights & Biases: the run's recipe and numbers, sent or kept for `wandb sync` as its own settings say."""

import importlib
import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from detente.errors import PluginError, UsageError
from detente.files import own_folder, plain, read_json, write_atomically
from detente.files.records import Count, Record, checked
from detente.hookspecs import RunView, hookimpl
from detente.training.loggers import scalars


class _Resume(Record):
    """What wandb/resume.json holds."""

    id: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    step: Count


class WeightsAndBiases:
    """A run of Weights & Biases for each run, with its files in `wandb/` of the run's folder.

    Whether anything is sent, and where, is for wandb's own environment to say: `WANDB_MODE=offline`, `WANDB_PROJECT`
    (without it `detente`), `WANDB_ENTITY`. A resumed run continues the same one, without the steps that it has. Where
    the process was killed, wandb may lose the last moments and, offline, have some steps twice; metrics.jsonl does not.

    Raises:
        PluginError: the package is not installed.
    """

    def __init__(self) -> None:
        try:
            self._wandb: Any = importlib.import_module("wandb")
        except ImportError as error:
            raise PluginError("wandb needs the package wandb: pip install 'detente[wandb]'") from error
        self._run: Any = None
        self._state: Path | None = None
        self._id = ""
        self._known = self._step = 0  # the last step from before a resume, and of all

    @hookimpl
    def detente_run_started(self, run: RunView) -> None:
        self._state = own_folder(run.folder / "wandb", run.folder) / "resume.json"
        try:
            state = checked(_Resume, read_json(self._state), str(self._state), "delete it")
            self._id, self._known = state["id"], state["step"]
        except UsageError:  # none yet, or damaged: a new run of theirs
            self._id = uuid.uuid4().hex[:12]
        self._step = self._known
        self._keep(self._known)
        self._run = self._wandb.init(
            project=None if os.environ.get("WANDB_PROJECT") else "detente",
            dir=str(run.folder),
            id=self._id,
            name=str(run.folder),
            config=plain(run.recipe),
            resume="allow",
            # What is printed belongs to the run's own log.
            settings=self._wandb.Settings(console="off"),
        )

    @hookimpl
    def detente_logged(self, run: RunView, step: int, terms: Mapping[str, float]) -> None:
        self._write(scalars(terms=terms, watched=run.watched), step)

    @hookimpl
    def detente_evaluated(self, run: RunView, step: int, scores: Mapping[str, float]) -> None:
        values = scalars(scores=scores, spectral=run.spectral)
        if run.scaled is not None:
            values["scaled"] = run.scaled
        self._write(values, step)

    @hookimpl
    def detente_run_finished(self, run: RunView) -> None:
        if self._run is not None:
            self._run.finish(exit_code=0 if run.status == "finished" else 1)
            self._keep(self._step)

    def _write(self, values: dict[str, float], step: int) -> None:
        if self._run is None or step <= self._known:  # it could not be opened, which has been reported
            return
        self._step = step
        self._run.log(values, step=step)

    def _keep(self, step: int) -> None:
        """Note what a resumed run has to know."""
        assert self._state is not None
        write_atomically(self._state, json.dumps({"id": self._id, "step": step}))
