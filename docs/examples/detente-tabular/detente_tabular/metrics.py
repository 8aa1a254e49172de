"""How synthetic tables are judged: marginals, associations, detection, downstream utility, the closest record."""

import itertools
import math

import numpy as np
import torch
from detente import Evaluation, Metric
from scipy.stats import ks_2samp, rankdata

from detente_tabular.columns import Category, Column, Number, columns_of, decoded, features


class Quality(Metric):
    """Marginals and pairwise associations of the samples against those of the reference.

    ks: the Kolmogorov-Smirnov statistic, mean over numeric columns; tv: the total variation distance, mean over
    categories; correlation-error: mean absolute difference over pairs of columns, of Spearman's correlation (halved) of
    two numbers, Cramér's V of two categories, the correlation ratio of a category and the ranks of a number. All are
    in [0, 1]; ks or tv is NaN where there is no such column.

    quality = 1 − (mean of ks and tv over all columns + correlation-error) / 2, as the score of the same name weighs
    column shapes and column-pair trends in SDMetrics (Patki et al. 2016).
    """

    scores = {"quality": "higher", "ks": "lower", "tv": "lower", "correlation-error": "lower"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        columns = columns_of(e.data.space)
        (numbers, levels), (real, real_levels) = decoded(e.samples, columns), decoded(e.data.reference(), columns)
        widths = [c.width for c in columns if isinstance(c, Category)]
        ks = [float(ks_2samp(a, b, method="asymp").statistic) for a, b in zip(numbers.T, real.T, strict=True)]
        tv = [_total_variation(*pair, k) for *pair, k in zip(levels.T, real_levels.T, widths, strict=True)]
        ours, theirs = associations(numbers, levels, widths), associations(real, real_levels, widths)
        error = float(np.mean(np.abs(ours - theirs))) if len(ours) else 0.0
        return {
            "quality": 1 - (float(np.mean(ks + tv)) + error) / 2,
            "ks": float(np.mean(ks)) if ks else math.nan,
            "tv": float(np.mean(tv)) if tv else math.nan,
            "correlation-error": error if len(ours) else math.nan,
        }


def _total_variation(a: np.ndarray, b: np.ndarray, levels: int) -> float:
    shares = [np.bincount(x, minlength=levels) / len(x) for x in (a, b)]
    return float(np.abs(shares[0] - shares[1]).sum() / 2)


def associations(numbers: np.ndarray, levels: np.ndarray, widths: list[int]) -> np.ndarray:
    """One number for each pair of columns, [pairs]: numbers with numbers, with categories, categories with categories.

    Differences are in [0, 1]: a correlation in [−1, 1] is halved. A constant column is associated with nothing.
    """
    ranks = [_standardized(rankdata(column)) for column in numbers.T]
    out = [float((a * b).mean()) / 2 for a, b in itertools.combinations(ranks, 2)]
    categories = list(zip(levels.T, widths, strict=True))
    out += [_correlation_ratio(rank, level, k) for rank in ranks for level, k in categories]
    out += [_cramers_v(a, b, j, k) for (a, j), (b, k) in itertools.combinations(categories, 2)]
    return np.array(out)


def _standardized(x: np.ndarray) -> np.ndarray:
    spread = x.std()
    return (x - x.mean()) / spread if spread > 0 else np.zeros_like(x)


def _correlation_ratio(x: np.ndarray, level: np.ndarray, levels: int) -> float:
    """η: the standard deviation of the levels' means of a standardized number."""
    count = np.bincount(level, minlength=levels)
    means = np.bincount(level, x, minlength=levels) / np.maximum(count, 1)
    return float(np.sqrt((count * means**2).sum() / len(x)))


def _cramers_v(a: np.ndarray, b: np.ndarray, j: int, k: int) -> float:
    table = np.bincount(a * k + b, minlength=j * k).reshape(j, k) / len(a)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    expected = table.sum(1, keepdims=True) * table.sum(0)
    least = min(table.shape) - 1
    return float(np.sqrt((((table - expected) ** 2) / expected).sum() / least)) if least else 0.0


class Detection(Metric):
    """How well gradient-boosted trees tell samples from the reference: the area under the ROC, over three folds.

    0.5 is not at all, 1 is every time.
    """

    scores = {"detection-auc": "lower"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.model_selection import StratifiedKFold, cross_val_score

        columns = columns_of(e.data.space)
        fake, real = (_sorted(np.hstack(decoded(x, columns))) for x in (e.samples, e.data.reference()))
        if min(len(fake), len(real)) < 10:
            return {"detection-auc": math.nan}
        y = np.repeat([0, 1], [len(fake), len(real)])
        judge = HistGradientBoostingClassifier(max_iter=50, categorical_features=_is_category(columns), random_state=0)
        folds = StratifiedKFold(3, shuffle=True, random_state=0)
        return {
            "detection-auc": float(
                cross_val_score(judge, np.vstack([fake, real]), y, cv=folds, scoring="roc_auc").mean()
            )
        }


def _sorted(table: np.ndarray) -> np.ndarray:
    """Its rows in an order of their own: folds go by position, and a score must not depend on that of the samples."""
    return table[np.lexsort(table.T)]


def _is_category(columns: tuple[Column, ...]) -> np.ndarray:
    """In the order of `decoded`: numbers, then categories."""
    numbers = sum(isinstance(c, Number) for c in columns)
    return np.arange(len(columns)) >= numbers


class Utility(Metric):
    """Train on synthetic, test on real: how well trees that learnt from samples predict the target of the reference.

    R² for a number (0 is no better than its mean), balanced accuracy for a category (1 / levels is chance).
    """

    scores = {"utility": "higher"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
        from sklearn.metrics import balanced_accuracy_score, r2_score

        columns = columns_of(e.data.space)
        target = getattr(e.data, "target", columns[-1].name)
        ordered = sorted(columns, key=lambda c: isinstance(c, Category))  # as `decoded` has them
        at = [c.name for c in ordered].index(target)
        fake, real = (_sorted(np.hstack(decoded(x, columns))) for x in (e.samples, e.data.reference()))
        known, options = np.delete(_is_category(columns), at), {"max_iter": 100, "random_state": 0}
        (x, y), (x_real, y_real) = ((np.delete(t, at, axis=1), t[:, at]) for t in (fake, real))
        if len(columns) < 2 or len(fake) < 10 or len(real) < 10:
            return {"utility": math.nan}
        if isinstance(ordered[at], Number):
            model = HistGradientBoostingRegressor(categorical_features=known, **options).fit(x, y)
            return {"utility": float(r2_score(y_real, model.predict(x_real)))}
        if len(np.unique(y)) < 2:  # there is nothing to learn: it always says the same
            return {"utility": float(balanced_accuracy_score(y_real, np.full(len(y_real), y[0])))}
        model = HistGradientBoostingClassifier(categorical_features=known, **options).fit(x, y)
        return {"utility": float(balanced_accuracy_score(y_real, model.predict(x_real)))}


class ClosestRecord(Metric):
    """Whether samples are copies: their distances to real rows, numbers in standard deviations, another level being 1.

    closest-record: the median distance to the closest of as many training rows as there are in the reference.
    closer-to-train: the share of samples that are closer to a training row than to any of the reference; 0.5 where the
    generator knows the training rows no better than others, 1 where it repeats them.
    """

    scores = {"closest-record": "neither", "closer-to-train": "neither"}

    def __call__(self, e: Evaluation) -> dict[str, float]:
        columns, reference = columns_of(e.data.space), e.reference_features
        rows = getattr(e.data, "rows", e.data)
        train = features(rows.batch(torch.arange(min(len(rows), len(reference)))).x, columns)
        near, other = (torch.cdist(e.features, real).min(1).values for real in (train, reference))
        closer = (near < other).double() + (near == other).double() / 2
        return {"closest-record": near.median().item(), "closer-to-train": closer.mean().item()}
