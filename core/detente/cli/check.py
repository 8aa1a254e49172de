"""`check`: finds ill-posed or fragile combinations in a recipe before training."""

import os
from pathlib import Path
from typing import Annotated

import typer

from detente.cli import flags, own_data
from detente.cli.flags import begin
from detente.cli.grouping import LOOKING, Grouped, example
from detente.errors import UsageError

_EXAMPLE = example("detente check recipe.yaml", "detente check image --reg d:batch-norm+r1")


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command(cls=Grouped, rich_help_panel=LOOKING, epilog=_EXAMPLE)(check)


def check(
    context: typer.Context,
    recipe_or_domain: Annotated[
        str | None,
        typer.Argument(
            metavar="[RECIPE|DOMAIN]", help="A recipe, in YAML, or a domain.", autocompletion=flags.completion.domains
        ),
    ] = None,
    domain: Annotated[str | None, typer.Option(hidden=True)] = None,
    data: flags.Data = None,
    model: flags.Model = None,
    objective: flags.Objective = None,
    metric: flags.Metric = None,
    recipe: flags.Recipe = None,
    sets: flags.Set = None,
    regs: flags.Chain = None,
    steps: flags.Steps = None,
    batch: flags.Batch = None,
    device: flags.Device = None,
    precision: flags.Precision = None,
    allow: flags.Allow = None,
    log: flags.Log = None,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Find ill-posed and fragile combinations in a recipe's networks before training.

    Exits with 2 if training would be refused.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    if recipe_or_domain is not None:
        domain, recipe = _told(recipe_or_domain, domain, recipe)
    if domain is None and recipe is None:
        raise UsageError("check needs a RECIPE file or a DOMAIN, as in `detente check image --reg d:batch-norm+r1`.")
    from detente import recipe as recipes
    from detente.checks import refused
    from detente.training.loggers import make_loggers
    from detente.training.scale import check_run

    given = {
        "data": own_data.chosen(session, host, data, domain, recipe),
        "model": model,
        "objective": objective,
        "metric": metric,
        "steps": steps,
        "batch": batch,
        "device": device,
        "precision": precision,
        "allow": allow,
        "log": flags.names(log),
    }
    resolved = recipes.resolve(recipe, domain, sets or (), regs or (), given, host)
    make_loggers(resolved.recipe.log, host)
    built = recipes.build(resolved, host, dry=True)
    found = built.findings
    lines = [f"{finding.level}: {finding}" for finding in found] or ["No findings."]
    session.result("\n".join(lines), {"findings": [finding.plain() for finding in found]})
    codes = [finding.code for finding in refused(found, resolved.recipe.allow)]
    if codes and built.domain.refuses:
        raise UsageError(f"training would be refused because of: {', '.join(codes)}; fix it, or use --allow CODE.")
    check_run(built)


def _told(text: str, domain: str | None, recipe: Path | None) -> tuple[str | None, Path | None]:
    """Domain and recipe, where the argument is one of the two.

    Raises:
        UsageError: both the argument and a flag name one.
    """
    is_file = Path(text).is_file() or "." in text or os.sep in text  # names of domains have neither
    if (recipe if is_file else domain) is not None:
        raise UsageError(f"check {text}: there is a {'--recipe' if is_file else '--domain'} too; remove one of them.")
    return (domain, Path(text)) if is_file else (text, recipe)
