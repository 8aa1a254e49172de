"""The law of a kind of data as a whole: what is trained on it can be resumed, sampled and taken away."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from detente.engine.sample import Sample, leaves
from detente.errors import DetenteError, DivergedError
from detente.testing.laws import Broken, Skip
from detente.testing.suites.data import fits
from detente.testing.suites.kind import Kind

_STEPS = 4
_SAMPLES = 64
_SETS = (f"steps={_STEPS}", "batch=8", f"evaluate_every={_STEPS}", "log_every=1", f"samples={_SAMPLES}")


def it_trains_resumes_exports_and_samples(k: Kind) -> None:
    """A short run with r1 ends; resumed from its middle it ends alike; its export makes the same samples elsewhere."""
    if k.sets is None:
        raise Skip("it was made by hand, so no recipe names it; test the domain by its name")
    with tempfile.TemporaryDirectory() as folder:
        _run(k, Path(folder))


def _run(k: Kind, folder: Path) -> None:
    # The layers above are needed by this law alone, and by no regularizer's.
    from detente.recipe import resolve
    from detente.training.build import build
    from detente.training.checkpoint import checkpoints
    from detente.training.export import export_run, load_exported
    from detente.training.run_folder import Run
    from detente.training.trainer import Trainer

    assert k.host is not None, "a kind with settings was made by a host"
    host = k.host
    resolved = resolve(None, k.name, [*(k.sets or ()), *_SETS, "checkpoint_every=2"], ["d:r1"], host=host)

    def trained(where: Path) -> Any:
        built, run = build(resolved, host), Run(where)
        if not run.recipe.exists():
            Run.create(where, resolved.recipe.to_yaml(), {})
        trainer = Trainer(built, run, host)
        trainer.restore()
        trainer.train()
        return trainer

    try:
        whole = trained(folder / "run")
    except DivergedError as error:
        raise Broken(
            f"{_STEPS} steps with the domain's own recipe do not stay finite: {error}"
            "; lower the recipe's learning rates, or scale the data"
        ) from error
    except DetenteError as error:
        raise Broken(f"it cannot be trained with its own recipe: {error}") from error
    shutil.copytree(folder / "run", folder / "stopped")
    checkpoints(folder / "stopped" / "checkpoints")[-1].unlink()
    again = trained(folder / "stopped")
    if differ := _unlike(whole.built.game.state_dict(), again.built.game.state_dict()):
        raise Broken(f"a run that was stopped and resumed differs in {differ}; keep state in the networks' buffers")
    if not any((folder / "run" / "samples").iterdir()):
        raise Broken("a run leaves no preview of its samples; let Domain.preview write to the path that it is given")
    export_run(whole, folder / "taken")
    exported = load_exported(folder / "taken", host)
    labels = exported.labels(_SAMPLES) if whole.built.model.conditional and whole.built.data.space.classes else None
    if whole.built.model.conditional and labels is None:
        return  # its condition is data, which an export does not hold
    made, second = (exported.sample(_SAMPLES, seed=3, labels=labels) for _ in range(2))
    fits(k, "an exported generator's output", made, _SAMPLES)
    if not _equal(made, second):
        raise Broken("an exported generator makes other samples with the same random seed; draw from the stream alone")
    if not all(leaf.isfinite().all() for leaf in leaves(made)):
        raise Broken("an exported generator's samples are not finite; keep all that it needs in parameters and buffers")
    # Real ones: what an untrained generator makes may be nothing that can be written, such as no valid molecule.
    saved = k.domain.save(k.batch.x, folder / "taken")
    if not saved or not all(path.is_file() and path.stat().st_size for path in saved):
        raise Broken(
            "save() writes no samples, or does not return the files that it writes"
            "; return the paths of the files written"
        )


def _equal(a: Sample, b: Sample) -> bool:
    return all(map(torch.equal, leaves(a), leaves(b)))


def _unlike(a: Any, b: Any, where: str = "") -> str | None:
    """Where two states differ."""
    if isinstance(a, Tensor):
        return None if isinstance(b, Tensor) and torch.equal(a, b) else where
    if isinstance(a, dict):
        if not isinstance(b, dict) or a.keys() != b.keys():
            return where
        found = (_unlike(a[key], b[key], f"{where}.{key}".lstrip(".")) for key in a)
        return next((one for one in found if one), None)
    if isinstance(a, list | tuple):
        if not isinstance(b, list | tuple) or len(a) != len(b):
            return where
        found = (_unlike(x, y, f"{where}[{i}]") for i, (x, y) in enumerate(zip(a, b, strict=True)))
        return next((one for one in found if one), None)
    return None if a == b else where


LAWS: tuple[Callable[[Kind], None], ...] = (it_trains_resumes_exports_and_samples,)
MUST = tuple(law.__name__ for law in LAWS)
