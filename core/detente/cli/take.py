"""What people take away from training: `sample` and `export`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from detente.cli import flags
from detente.cli.flags import begin, set_threads
from detente.cli.grouping import USING, Grouped, example
from detente.errors import UsageError, typed
from detente.files import own_folder, staged
from detente.files.standing import make_folder, trouble

if TYPE_CHECKING:
    from detente.training.generator import Generator, Samples

_ELSEWHERE = "Choose another name with --out"
Arm = Annotated[str | None, typer.Option(metavar="ARM", help="Of a study: its --reg.", show_default="the best one")]
Which = Annotated[str | None, typer.Option("--domain", metavar="NAME", help="Of a study with several domains.")]


def add_to(app: typer.Typer) -> None:
    """Put these verbs on the command line."""
    for verb, line in (
        (sample, "detente sample runs/00001-image-r1 -n 20 --seed 1"),
        (export, "detente export runs/00001-image-r1 --out generator"),
    ):
        app.command(cls=Grouped, rich_help_panel=USING, epilog=example(line))(verb)


def sample(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(path_type=flags.NAMED, metavar="RUN|EXPORT|STUDY|SEARCH", help="Folder of a trained generator."),
    ],
    n: Annotated[int, typer.Option("--samples", "-n", min=1, metavar="N", help="Number of samples.")] = 64,
    seed: Annotated[int, typer.Option(metavar="N", help="Random seed of the samples.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            path_type=flags.NAMED,
            metavar="DIR|FILE",
            help="Folder for the samples, or a file for a preview of all of them alone.",
            show_default="a new folder in the given one",
        ),
    ] = None,
    label: Annotated[int | None, typer.Option(metavar="N", help="Class of the samples; all in turn otherwise.")] = None,
    arm: Arm = None,
    domain: Which = None,
    as_drawn: Annotated[
        bool, typer.Option("--as-drawn", help="Keep samples that are not usable, such as no valid molecules.")
    ] = False,
    device: flags.Device = None,
    threads: flags.Threads = None,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Write samples of a trained generator as data, with a preview beside.

    Images as .png, one each; text as .txt; sound as .wav; molecules as .smi and .csv; anything else as .npz. The data
    that it was trained on are not needed.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    from detente.experiments.using import load

    set_threads(threads)
    generator = load(folder, arm=arm, domain=domain, host=host)
    if device is not None:
        from detente.training.device import device_of

        generator.to(device_of(device))
    step = generator.description["step"]
    suffix = generator.domain.preview_suffix
    if out is not None and out.suffix and out.suffix != suffix and not out.is_dir():
        raise UsageError(
            f"--out {out}: a folder is needed, or for a preview alone a file that ends in {suffix}; name the folder "
            f"{out.stem}, or name the file {out.stem}{suffix}."
        )
    from detente.training.sizes import check_samples

    check_samples("--samples", n, generator.space)
    samples = generator.sample(n, seed=seed, labels=label, usable=not as_drawn)
    if len(samples) < n:
        session.note(f"Note: only {len(samples)} of {samples.drawn:,} samples are usable; train longer for more.")
    where, files = _written(samples, generator, out, step, n)
    data = {"run": generator.folder, "step": step, "n": len(samples), "drawn": samples.drawn, "seed": seed}
    session.result(f"{where}", data | {"file": where, "files": files})


def _written(
    samples: "Samples", generator: "Generator", out: Path | None, step: int, n: int
) -> tuple[Path, list[Path]]:
    """The file or folder that was written, and the files of data."""
    where = out
    try:
        if where is None:
            name = f"sample-step-{step:06d}-n{n}-seed{samples.seed}"
            where = own_folder(generator.folder / name, generator.folder)
        elif where.suffix == generator.domain.preview_suffix and not where.is_dir():
            make_folder(where.parent, _ELSEWHERE)
            with staged(where, _ELSEWHERE[0].lower() + _ELSEWHERE[1:]) as new:
                generator.domain.preview(samples.tensors, new)
            return where, [where]
        return where, samples.save(make_folder(where, _ELSEWHERE))
    except (PermissionError, FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise UsageError(f"--out {where}: {trouble(error)}. Choose another folder or file.") from error


def export(
    context: typer.Context,
    folder: Annotated[
        Path,
        typer.Argument(path_type=flags.NAMED, metavar="RUN|STUDY|SEARCH", help="Folder of a run, study or search."),
    ],
    out: Annotated[
        Path | None,
        typer.Option(path_type=flags.NAMED, metavar="DIR", help="Folder to write.", show_default="RUN/export"),
    ] = None,
    arm: Arm = None,
    domain: Which = None,
    json: flags.Json = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    no_plugin: flags.NoPlugin = None,
) -> None:
    """Write the generator as safetensors, with a model card.

    `detente.load` loads it, and `detente sample` draws from it.
    """
    session, host = begin(context, json=json, quiet=quiet, verbose=verbose, no_plugin=no_plugin)
    from detente.experiments.using import run_folder
    from detente.training.export import write
    from detente.training.run_folder import Run
    from detente.training.trained import of_run

    run = run_folder(folder, arm, domain)
    exported, recipe = of_run(run, host)
    written = write(exported, recipe, Run(run), out or own_folder(run / "export", run))
    use = exported.model.command if exported.space.condition else "detente sample {folder} -n 16"
    lines = [f"{path}" for path in written]
    if use:
        lines.append(f"use with   {use.format(folder=typed(written[0].parent))}")
    session.result("\n".join(lines), {"run": run, "files": written})
