"""What is installed on this machine: `plugins`, `data`, and what `doctor` checks."""

import os
import shutil
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from detente.cli import flags, own_data
from detente.cli.display import table
from detente.cli.flags import begin
from detente.cli.grouping import LOOKING
from detente.errors import DetenteError, PluginError, UsageError, did_you_mean, one_line
from detente.files.named import Named
from detente.files.standing import make_folder, trouble

if TYPE_CHECKING:
    from detente.plugins import Host
    from detente.plugins.registry import Entry

plugins_app = typer.Typer(invoke_without_command=True)
data_app = typer.Typer(invoke_without_command=True)


def add_to(app: typer.Typer) -> None:
    """Put these verbs on the command line."""
    app.add_typer(plugins_app, name="plugins", rich_help_panel=LOOKING)
    app.add_typer(data_app, name="data", rich_help_panel=LOOKING)


@plugins_app.callback()
def plugins(
    context: typer.Context, json: flags.Json = False, verbose: flags.Verbose = False, no_plugin: flags.NoPlugin = None
) -> None:
    """List plugins and what they provide."""
    if context.invoked_subcommand is not None:
        return
    session, host = begin(context, json=json, verbose=verbose, no_plugin=no_plugin)
    from detente.plugins.listing import listing, render_listing

    found = listing(host)
    session.result(render_listing(found), found)


@plugins_app.command("show")
def plugins_show(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Name of a plugin, or of something that a plugin provides.")
    ],
    json: flags.Json = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Show one name: where it comes from, its options, its documentation."""
    session, host = begin(context, json=json, verbose=verbose, no_plugin=no_plugin)
    from detente.plugins.listing import render_shown, show

    found = show(host, name)
    session.result(render_shown(found), found)


@plugins_app.command("check")
def plugins_check(
    context: typer.Context,
    distribution: Annotated[
        str, typer.Argument(metavar="DIST", help="An installed distribution, or the name of its plugin.")
    ],
    sets: flags.Set = None,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Test a plugin: its metadata, what it imports at every start, and the laws of all that it declares.

    Exits with 3 if something is broken. It takes a minute or two; `--set data.size=200` and the like make it shorter.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    from detente.testing.scorecard import scorecard

    card = scorecard(distribution, host, sets or (), quiet=session.quiet or session.json)
    session.result(str(card), card.data())
    if card.broken:
        raise typer.Exit(PluginError.exit_code)


@data_app.callback()
def data(
    context: typer.Context, json: flags.Json = False, verbose: flags.Verbose = False, no_plugin: flags.NoPlugin = None
) -> None:
    """List data sets, or prepare one."""
    if context.invoked_subcommand is not None:
        return
    session, host = begin(context, json=json, verbose=verbose, no_plugin=no_plugin)
    sets = [_describe(entry) for entry in sorted(host.entries("data"), key=lambda e: (e.domain or "", e.name))]
    yours = {name: own_data.usage(host, name) for name in dict.fromkeys(each["domain"] for each in sets)}
    own = {name: [line for one in told for line in _own_lines(one)] for name, told in yours.items()}
    parts: list[str] = []
    for domain in dict.fromkeys(each["domain"] for each in sets):
        parts.append(domain)
        for each in sets:
            if each["domain"] == domain:
                parts.append(f"  {each['name']}: {each['error'] or each['summary']}")
                parts += [f"    {key}: {each[key]}" for key in ("licence", "source") if each[key]]
        parts += own.get(domain, [])
    text = "\n".join(parts) or "No installed plugin provides a data set."
    session.result(text, {"data": sets, "your_own": [one for told in yours.values() for one in told]})


@data_app.command("get")
def data_get(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Data set; DOMAIN/NAME if several domains have one of this name.")
    ],
    json: flags.Json = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Fetch and prepare a data set, and keep it in the cache."""
    session, host = begin(context, json=json, verbose=verbose, no_plugin=no_plugin)
    found = _get(host, name)
    session.result(table([(key, str(value)) for key, value in found.items()]), found)


def checks(host: "Host") -> list[dict[str, str]]:
    """What `doctor` says of this machine."""
    return [_python(), _torch(), _processor(), *_plugins(host), _cache(), _disk()]


