"""The loop around `Game.step`: batches in, log lines, evaluations and checkpoints out."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

from detente.domains.contracts import Model
from detente.engine.sample import Batch, Sample, batch_size, rows
from detente.engine.streams import Stream
from detente.errors import DivergedError, Interrupted, UsageError, one_line
from detente.plugins import Host
from detente.training import checkpoint, evaluation
from detente.training.build import Built
from detente.training.monitor import Watcher, spectral_norms
from detente.training.provenance import origins, peak_memory
from detente.training.run_folder import MetricsFile, Run
from detente.training.sampler import Sampler
from detente.training.signals import STOP, on_signal

_log = logging.getLogger(__name__)


@dataclass
class Progress:
    """What a display may show; numbers are those of the last log line and evaluation."""

    step: int
    steps: int
    primary: str = ""
    """Name of the score that carries comparisons."""
    terms: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    scaled: float | None = None


class Trainer:
    """Trains what a recipe built, in a run's folder.

    Args:
        built: the game, its data and its metrics.
        run: the folder.
        host: whose plugins observe the run.
        show: called with the progress at every log line and evaluation.
    """

    def __init__(
        self, built: Built, run: Run, host: Host, show: Callable[[Progress], None] = lambda progress: None
    ) -> None:
        self.built, self.run, self.host, self.show = built, run, host, show
        recipe = built.recipe
        self.step = 0
        self.best: tuple[float, int] | None = None
        self.progress = Progress(0, recipe.steps, built.domain.primary.score)
        self._root = Stream(recipe.seed)
        self._sampler = Sampler(len(built.data), recipe.batch, self._root.at("data"))
        self._evaluation = self._root.at("evaluation")
        self.samples = evaluation.sample_count(built.domain, built.data, recipe.samples)
        self._metrics: MetricsFile | None = None
        self._metrics_size = 0
        self._watcher = Watcher()
        self._pending: tuple[int, list[str], list[str], Tensor, dict[str, int], torch.cuda.Event | None] | None = None
        self._signal: int | None = None
        self._seconds = 0.0
        self._schedules = type(built.model).schedule is not Model.schedule
        self._rows: dict[int, dict[str, dict[str, float]]] = {}

    def restore(self) -> int:
        """Take up the newest readable checkpoint, if there is one; the step to go on from.

        Raises:
            UsageError: there are checkpoints and none of them can be read, or it does not fit the networks.
        """
        found = checkpoint.checkpoints(self.run.checkpoints)
        for path in reversed(found):
            try:
                state = checkpoint.load(path)
            except UsageError as error:
                if path == found[0]:
                    raise
                _log.warning("%s Going on from the one before.", error)
                continue
            try:
                self.built.game.load_state_dict(state["game"])
            except (RuntimeError, ValueError, KeyError) as error:
                raise UsageError(
                    f"{path}: does not fit the networks of {self.run.recipe} ({one_line(error)[:200]}); give the "
                    "recipe back what it was trained with, or start a new run."
                ) from error
            self.step, self._seconds, self._metrics_size = state["step"], state["seconds"], state["metrics_size"]
            self.best = (state["best"][0], state["best"][1]) if state["best"] else None
            self.progress.step = self.step
            self.progress.scores, self.progress.scaled = state["scores"]
            break
        self._schedule()
        return self.step

    def train(self) -> None:
        """Run to the last step of the recipe.

        Raises:
            DivergedError: a term or a weight is not finite; the last good checkpoint is kept.
            Interrupted: SIGINT or SIGTERM came; a checkpoint is saved.
        """
        self._metrics = MetricsFile(self.run.metrics, self._metrics_size)
        status, reason = "failed", None
        data = {key: getattr(self.built.data, key) for key in ("licence", "source", "notes")}
        self.run.record({"status": "running", "error": None, "data": data})
        self.host.notify("detente_run_started", run=self.run)
        try:
            self.run.record({"references": self.reference_rows()})
            with on_signal(self._stop, *STOP):
                self._loop()
            status = "finished"
        except BaseException as error:
            if isinstance(error, DivergedError):
                status = "diverged"
            elif isinstance(error, KeyboardInterrupt):
                status = "interrupted"
            reason = one_line(error)
            raise
        finally:
            self._metrics.close()
            self.run.record(
                {
                    "status": status,
                    "error": reason,
                    "step": self.step,
                    "seconds": round(self._seconds, 3),
                    "memory": peak_memory(self.built.device),
                    "best": {"scaled": self.best[0], "step": self.best[1]} if self.best else None,
                    "final": {"scaled": self.progress.scaled, "scores": self.progress.scores},
                }
            )
            self.host.notify("detente_run_finished", run=self.run)

    def _loop(self) -> None:
        recipe = self.built.recipe
        started = time.perf_counter() - self._seconds
        while self.step < recipe.steps:
            if self._schedules:
                self._schedule()
            self.built.game.watch = None if (self.step + 1) % recipe.log_every else self._watcher
            self.built.game.step(*self._batches(self.step))
            self.step += 1
            self._seconds = time.perf_counter() - started
            if self.step % recipe.log_every == 0:
                self._log()
            last = self.step == recipe.steps
            if self.step % recipe.evaluate_every == 0 or last:
                self._evaluate()
            if self.step % recipe.checkpoint_every == 0 or last or self._signal is not None:
                self._save()
            if self._signal is not None and not last:
                raise Interrupted(self._signal)

    def _schedule(self) -> None:
        self.built.model.schedule(self.built.networks, self.step / self.built.recipe.steps)

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
                warmed=lambda: b.start(self.host).generator,
                versions=origins(b.recipe, self.host, "domain", "data", "model", "metric"),
            )
        return self._rows[n]

    def generate(self, n: int, rng: Stream | None = None) -> Sample:
        """`n` samples of the deployed generator: those of the evaluations, or others that `rng` draws."""
        b, rng = self.built, rng or self._evaluation
        return evaluation.generate(
            b.game.generator.deployed(),
            b.model,
            n,
            rng,
            labels=evaluation.conditions(b.data, b.model, n, rng),
            dtype=b.dtype,
            device=b.device,
        )

    def scores(self, samples: Sample) -> tuple[dict[str, float], float]:
        """All scores of samples, and the primary one scaled from floor to ceiling."""
        b = self.built
        values = evaluation.score(b.domain, b.metrics, samples, b.data, self._evaluation)
        return values, b.domain.primary.scaled_row(values, self.reference_rows(batch_size(samples)))

    def _batches(self, step: int) -> Iterator[Batch]:
        k = self.built.recipe.critic_steps
        for i in range(step * k, (step + 1) * k):
            yield self.built.prepare(self.built.data.batch(self._sampler.indices(i)))

    def _log(self) -> None:
        """Queue this step's terms and what was watched for the log; the line before is on the host by now."""
        self._flush()
        game = self.built.game
        terms = game.terms()
        for letter, player in (("D", game.discriminator), ("G", game.generator)):
            with torch.no_grad():
                for name, value in player.regularizer.report(player.network).items():
                    terms[f"{letter}/{name}"] = value
        late = {
            f"{letter}/{name}": t
            for letter, player in (("D", game.discriminator), ("G", game.generator))
            for name, (_, t) in player.last.items()
            if t != player.t - 1
        }
        watched = self._watcher.values
        values, done = torch.stack([v.double() for v in (*terms.values(), *watched.values())]), None
        if values.is_cuda:
            values = torch.empty(values.shape, dtype=values.dtype, pin_memory=True).copy_(values, non_blocking=True)
            done = torch.cuda.Event()
            done.record()
        self._pending = self.step, list(terms), list(watched), values, late, done

    def _flush(self) -> None:
        if self._pending is None:
            return
        assert self._metrics is not None
        step, names, watched, values, late, done = self._pending
        self._pending = None
        if done is not None:
            done.synchronize()
        numbers = values.tolist()
        terms = dict(zip(names, numbers[: len(names)], strict=True))
        line = {"step": step, "terms": terms, **({"late": late} if late else {})}
        line["watched"] = dict(zip(watched, numbers[len(names) :], strict=True))
        self._metrics.write({**line, "seconds": round(self._seconds, 3)})
        self.progress.step, self.progress.terms = step, terms
        self.show(self.progress)
        bad = [name for name, value in terms.items() if not math.isfinite(value)]
        if bad:
            raise DivergedError(
                f"{self.run.folder}: {bad[0]} is not finite at step {step}; the last good checkpoint is kept. Lower "
                "the learning rate, or add a regularizer that bounds the critic (r1, spectral-norm, clip-norm)."
            )

    def _evaluate(self) -> None:
        self._flush()
        assert self._metrics is not None
        self._check_weights()
        samples = self.generate(self.samples)
        scores, scaled = self.scores(samples)
        path = self.run.samples / f"step-{self.step:06d}{self.built.domain.preview_suffix}"
        self.built.domain.preview(rows(samples, slice(0, self.built.domain.preview_count)), path)
        if self.best is None or scaled > self.best[0]:
            self.best = scaled, self.step
        line = {"step": self.step, "scores": scores, "scaled": scaled}
        line["spectral"] = spectral_norms(self.built.game.discriminator.network)
        self._metrics.write({**line, "seconds": round(self._seconds, 3)})
        self.progress.step, self.progress.scores, self.progress.scaled = self.step, scores, scaled
        self.show(self.progress)
        self.host.notify("detente_evaluated", run=self.run, step=self.step, scores=MappingProxyType(scores))

    def _save(self) -> None:
        self._flush()
        assert self._metrics is not None
        self._check_weights()
        checkpoint.save(
            self.run.checkpoints / f"step-{self.step:08d}.pt",
            {
                "game": self.built.game.state_dict(),
                "step": self.step,
                "seconds": self._seconds,
                "best": list(self.best) if self.best else None,
                "scores": [self.progress.scores, self.progress.scaled],
                "metrics_size": self._metrics.sync(),
            },
        )
        checkpoint.prune(self.run.checkpoints)

    def _check_weights(self) -> None:
        for player in (self.built.game.generator, self.built.game.discriminator):
            if not bool(torch.isfinite(torch.nn.utils.get_total_norm(player.parameters))):
                raise DivergedError(
                    f"{self.run.folder}: a weight of the {player.role} is not finite at step {self.step}; the last "
                    "good checkpoint is kept. Lower the learning rate, or add a regularizer that bounds the critic."
                )

    def _stop(self, number: int) -> None:
        """A signal asks for a stop after this step; a second one stops at once."""
        if self._signal is not None:
            raise Interrupted(number)
        self._signal = number
