"""The loop around `Game.step`: batches in, log lines, evaluations and checkpoints out."""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from detente.engine.sample import Sample, batch_size, rows
from detente.engine.streams import Stream
from detente.errors import DivergedError, Interrupted, UsageError, one_line
from detente.files import staged
from detente.files.standing import FULL
from detente.hookspecs import RunView
from detente.plugins import Host
from detente.plugins.loader import Plugin
from detente.training import checkpoint, evaluation, outline, scale, shown
from detente.training.agreement import MEASURED, Changes, agree, agree_on_data
from detente.training.averaged import Average
from detente.training.build import Built
from detente.training.cost import Cost
from detente.training.examination import examine
from detente.training.loggers.jsonl import JsonLines
from detente.training.monitor import PendingLine, check_made, check_weights, spectral_norms
from detente.training.provenance import origins, peak_memory
from detente.training.run_folder import Run
from detente.training.signals import STOP, on_signal
from detente.training.sizes import check_samples
from detente.training.steps import Steps
from detente.training.team import Team

_log = logging.getLogger(__name__)


class Trainer:
    """Trains what a recipe built, in a run's folder.

    Args:
        built: the game, its data and its metrics.
        run: the folder.
        host: whose plugins observe the run.
        loggers: further observers; see `detente.training.loggers`.
        team: the processes that train this run, of which this one leads; by default it is alone.

    Attributes:
        view: what is known of the run by now, as displays and observers get it.
        show: called with that at every log line and evaluation.
        changed: what the recipe says otherwise than when the restored checkpoint was written.
        diagnosis: what is wrong with all samples of the last evaluation, in a sentence; empty where nothing is.
    """

    def __init__(
        self, built: Built, run: Run, host: Host, loggers: Sequence[Plugin] = (), team: Team | None = None
    ) -> None:
        self.built, self.run, self.host, self.loggers = built, run, host, tuple(loggers)
        recipe = built.recipe
        self.show: Callable[[RunView], None] = lambda view: None
        self.step = 0
        self.best: tuple[float, int] | None = None
        self.changed: Changes = {}
        self.diagnosis = ""
        self.view = RunView(run.folder, recipe.plain(), recipe.steps, built.domain.primary.score)
        self._root = Stream(recipe.seed)
        self._team = team or Team()
        self._steps = Steps(built, self._team)
        self._evaluation = self._root.at("evaluation")
        self.samples = scale.samples_of(built)
        self._metrics = JsonLines()
        self._average = Average(built.game) if recipe.evaluate == "ema" else None
        self._pending: PendingLine | None = None
        self._seconds = 0.0
        self._cost = Cost()
        self._rows: dict[int, dict[str, dict[str, float]]] = {}

    def restore(self, *, looks_only: bool = False) -> int:
        """Load the newest readable checkpoint, if there is one; returns the step to continue from.

        The other processes of the run get what they begin with from here.

        Args:
            looks_only: nothing will be trained, so other data than those that it was trained on are only said.

        Raises:
            UsageError: there are checkpoints and none of them can be read, or it does not fit the networks, or recipe
                or data are not those that it was trained with.
        """
        found = checkpoint.checkpoints(self.run.checkpoints)
        agree_on_data(self.run.folder, self.run.identities, self.built, looks_only)
        for path in reversed(found):
            try:
                state = checkpoint.load(path)
            except UsageError as error:
                if path == found[0]:
                    raise
                _log.warning("%s Continuing from the one before.", error)
                continue
            self.changed = agree(path, state, self.run, self.built, self.host, looks_only)
            checkpoint.enter(path, state, self.built.game, self.built.recipe, self.run.recipe, self._average)
            self.step, self._seconds, self._metrics.size = state["step"], state["seconds"], state["metrics_size"]
            self.best = (state["best"][0], state["best"][1]) if state["best"] else None
            if any(key in self.changed for key in MEASURED):
                self.best = None
            scores, scaled = state["scores"]
            self._update(scores=scores, scaled=scaled)
            break
        self._steps.schedule(self.step)
        if self._team.size > 1:
            begun = {"game": self.built.game.state_dict(), "step": self.step, "folder": str(self.run.folder)}
            self._team.share(begun)
        return self.step

    def train(self) -> None:
        """Run to the last step of the recipe.

        Raises:
            DivergedError: a term, a weight or a sample is not finite; the last good checkpoint was kept.
            Interrupted: SIGINT or SIGTERM came; a checkpoint is saved.
        """
        status, reason = "failed", None
        of = self.built.data
        data = {"licence": of.licence, "source": of.source, "notes": of.notes, **scale.counts(self.built)}
        about = {"data": data, "identities": self.built.identities, "recipe": self.run.recipe_digest}
        self.run.record({"status": "running", "error": None, **about})
        outline.keep(self.run.folder, of, self.built.recipe.data.name)
        try:
            self._tell("detente_run_started")
            rows = self.reference_rows()
            self.run.record({"references": rows, "samples": self.samples, **shown.about(self.built, rows)})
            shown.write(self.built, self.run)
            self._tell_of_scale()
            with on_signal(self._team.stop, *STOP):
                self._loop()
            checkpoint.prune(self.run.checkpoints)  # a kill may have come between the last save and this
            status = "finished"
        except BaseException as error:
            if isinstance(error, DivergedError):
                status = "diverged"
            elif isinstance(error, KeyboardInterrupt) or (isinstance(error, OSError) and error.errno in FULL):
                status = "interrupted"
            reason = one_line(error)
            raise
        finally:
            self._update(status=status, error=reason)
            try:
                self.run.record(
                    {
                        "status": status,
                        "error": reason,
                        "step": self.step,
                        "seconds": round(self._seconds, 3),
                        "memory": peak_memory(self.built.device),
                        **self._cost.measured(self.built.device),
                        "diagnosis": self.diagnosis,
                        "best": {"scaled": self.best[0], "step": self.best[1]} if self.best else None,
                        "final": {"scaled": self.view.scaled, "scores": self.view.scores},
                    }
                )
            finally:
                self._tell("detente_run_finished")

    def _loop(self) -> None:
        recipe = self.built.recipe
        started = time.perf_counter() - self._seconds
        while self.step < recipe.steps:
            with self._cost:
                self._steps.take(self.step)
            if self._average:
                self._average.update()
            self.step += 1
            self._seconds = time.perf_counter() - started
            if self.step % recipe.log_every == 0:
                self._log()
            last = self.step == recipe.steps
            if self.step % recipe.evaluate_every == 0 or last:
                self._evaluate()
            self._team.agree()
            stop = self._team.signal
            if self._steps.saves(self.step):
                self._save()
            if stop is not None and not last:
                raise Interrupted(stop)

    def reference_rows(self, n: int | None = None) -> dict[str, dict[str, float]]:
        """The scores of real data, the baseline and the untrained generator, at as many samples as an evaluation."""
        b, n = self.built, n or self.samples
        if n not in self._rows:
            self._rows[n] = evaluation.reference_rows(
                b.domain,
                b.metrics,
                b.data,
                b.model,
                n,
                b.recipe.seed,
                warmed=lambda: b.start(self.host),
                versions=origins(b.recipe, self.host, "domain", "data", "model", "metric"),
            )
        return self._rows[n]

    def deployed(self) -> nn.Module:
        """The generator that is evaluated and handed out: a copy, of an average where the recipe says so."""
        return self.built.deployed(self.step, self._average and self._average.deployed)

    def generate(self, n: int, rng: Stream | None = None) -> Sample:
        """`n` samples of the deployed generator: those of the evaluations, or others that `rng` draws."""
        b, rng = self.built, rng or self._evaluation
        check_samples("samples", n, b.data.space)
        labels = self.labels(n, rng)
        return evaluation.generate(self.deployed(), b.model, n, rng, labels, dtype=b.dtype, device=b.device)

    def labels(self, n: int, rng: Stream | None = None) -> Tensor | None:
        """The conditions that `generate` makes samples under, if the model takes any."""
        return evaluation.conditions(self.built.data, self.built.model, n, rng or self._evaluation)

    def scores(self, samples: Sample, labels: Tensor | None = None) -> tuple[dict[str, float], float]:
        """All scores of samples, and the primary one scaled from floor to ceiling; NaN where it was not measured."""
        b = self.built
        values = evaluation.score(b.domain, b.metrics, samples, b.data, self._evaluation, labels)
        return values, b.domain.primary.scaled_row(values, self.reference_rows(batch_size(samples)))

    def _tell_of_scale(self) -> None:
        """Say what the scores of this run will lack."""
        primary = self.built.domain.primary
        short, few = scale.shortage(self.built), scale.few(self.built, primary)
        why = scale.unscaled(self.built, primary, *primary.ends(self.reference_rows()))
        for sentence in (short, few, f"Scaled scores are left out. {why}" if why else ""):
            if sentence:
                _log.warning("%s", sentence)

    def _log(self) -> None:
        """Queue this step's numbers for the log; those of the line before are on the host by now."""
        self._flush()
        self._pending = PendingLine(self.built.game, self._steps.watcher.values, self.step)

    def _flush(self) -> None:
        if self._pending is None:
            return
        line, self._pending = self._pending.read(), None
        self._update(step=line.step, terms=line.terms, watched=line.watched, late=line.late)
        self._tell("detente_logged", step=line.step, terms=self.view.terms)
        self.show(self.view)
        if line.bad is not None:
            raise DivergedError(
                f"{self.run.folder}: {line.bad} is not finite at step {line.step}; the last good checkpoint was kept. "
                "Lower the learning rate, or add a regularizer that bounds the critic (r1, spectral-norm, clip-norm)."
            )

    def _evaluate(self) -> None:
        self._flush()
        check_weights(self.built.game, self.run.folder, self.step)
        samples = self.generate(self.samples)
        check_made(samples, self.run.folder, self.step)
        labels = self.labels(self.samples)
        scores, scaled = self.scores(samples, labels)
        path = self.run.samples / f"step-{self.step:06d}{self.built.domain.preview_suffix}"
        few = evaluation.by_class(self.built.domain, self.built.data, self.samples, labels)
        with staged(path) as new:
            self.built.domain.preview(rows(samples, few), new)
        if scaled > (self.best[0] if self.best else -math.inf):  # never where it is NaN
            self.best = scaled, self.step
        spectral = spectral_norms(self.built.game.discriminator.network)
        self.diagnosis = self.built.domain.diagnosis(samples)
        found = examine(self.built, samples, self._evaluation.at("examined"), labels)
        self._update(scores=scores, scaled=scaled, spectral=spectral, examined=found, preview=path)
        self._tell("detente_evaluated", step=self.step, scores=self.view.scores)
        self.show(self.view)

    def _update(self, *, step: int | None = None, **changes: Any) -> None:
        """Bring the view up to date."""
        step = self.step if step is None else step
        self.view = replace(self.view, step=step, seconds=self._seconds, **changes)

    def _tell(self, hook: str, **arguments: Any) -> None:
        """Call a lifecycle hook: of the run's own log first, whose failure ends the run, then of everybody else."""
        # Hooks are called by name, here as by pluggy.
        getattr(self._metrics, hook)(run=self.view, **arguments)
        self.host.notify(hook, *self.loggers, run=self.view, **arguments)

    def _save(self) -> None:
        self._flush()
        check_weights(self.built.game, self.run.folder, self.step)
        checkpoint.save(
            self.run.checkpoints / checkpoint.named(self.step),
            {
                "game": self.built.game.state_dict(),
                **({"average": self._average.state_dict()} if self._average else {}),
                "recipe": self.built.recipe.plain(),
                "identities": dict(self.built.identities),
                "step": self.step,
                "seed": self.built.recipe.seed,
                "seconds": self._seconds,
                "best": list(self.best) if self.best else None,
                "scores": [dict(self.view.scores), self.view.scaled],
                "metrics_size": self._metrics.sync(),
            },
        )
        checkpoint.prune(self.run.checkpoints)
