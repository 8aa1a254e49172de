"""TensorBoard: the run's numbers and previews as an event file in `tensorboard/` of its folder."""

from collections.abc import Callable, Mapping
from typing import Any

from detente.compat import silent_threads
from detente.errors import PluginError
from detente.files import own_folder
from detente.hookspecs import RunView, hookimpl
from detente.training.loggers import scalars

_WRITES = "tensorboard.summary.writer.event_file_writer"
"""The module whose thread writes the event file."""


class TensorBoard:
    """Writes what `tensorboard --logdir RUN` shows; with a folder of runs it shows them beside each other.

    Scalars are called `terms/…`, `watched/…`, `scores/…`, `scaled` and `spectral/…`; a preview that is a PNG stands
    under `samples`. A resumed run writes a second file, which takes back the steps that the first one was ahead.

    Raises:
        PluginError: the package is not installed.
    """

    def __init__(self) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise PluginError(
                "tensorboard needs the package tensorboard: pip install 'detente[tensorboard]'"
            ) from error
        self._make = SummaryWriter
        self._writer: Any = None
        self._undo: Callable[[], None] = lambda: None

    @hookimpl
    def detente_run_started(self, run: RunView) -> None:
        self._undo = silent_threads(_WRITES)  # what fails there, as on a full disk, is raised again in `_write`
        folder = own_folder(run.folder / "tensorboard", run.folder)
        self._writer = self._make(str(folder), purge_step=run.step + 1)

    @hookimpl
    def detente_logged(self, run: RunView, step: int, terms: Mapping[str, float]) -> None:
        self._write(scalars(terms=terms, watched=run.watched), step)

    @hookimpl
    def detente_evaluated(self, run: RunView, step: int, scores: Mapping[str, float]) -> None:
        values = scalars(scores=scores, spectral=run.spectral)
        if run.scaled is not None:
            values["scaled"] = run.scaled
        if self._writer is not None and run.preview is not None and run.preview.suffix == ".png":
            import numpy as np
            from PIL import Image  # comes with tensorboard

            with Image.open(run.preview) as image:
                self._writer.add_image("samples", np.asarray(image.convert("RGB")), step, dataformats="HWC")
        self._write(values, step)

    @hookimpl
    def detente_run_finished(self, run: RunView) -> None:
        try:
            if self._writer is not None:
                self._writer.close()
        finally:
            self._undo()

    def _write(self, values: Mapping[str, float], step: int) -> None:
        if self._writer is None:  # it could not be opened, which has been reported
            return
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)
        # A process that is killed must not take along what stands before its last checkpoint.
        self._writer.flush()
