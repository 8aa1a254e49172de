"""Rows of a table: what they are, how they are shown and taken away, and what has to be beaten."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from detente import Data, Domain, Primary, Sample, Space, each, leaves
from torch import Tensor

from detente_tabular.columns import Category, Column, Number, columns_of, decoded, features


def jitter(x: Sample, draws: torch.Generator) -> Sample:
    """A little noise on every entry."""
    return each(lambda leaf: leaf + 0.05 * torch.randn(leaf.shape, generator=draws, device=leaf.device), x)


def forget(x: Sample, draws: torch.Generator) -> Sample:
    """A tenth of the entries of the table unknown: zeros in place of a column."""
    return each(lambda leaf: leaf * (torch.rand(len(leaf), 1, generator=draws, device=leaf.device) > 0.1), x)


class Tabular(Domain):
    """A sample is a row: one leaf for each column, see `Number` and `Category`."""

    name = "tabular"
    primary = Primary("quality", "higher", protocol="mean agreement of marginals and of pairwise associations")
    metrics = ("quality", "detection", "utility", "closest-record", "frechet", "prdc")
    augmentations = {"jitter": jitter, "forget": forget}
    sample_count = 2000
    preview_count = 20

    columns: tuple[Column, ...] = ()

    def meet(self, space: Space) -> None:
        self.columns = columns_of(space)

    def table(self, x: Sample) -> pd.DataFrame:
        """Samples as a table with the columns, units and words of the file."""
        numbers, levels = decoded(each(lambda leaf: leaf.detach().cpu(), x), self.columns)
        values, codes = iter(numbers.T), iter(levels.T)
        return pd.DataFrame(
            {
                c.name: next(values)
                if isinstance(c, Number)
                else pd.Categorical.from_codes(next(codes), list(c.levels))
                for c in self.columns
            }
        )

    def features(self, x: Sample) -> Tensor:
        return features(x, self.columns)

    def preview(self, x: Sample, path: Path) -> None:
        path.write_text(self.table(x).to_string(index=False) + "\n", encoding="utf-8")

    def save(self, x: Sample, folder: Path) -> list[Path]:
        self.table(x).to_csv(folder / "samples.csv", index=False)
        return [folder / "samples.csv"]

    def content(self, x: Sample) -> Mapping[str, Any]:
        return {"table": self.table(x)}

    def baseline(self, data: Data, n: int, generator: torch.Generator) -> Sample:
        """A Gaussian copula: the marginals of the table, and the rank correlations of all columns.

        A category takes part by the numbers of its levels, its ties broken at random.
        """
        rows = getattr(data, "rows", data)
        real = rows.batch(torch.arange(len(rows))).x
        values = [c.decode(leaf).double() for c, leaf in zip(self.columns, leaves(real), strict=True)]
        scores = torch.stack([_normal_scores(v, generator) for v in values], 1)  # [m, columns]
        weights = torch.randn(n, len(scores), generator=generator, dtype=scores.dtype) / len(scores) ** 0.5
        place = torch.special.ndtr(weights @ scores)  # [n, columns], correlated as the scores are
        drawn = [
            v.sort().values[(p * len(v)).long().clamp(max=len(v) - 1)] for v, p in zip(values, place.T, strict=True)
        ]
        return tuple(_encoded(c, v, generator) for c, v in zip(self.columns, drawn, strict=True))


def _normal_scores(values: Tensor, generator: torch.Generator) -> Tensor:
    """Values [m] as a standard normal would have them in their order, ties in a random one."""
    order = torch.randperm(len(values), generator=generator)
    order = order[values[order].argsort(stable=True)]
    rank = torch.empty_like(order)
    rank[order] = torch.arange(len(values))
    return torch.special.ndtri((rank + 0.5) / len(values)).double()


def _encoded(column: Column, values: Tensor, generator: torch.Generator) -> Tensor:
    if isinstance(column, Category):
        return column.encode(values.long())
    return column.encode(values, column.responsibilities(values).multinomial(1, generator=generator)[:, 0])