def _describe(entry: "Entry") -> dict[str, Any]:
    shown = {"domain": entry.domain, "name": entry.name, "summary": entry.summary, "licence": None, "source": None}
    shown |= {"distribution": entry.distribution, "version": entry.version, "error": None}
    try:
        target = entry.load()
    except PluginError as error:
        shown["error"] = str(error)
        return shown
    # Data may be made by a function, which says none of this before it is called.
    shown["summary"] = entry.summary or getattr(target, "description", "")
    return shown | {key: getattr(target, key, None) or None for key in ("licence", "source")}


def _own_lines(one: dict[str, Any]) -> list[str]:
    options = ", ".join(f"data.{name}={value}" for name, value in one["options"].items())
    return [f"  your own: {one['command']}", *([f"    options, each with --set: {options}"] if options else [])]


def _get(host: "Host", name: str) -> dict[str, Any]:
    domain, _, short = name.rpartition("/")
    entries = [e for e in host.entries("data") if e.name == short and domain in ("", e.domain)]
    domains = sorted({str(e.domain) for e in entries})
    if not entries and domain:
        host.entry("data", short, domain)  # says what is wrong
    if not entries:
        hint = did_you_mean(short, [e.name for e in host.entries("data")])
        raise UsageError(f"There is no data set {name!r}.{hint} `detente data` lists all data sets.")
    if len(domains) > 1:
        raise UsageError(f"{name!r} is a data set of {' and '.join(domains)}: write {domains[0]}/{short}.")
    made = host.load("data", short, domains[0])()
    return {
        "domain": domains[0],
        "name": short,
        "samples": len(made),
        "shape": ", ".join(f"{leaf.name} {'×'.join(map(str, leaf.shape)) or 'scalar'}" for leaf in made.space.leaves),
        "classes": made.space.classes or "none",
        "description": made.description,
        "licence": made.licence,
        "source": made.source,
        "identity": made.identity,
    }


def _check(what: str, found: str, status: str = "ok") -> dict[str, str]:
    return {"what": what, "status": status, "found": found}


def _python() -> dict[str, str]:
    version = ".".join(map(str, sys.version_info[:3]))
    return _check("python", f"{version} at {sys.executable}", "ok" if sys.version_info >= (3, 11) else "broken")


def _torch() -> dict[str, str]:
    try:
        import torch

        from detente.experiments.executors.local import cpus

        cuda = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
        return _check(
            "torch", f"{torch.__version__}; {', '.join(cuda) or 'no CUDA device'}; {cpus()} CPUs, using 1 thread"
        )
    except Exception as error:  # libraries that do not fit fail in many ways
        return _check("torch", one_line(error), "broken")


def _processor() -> dict[str, str]:
    try:
        from detente.training.hardware import processor

        return _check("processor", processor())
    except Exception:  # torch is broken, as another line says
        return _check("processor", "unknown without torch")


def _plugins(host: "Host") -> list[dict[str, str]]:
    status = {"ok": "ok", "failed": "broken", "blocked": "blocked"}
    return [
        _check(
            f"plugin {p.origin.plugin}",
            ": ".join([str(p.origin), *([p.error] if p.error else []), *p.notes]),
            status[p.status],
        )
        for p in host.plugins
    ]


def _cache() -> dict[str, str]:
    folder = _cache_folder()
    try:
        with tempfile.TemporaryFile(dir=make_folder(folder, "Set DETENTE_CACHE to another folder")):
            return _check("cache", f"{folder} can be written")
    except UsageError as error:
        return _check("cache", str(error).rstrip("."), "broken")
    except OSError as error:
        return _check("cache", f"{folder}: {trouble(error)}. Set DETENTE_CACHE to another folder", "broken")


def _disk() -> dict[str, str]:
    places = {"here": Path(), "cache": _cache_folder()}
    free: dict[str, float] = {}
    for name, place in places.items():
        with suppress(OSError):  # of the cache another line says it; the current folder may have been removed
            place = place.absolute()
            while not place.exists():
                place = place.parent
            free[name] = shutil.disk_usage(place).free / 2**30
    text = ", ".join(f"{space:.1f} GiB free ({name})" for name, space in free.items())
    return _check("disk", text or "cannot be seen", "ok" if min(free.values(), default=0) > 1 else "low")


def _cache_folder() -> Path:
    try:
        from detente.domains.cache import cache_folder

        return Named(cache_folder())
    except (ImportError, OSError, DetenteError):  # torch is broken, as another line says
        return Named(os.environ.get("DETENTE_CACHE") or Path.home() / ".cache" / "detente")
