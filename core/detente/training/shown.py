"""What the samples and scores of a run are read against: real data and an untrained generator, to look at."""

import logging
from collections.abc import Mapping
from typing import Any

from detente.engine.sample import Sample, batch_size
from detente.engine.streams import Stream
from detente.errors import one_line
from detente.files import staged
from detente.training import evaluation
from detente.training.build import Built
from detente.training.run_folder import Run
from detente.training.warmup import fresh, warms_up

ROWS = ("real", "untrained")

_log = logging.getLogger(__name__)


def about(built: Built, rows: Mapping[str, Mapping[str, float]] | None = None) -> dict[str, Any]:
    """What the record says for reports: where curves start, and which values of each score are better.

    Before its first step a generator is the untrained one, unless its model warms up; a warm-up that makes a good
    generator is the baseline; what another one leaves has no scores. `begun` is the scaled score of the start.

    Args:
        rows: the reference rows.
    """
    start = None if warms_up(built.model) else "untrained"
    if built.model.starts_good:
        start = "baseline"
    return {
        "start": start,
        "begun": built.domain.primary.scaled_row(rows[start], rows) if rows and start else None,
        "directions": {name: way for metric in built.metrics for name, way in metric.scores.items()},
    }


def write(built: Built, run: Run) -> None:
    """Put previews of real data and of an untrained generator beside the samples of a run: `real.*`, `untrained.*`.

    They are the same for all cells of a study, so one of a domain has them. A failure costs the pictures alone.
    """
    suffix = built.domain.preview_suffix
    of_a_study = run.expected.is_file()
    beside = run.folder.resolve().parent.parent.glob(f"*/*/samples/real{suffix}") if of_a_study else ()
    if (run.samples / f"real{suffix}").exists() or any(beside):
        return
    try:
        for row in reversed(ROWS):  # that of real data last: where it is, a process that was killed left nothing out
            samples = _samples(row, built)
            if samples is not None:
                with staged(run.samples / f"{row}{suffix}") as new:
                    built.domain.preview(samples, new)
    except Exception as error:  # of a plugin's drawing; training does not need it
        _log.warning("no pictures of real data and an untrained generator: %s", one_line(error))


def _samples(row: str, built: Built) -> Sample | None:
    n, model, data = built.domain.preview_count, built.model, built.data
    if row == "real":
        real = data.real(n)
        return real if batch_size(real) else None
    network = fresh(model, data.space, built.recipe.seed).generator.requires_grad_(False).eval()
    rng = Stream(built.recipe.seed).at("evaluation")
    return evaluation.generate(network, model, n, rng, evaluation.conditions(data, model, n, rng))
