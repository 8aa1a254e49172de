"""What a generator needs of the data that it was trained on: their space, and what a model card says of them.

It stands in a run's folder as generator.json, so that using a generator needs no data.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from detente.domains.contracts import Data
from detente.engine.sample import Leaf, Space
from detente.files import plain, read_json, write_atomically
from detente.files.records import Count, Record, checked

OUTLINE_FORMAT = 1
OUTLINE = "generator.json"


class LeafRecord(Record):
    """One tensor of a sample."""

    shape: list[Count]
    name: str
    channel_axis: int
    symbols: list[str] = []


class SpaceRecord(Record):
    """The shape of samples, with the meaning of their entries."""

    leaves: Annotated[list[LeafRecord], Field(min_length=1)]
    classes: Count | None = None
    condition: list[Count] | None = None


class _Outline(Record):
    format: Literal[1]
    space: SpaceRecord
    data: dict[str, str | None]


def about(data: Data, name: str) -> dict[str, Any]:
    """What is said of data in public: no place on the disk of whoever trained."""
    return {
        "name": name,
        "description": data.description,
        "licence": data.licence,
        "source": public(data.source),
        "identity": data.identity,
    }


def public(source: str) -> str:
    """A source without the folders that lead to it on this machine."""
    path = Path(source)
    return path.name if path.is_absolute() or path.exists() else source


def space_of(said: Mapping[str, Any]) -> Space:
    """The space that plain data of a `SpaceRecord` describe."""
    condition = said.get("condition")
    return Space(
        tuple(
            Leaf(tuple(leaf["shape"]), leaf["name"], leaf["channel_axis"], tuple(leaf.get("symbols", ())))
            for leaf in said["leaves"]
        ),
        said.get("classes"),
        tuple(condition) if condition else None,
    )


def keep(folder: Path, data: Data, name: str) -> None:
    """Write it into a run's folder.

    Args:
        folder: of the run.
        data: in the form that the model uses.
        name: of the data, in the recipe.
    """
    content = {"format": OUTLINE_FORMAT, "space": asdict(data.space), "data": about(data, name)}
    write_atomically(folder / OUTLINE, json.dumps(plain(content), ensure_ascii=False) + "\n")


def kept(folder: Path) -> tuple[Space, dict[str, Any]] | None:
    """What `keep` wrote; None where there is nothing, as in runs of versions before 0.2.

    Raises:
        UsageError: it is damaged.
    """
    path = folder / OUTLINE
    if not path.is_file():
        return None
    said = checked(_Outline, read_json(path), f"{path}", "delete it; it is made again where the data are at hand")
    return space_of(said["space"]), said["data"]
