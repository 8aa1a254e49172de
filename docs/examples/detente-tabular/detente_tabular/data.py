"""Tables: the diamonds that plotnine ships, and any CSV file."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from detente import (
    Batch,
    Data,
    Packed,
    PackedData,
    Sample,
    Space,
    Stream,
    UsageError,
    file_of,
    package_file,
    packed,
    shown,
)
from torch import Tensor

from detente_tabular.columns import Category, Column, Number

_SCORED = 2000
"""Rows that are held out, and as many for scores to compare with; a tenth of a smaller table."""
_LEAST, _MOST_LEVELS, _FEW = 200, 50, 2


class Rows(PackedData):
    """The rows of a table, encoded column by column.

    Attributes:
        columns: what the leaves of a sample stand for, in the order of the file.
        target: the column that downstream models predict.
        rows: itself; see `Sampled`.
    """

    def __init__(self, table: Packed, target: str | None) -> None:
        said = json.loads(bytes(table.arrays["columns"]).decode())
        self.columns: tuple[Column, ...] = tuple(_column(one) for one in said)
        names = [column.name for column in self.columns]
        self.target = names[-1] if target is None else target
        if self.target not in names:
            raise UsageError(f"target={target!r} is no column of this table; it has {', '.join(names)}.")
        self.notes = table.notes

        def part(split: str) -> Sample:
            arrays = (table.arrays[name][table.rows(split)] for name in ("values", "modes", "levels"))
            return tuple(map(torch.from_numpy, arrays))

        space = Space(tuple(column.leaf() for column in self.columns))
        identity = sha256(f"{table.digest} {self.target}".encode()).hexdigest()
        super().__init__(space, part("train"), part("held_out"), part("reference"), identity)

    @property
    def rows(self) -> "Rows":
        return self

    def encode(self, packed: Sample) -> Sample:
        values, modes, levels = packed
        numbers, categories = iter(zip(values.T, modes.T.long(), strict=True)), iter(levels.T.long())
        return tuple(
            c.encode(*next(numbers)) if isinstance(c, Number) else c.encode(next(categories)) for c in self.columns
        )

    def levels(self) -> Tensor:
        """The level of every training row in each category, [n, categories]."""
        return self.train[2].long()


class Diamonds(Rows):
    """53,775 round-cut diamonds: weight in carats, cut, colour, clarity, proportions, price in dollars, size in mm.

    The table of ggplot2, as plotnine ships it. Repeated rows and the 20 with a size of 0 are left out.

    Args:
        target: the column that downstream models predict.
    """

    description = "53,000 diamonds: price, weight, size, cut, colour, clarity"
    licence = "MIT (ggplot2, plotnine)"
    source = "https://ggplot2.tidyverse.org/reference/diamonds.html"

    def __init__(self, target: str = "price") -> None:
        file = package_file("plotnine", "data/diamonds.csv", "data 'diamonds'")

        def make() -> Packed:
            frame = pd.read_csv(file)
            whole = frame[(frame[["x", "y", "z"]] > 0).all(axis=1)]
            return prepare(whole, (), (f"{len(frame) - len(whole)} rows have a size of 0 and are left out.",))

        super().__init__(packed("tabular", {"data": "diamonds", "content": _hash(file)}, make), target)


class Csv(Rows):
    """A table of your own: a CSV file with a header.

    A column is a category if it holds words, or no more than two different numbers. Rows with a missing value and
    repeated rows are left out; the notes count them.

    Args:
        path: the file.
        target: the column that downstream models predict; the last one if it is not given.
        categories: columns of numbers that are codes.
        without: columns to leave out, such as a running number.

    Raises:
        UsageError: there is no such file or column, it is no table, or a category has more than 50 levels.
    """

    description = "a table of your own"
    licence = "that of the file"
    source = "your file"

    def __init__(
        self,
        path: str,
        target: str | None = None,
        categories: list[str] | None = None,
        without: list[str] | None = None,
    ) -> None:
        file = file_of(path, "data 'csv'")
        about = {"data": "csv", "content": _hash(file), "categories": categories, "without": without}

        def make() -> Packed:
            try:
                frame = pd.read_csv(file)
            except (ValueError, OSError) as error:  # pandas' own errors are ValueErrors
                raise UsageError(f"data 'csv': {shown(file)} is no CSV table ({error}).") from error
            unknown = [name for name in (*(categories or ()), *(without or ())) if name not in frame]
            if unknown:
                raise UsageError(f"data 'csv': no column {unknown[0]!r} in {shown(file)}; it has {', '.join(frame)}.")
            return prepare(frame.drop(columns=without or []), categories or ())

        super().__init__(packed("tabular", about, make), target)


def _hash(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()


def prepare(frame: pd.DataFrame, categories: Sequence[str], notes: tuple[str, ...] = ()) -> Packed:
    """A table as packed arrays, in a fixed order at random: values and modes of numbers, levels of categories."""
    for what, kept in (("have a missing value", frame.dropna()), ("repeat another", frame.dropna().drop_duplicates())):
        gone = len(frame) - len(kept)
        notes += (f"{gone:,} rows {what} and are left out.",) if gone else ()
        frame = kept
    if len(frame) < _LEAST:
        raise UsageError(f"the table has {len(frame)} whole rows; {_LEAST} are the least to train and to score with.")
    frame = frame.iloc[np.random.default_rng(0).permutation(len(frame))]
    scored = min(_SCORED, len(frame) // 10)
    train, draws = slice(2 * scored, None), torch.Generator().manual_seed(0)
    columns: list[Column] = []
    values, modes, levels = [], [], []
    for name in map(str, frame):
        entries = frame[name]
        if name in categories or not pd.api.types.is_numeric_dtype(entries) or entries.nunique() <= _FEW:
            codes, found = pd.factorize(entries.astype(str), sort=True)
            if len(found) > _MOST_LEVELS:
                raise UsageError(
                    f"the column {name!r} has {len(found)} different values; a category has {_MOST_LEVELS} at most. "
                    f"Leave it out: --set data.without='[{name}]'"
                )
            columns.append(Category(name, tuple(found)))
            levels.append(codes)
            continue
        numbers = entries.to_numpy(np.float64, copy=True)
        column = Number.fitted(name, numbers[train])
        likely = column.responsibilities(torch.from_numpy(numbers))
        columns.append(column)
        values.append(numbers)
        modes.append(likely.multinomial(1, generator=draws)[:, 0].numpy())
    n = len(frame)
    arrays = {
        "values": np.stack(values, 1) if values else np.zeros((n, 0)),
        "modes": np.stack(modes, 1).astype(np.int16) if modes else np.zeros((n, 0), np.int16),
        "levels": np.stack(levels, 1).astype(np.int16) if levels else np.zeros((n, 0), np.int16),
        "columns": np.frombuffer(json.dumps([asdict(c) for c in columns]).encode(), np.uint8),
    }
    return Packed(arrays, {"held_out": scored, "reference": scored, "train": n - 2 * scored}, notes)


def _column(said: dict[str, Any]) -> Column:
    if "levels" in said:
        return Category(said["name"], tuple(said["levels"]))
    return Number(**{**said, "modes": tuple(map(tuple, said["modes"]))})


class Sampled(Data):
    """Rows with a condition each, by training-by-sampling (Xu et al. 2019, section 4.3).

    A condition is one level of one category: label c + l for level l of a category whose levels begin at c. Every
    category has as many conditions, its levels in proportion to the logarithm of their number of rows, and for each a
    row that meets it. An epoch goes through all of them.

    Args:
        rows: the table, which has a category.
    """

    def __init__(self, rows: Rows) -> None:
        categories = [c for c in rows.columns if isinstance(c, Category)]
        if not categories:
            raise UsageError("a conditional model needs a column of categories, and this table has none; use mlp.")
        self.rows = rows
        self.columns, self.target = rows.columns, rows.target
        self.description, self.licence, self.source, self.notes = (
            rows.description,
            rows.licence,
            rows.source,
            rows.notes,
        )
        self._levels = rows.levels()
        self._first = torch.tensor([0, *(c.width for c in categories)]).cumsum(0)[:-1]
        self.space = replace(rows.space, classes=sum(c.width for c in categories))
        draws = torch.Generator().manual_seed(0)
        chosen, labels = [], []
        for column in range(len(categories)):
            count = self._levels[:, column].bincount(minlength=categories[column].width)
            share = (count + 1.0).log() * (count > 0)
            quota = (share / share.sum() * len(rows)).round().long().clamp(min=1) * (count > 0)
            for level, n in enumerate(quota.tolist()):
                there = (self._levels[:, column] == level).nonzero()[:, 0]
                rounds = [
                    there[torch.randperm(len(there), generator=draws)] for _ in range(-(-n // max(1, len(there))))
                ]
                chosen += [row[: n - i * len(there)] for i, row in enumerate(rounds)]
                labels.append(torch.full((n,), int(self._first[column]) + level))
        self._chosen, self._labels = torch.cat(chosen), torch.cat(labels)

    def __len__(self) -> int:
        return len(self._chosen)

    def batch(self, index: Tensor) -> Batch:
        return Batch(self.rows.batch(self._chosen[index]).x, self._labels[index])

    def held_out(self) -> Sample:
        return self.rows.held_out()

    def reference(self) -> Sample:
        return self.rows.reference()

    @property
    def identity(self) -> str:
        return f"{self.rows.identity}-by-sampling"

    def conditions(self, n: int, rng: Stream) -> Tensor:
        """A level of a random category for each sample, as frequent as in the table."""
        draws = rng.generator()
        row = torch.randint(len(self._levels), (n,), generator=draws)
        column = torch.randint(self._levels.shape[1], (n,), generator=draws)
        return self._first[column] + self._levels[row, column]
