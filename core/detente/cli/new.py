"""`new`: a package of one's own, from templates."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detente.cli import flags
from detente.cli.flags import begin
from detente.cli.grouping import OTHERS, Grouped, example

if TYPE_CHECKING:
    from detente.scaffold.package import What

Name = Annotated[str, typer.Argument(metavar="NAME", help="What recipes will call it, such as gradient-noise.")]
Into = Annotated[Path, typer.Option(metavar="DIR", help="Where the package's folder is put.")]
Author = Annotated[str, typer.Option(metavar="NAME", help="Who holds the copyright.")]
Licence = Annotated[str, typer.Option(metavar="MIT|BSD-3-Clause|Apache-2.0", help="Its licence.")]

new_app = typer.Typer(help="Start a package of your own: a regularizer or a domain.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Put this verb on the command line."""
    app.add_typer(new_app, name="new", rich_help_panel=OTHERS)


@new_app.command(cls=Grouped, epilog=example("detente new regularizer gradient-noise"))
def regularizer(
    context: typer.Context,
    name: Name,
    into: Into = Path(),
    author: Author = "the authors",
    licence: Licence = "MIT",
    json: flags.Json = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Write a package with a new regularizer.

    It can be installed at once, and its tests are the laws that every regularizer must keep.
    """
    _write(context, "regularizer", name, into, author, licence, json, verbose, no_plugin)


@new_app.command(cls=Grouped, epilog=example("detente new domain rhythm"))
def domain(
    context: typer.Context,
    name: Name,
    into: Into = Path(),
    author: Author = "the authors",
    licence: Licence = "MIT",
    json: flags.Json = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Write a package with a new kind of data: a domain, a data set, a model and a metric.

    It can be installed and trained on at once; replace its data by yours.
    """
    _write(context, "domain", name, into, author, licence, json, verbose, no_plugin)


def _write(
    context: typer.Context,
    what: "What",
    name: str,
    into: Path,
    author: str,
    licence: str,
    json: bool,
    verbose: bool,
    no_plugin: list[str] | None,
) -> None:
    session, host = begin(context, json=json, verbose=verbose, no_plugin=no_plugin)
    from detente.scaffold.package import Package

    package = Package(what, name, author, licence)
    folder = package.write(into, host)
    main = folder / package.package / f"{what}.py"
    train = f"detente train ring --reg {name} --steps 200" if what == "regularizer" else f"detente train {name}"
    steps = [f"cd {folder}", "pip install -e '.[test]'", "pytest", train]
    text = "\n".join([f"{folder} is ready; the {what} is in {main.relative_to(folder)}.", "", *steps])
    session.result(text, {"folder": str(folder), "file": str(main), "next": steps})
