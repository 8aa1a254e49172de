"""Commands for a trained run: `evaluate`, `report`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detente.cli import flags
from detente.cli.display import number, scores_table
from detente.cli.flags import begin, set_threads
from detente.cli.grouping import USING, Grouped, example
from detente.errors import UsageError, typed
from detente.files.heads import head_of

if TYPE_CHECKING:
    from detente.cli.display import Session
    from detente.domains.contracts import Data, Domain
    from detente.plugins import Host
    from detente.training.trainer import Trainer

_MANY = 10_000
"""Samples from which on scoring takes so long that it is announced."""


def add_to(app: typer.Typer) -> None:
    """Put these verbs on the command line."""
    for verb, line in (
        (evaluate, "detente evaluate runs/00001-image-r1 -n 500"),
        (report, "detente report studies/00001-image"),
    ):
        app.command(cls=Grouped, rich_help_panel=USING, epilog=example(line))(verb)


def evaluate(
    context: typer.Context,
    folder: flags.AnyFolder,
    n: Annotated[
        int | None,
        typer.Option(
            "--samples", "-n", min=1, metavar="N", help="Number of samples.", show_default="as many as in training"
        ),
    ] = None,
    features: Annotated[
        Path | None,
        typer.Option(
            path_type=flags.NAMED,
            metavar="FILE",
            help="Measure on the features of a TorchScript network of yours, such as an Inception. It is a program: "
            "name one that you trust.",
            show_default="those of the domain",
        ),
    ] = None,
    device: flags.Device = None,
    threads: flags.Threads = None,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Score the generator of a run's newest checkpoint; of a study or a search that of its best run.

    Its scores are shown with those of real data, the baseline and an untrained generator.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    from detente.experiments.using import run_folder
    from detente.training import evaluation, scale
    from detente.training.sizes import check_samples

    folder = run_folder(folder)
    trainer = trained(folder, host, device, threads)
    wanted = n or trainer.samples
    check_samples("--samples", wanted, trainer.built.data.space)
    n = evaluation.sample_count(trainer.built.domain, trainer.built.data, wanted)
    if n < wanted:
        session.note(f"Note: {n} samples, not {wanted}: {scale.NO_MORE}.")
    if n != trainer.samples:
        session.note(
            f"Note: the run's own evaluations use {trainer.samples} samples; distances depend on the number of samples."
        )
    if n >= _MANY:
        session.note(f"Scoring {n:,} samples of the generator, and as many of each reference: this can take minutes.")
    domain = trainer.built.domain
    if features is not None:
        from detente.domains.brought import Brought

        domain.measure_on(Brought(features))
    references = trainer.reference_rows(n)
    scores, scaled = trainer.scores(trainer.generate(n), trainer.labels(n))
    primary = domain.primary
    protocol = (
        f"{n} samples of the deployed generator at step {trainer.step}, latents of seed {trainer.built.recipe.seed}"
    )
    measured = _brought(domain, trainer.built.data)
    if said := measured.get("protocol", primary.protocol):
        protocol += f"; {said}"
    data = {"run": folder, "step": trainer.step, "n": n, "scores": scores, "scaled": scaled, "references": references}
    data |= {"primary": primary.score, "direction": primary.direction, "protocol": protocol}
    data |= {key: value for key, value in measured.items() if key != "protocol"}
    text = scores_table(scores, references, primary.score)
    session.result(f"{text}\n\nscaled    {number(scaled)}\nprotocol  {protocol}", data)


def _brought(domain: "Domain", data: "Data") -> dict[str, Any]:
    """What is said of features of the user's; nothing where the domain's own are used."""
    if (brought := domain.brought) is None:
        return {}
    m, d = domain.reference_features(data).shape
    return {
        "protocol": f"distances to {m} reference samples on {d} features by {brought.file.name} (SHA-256 "
        f"{brought.sha256[:12]})",
        "features": {"file": brought.file, "sha256": brought.sha256, "count": d},
    }


def report(
    context: typer.Context,
    folder: flags.AnyFolder,
    latex: Annotated[bool, typer.Option("--latex", help="Print a study's table for a paper (booktabs).")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print a study's table as Markdown.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="Print a study's table as CSV; results.csv has its runs.")] = False,
    figures: Annotated[
        Path | None,
        typer.Option(
            path_type=flags.NAMED, metavar="DIR", help="Write a study's pictures as SVG and PDF.", show_default="none"
        ),
    ] = None,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Write the report of a run, a study or a search again, or have a study's table or pictures for a paper."""
    session, _ = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    forms = [name for name, wanted in (("latex", latex), ("markdown", markdown), ("csv", csv)) if wanted]
    if forms or figures is not None:
        _for_paper(session, folder, forms, figures)
        return
    from detente.training.run_folder import Run

    head = head_of(folder)
    if head == "study.yaml":
        from detente.report import study_report

        path = study_report(folder)
    elif head == "tuning.yaml":
        from detente.report import tuning_report

        path = tuning_report(folder)
    elif head == "selection.yaml":
        from detente.report import choice_report

        path = choice_report(folder)
    else:
        from detente.report import run_report

        path = run_report(Run.there(folder))
    session.result(f"{path}", {"report": path})


def _for_paper(session: "Session", folder: Path, forms: Sequence[str], figures: Path | None) -> None:
    """Print a study's table, and write its pictures."""
    if len(forms) > 1:
        raise UsageError(f"--{' and --'.join(forms)}: one table at a time; use one of them.")
    data: dict[str, object] = {"study": folder}
    text: list[str] = []
    if forms:
        from detente.report.paper import study_table

        text.append(study_table(folder, forms[0]).rstrip("\n"))
        data[forms[0]] = text[0]
    if figures is not None:
        from detente.report.figures import study_figures

        data["figures"] = paths = study_figures(folder, figures)
        text += [] if forms else [f"{path}" for path in paths]
    session.result("\n".join(text), data)


def trained(folder: Path, host: "Host", device: str | None, threads: int | None) -> "Trainer":
    """A run at its newest checkpoint, ready to generate; nothing of it is written to.

    Raises:
        UsageError: the folder holds no run, or one without a checkpoint.
    """
    from detente.recipe import resolve
    from detente.training.build import rebuild
    from detente.training.run_folder import Run
    from detente.training.trainer import Trainer

    run = Run.open(folder)
    set_threads(threads or run.info.get("threads"))
    built = rebuild(resolve(run.recipe, host=host), host, run.identities, device=device)
    trainer = Trainer(built, run, host)
    if not trainer.restore(looks_only=True):
        raise UsageError(f"{folder}: no checkpoint yet; train longer ({typed('detente', 'resume', folder)}).")
    return trainer
