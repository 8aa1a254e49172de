"""What a folder holds of a run that is to go on, and what is not as it was."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from detente.cli.display import Session
from detente.errors import UsageError
from detente.files.heads import is_export
from detente.files.standing import has_file

if TYPE_CHECKING:
    from detente.plugins import Host
    from detente.recipe import Recipe
    from detente.training.build import Built


def before_in(folder: Path, recipe: "Recipe", host: "Host") -> dict[str, Any]:
    """What run.json says of the run that began in a folder; nothing where none did.

    A run that was killed so early that it has no readable run.json begins anew: there is no checkpoint without one.

    Raises:
        UsageError: the run is of a recipe that differs in more than may change, or the folder has a recipe.yaml that is
            no run's, which a run there would replace.
    """
    from detente.files import read_text
    from detente.recipe.document import read
    from detente.training.agreement import changes, refuse
    from detente.training.run_folder import WRITTEN_AGAIN, Run

    run = Run(folder)
    if not has_file(run.recipe):
        return {}
    if not has_file(folder / "run.json", WRITTEN_AGAIN):
        if is_export(folder):
            raise UsageError(f"{folder}: is an exported generator. Name another folder.")
        if read_text(run.recipe) == recipe.to_yaml():
            return {}
        raise UsageError(
            f"{folder}: has a recipe.yaml that is not of this run, which would replace it. Name another folder, or move"
            " the file away."
        )
    info = Run.open(folder).info
    refuse(
        changes(read(run.recipe), recipe.plain(), host),
        f"{folder}: has a run of another recipe",
        data_too=not info.get("identities"),
        there="there",
        here="here",
        instead="Name another folder, or leave --folder out.",
    )
    return info


def device_of(recipe: "Recipe", before: dict[str, Any]) -> str | None:
    """Where the run was trained so far, unless its recipe says where."""
    return (before.get("device") or {}).get("device") if recipe.device == "auto" else None


def note_changes(session: Session, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Say what is not as it was when the run began, for then its continuation need not be the same to the bit."""

    def facts(record: dict[str, Any]) -> dict[str, str]:
        commits = {f"{e['distribution']}'s code": str(e.get("commit")) for e in record.get("plugins", [])}
        device = (record.get("device") or {}).get("name", "?")
        counts = {"threads": str(record.get("threads")), "processes": str(record.get("processes") or 1)}
        return {**record.get("versions", {}), **commits, "device": device, **counts}

    then, today = facts(before), facts(now)
    changed = [f"{name} ({then[name]} → {today[name]})" for name in then if name in today and then[name] != today[name]]
    if changed:
        session.note(
            f"Changed since the run began: {', '.join(changed)}. Results may differ from those of an uninterrupted run."
        )


def note_duration(session: Session, built: "Built", host: "Host", start: int = 0) -> None:
    """Say about how long a run will take, by a few timed steps and an evaluation."""
    from detente.experiments.forecast import in_words
    from detente.training.pace import pace

    if session.quiet or start >= built.recipe.steps:
        return
    timed = pace(built, host)
    if timed is None:
        return
    left = timed.seconds(built.recipe) * (1 - start / built.recipe.steps)
    warm = f", {in_words(timed.warm_up)} of it before the first step" if timed.warm_up >= 1 else ""
    session.note(f"About {in_words(left)}{warm}, by a few timed steps; longer where the machine does other work.")
