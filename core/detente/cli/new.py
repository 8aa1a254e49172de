"""`new`: a package of one's own, from templates."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detente.cli import flags
from detente.cli.flags import begin
from detente.cli.grouping import OTHERS, Grouped, example
from detente.errors import typed, visible_name

if TYPE_CHECKING:
    from detente.scaffold.package import What

Name = Annotated[str, typer.Argument(metavar="NAME", help="What recipes will call it, such as gradient-noise.")]
Into = Annotated[Path, typer.Option(path_type=flags.NAMED, metavar="DIR", help="Where the package's folder is put.")]
Author = Annotated[str, typer.Option(metavar="NAME", help="Who holds the copyright.")]
Licence = Annotated[str, typer.Option(metavar="MIT|BSD-3-Clause|Apache-2.0", help="Its licence.")]
InTree = Annotated[
    bool, typer.Option("--in-tree", help="Write it into a checkout of détente itself, which --into names.")
]
Folder = Annotated[Path, typer.Argument(path_type=flags.NAMED, metavar="FOLDER", help="The package's folder.")]

new_app = typer.Typer(help="Start a package of your own: a regularizer or a domain.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Put this verb on the command line."""
    app.add_typer(new_app, name="new", rich_help_panel=OTHERS)


@new_app.command(
    cls=Grouped,
    epilog=example("detente new regularizer gradient-noise", "detente new regularizer gradient-noise --in-tree"),
)
def regularizer(
    context: typer.Context,
    name: Name,
    into: Into = Path(),
    author: Author = "the authors",
    licence: Licence = "MIT",
    in_tree: InTree = False,
    json: flags.Json = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Write a package with a new regularizer.

    It can be installed at once, and its tests are the laws that every regularizer must keep. With --in-tree it becomes
    one of détente's own: class, test, card and the lines that register it.
    """
    if in_tree:
        _write_in_tree(context, name, into, json, verbose, no_plugin)
        return
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


@new_app.command(cls=Grouped, epilog=example("detente new diff detente-gradient-noise"))
def diff(
    context: typer.Context,
    folder: Folder = Path(),
    json: flags.Json = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Show what the templates of today would change in a package that was made from older ones.

    Files of your own (class, README, licence, recipe) are left out. Nothing is written.
    """
    session, _ = begin(context, json=json, verbose=verbose, no_plugin=no_plugin)
    from detente.scaffold.difference import difference

    found = difference(folder)
    session.result(found or f"{folder}: nothing differs from the templates.", {"folder": str(folder), "diff": found})


def _write_in_tree(
    context: typer.Context, name: str, into: Path, json: bool, verbose: bool, no_plugin: list[str] | None
) -> None:
    session, host = begin(context, json=json, verbose=verbose, no_plugin=no_plugin)
    from detente.scaffold.in_tree import BuiltIn

    files = [str(path) for path in BuiltIn(name).write(into, host)]
    steps = ["make index", "make test"]
    text = "\n".join(["Written or changed:", *(f"  {visible_name(file)}" for file in files), "", *steps])
    session.result(text, {"files": files, "next": steps})


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
    steps = [typed("cd", folder), "pip install -e '.[test]'", "pytest", train]
    text = "\n".join([f"{folder} is ready; the {what} is in {main.relative_to(folder)}.", "", *steps])
    session.result(text, {"folder": str(folder), "file": str(main), "next": steps})
