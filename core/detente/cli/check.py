"""`check`: finds ill-posed or fragile combinations in a recipe before training."""

from pathlib import Path
from typing import Annotated

import typer

from detente.cli import flags
from detente.cli.flags import begin
from detente.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Put the verb on the command line."""
    app.command()(check)


def check(
    context: typer.Context,
    recipe: Annotated[Path | None, typer.Argument(metavar="[RECIPE]", help="A recipe, in YAML.")] = None,
    domain: Annotated[str | None, typer.Option(metavar="NAME", help="Domain, if there is no recipe.")] = None,
    sets: flags.Set = None,
    regs: Annotated[
        list[str] | None,
        typer.Option("--reg", metavar="CHAIN", help="Regularizers, such as 'd:r1(gamma=1)+g:ema'; repeatable."),
    ] = None,
    allow: flags.Allow = None,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Find ill-posed and fragile combinations in a recipe's networks before training.

    Exits with 2 if training would be refused.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    if domain is None and recipe is None:
        raise UsageError("check needs a RECIPE file, or --domain and --reg.")
    from detente import recipe as recipes
    from detente.checks import refused

    resolved = recipes.resolve(recipe, domain, sets or (), regs or (), {"allow": allow}, host)
    built = recipes.build(resolved, host, dry=True)
    found = built.findings
    lines = [f"{finding.level}: {finding}" for finding in found] or ["No findings."]
    session.result("\n".join(lines), {"findings": [finding.plain() for finding in found]})
    codes = [finding.code for finding in refused(found, resolved.recipe.allow)]
    if codes and built.domain.refuses:
        raise UsageError(f"training would be refused because of: {', '.join(codes)}; fix it, or use --allow CODE.")
