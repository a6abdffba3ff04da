"""Correlation of a judge's scores with people's: over items, within each item, and of systems."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Coefficient = Literal["pearson", "spearman", "kendall"]
COEFFICIENTS: tuple[Coefficient, ...] = ("pearson", "spearman", "kendall")
MOST_CELLS = 20_000


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupedCorrelation:
    """Mean over groups of the correlation within each.

    Attributes:
        value: the mean, of ``within``; None where no group has a correlation.
        within: correlation of each group that has one.
        groups: label of each of those groups.
        n_undefined: groups where one side is constant, or that hold one value.
    """

    value: float | None
    within: Floats
    groups: tuple[Hashable, ...]
    n_undefined: int


def correlation(x: ArrayLike, y: ArrayLike, coefficient: Coefficient) -> float | None:
    """Correlation of ``x`` and ``y`` (n,), no value missing; None where one of them is constant.

    ``kendall`` is tau-b, Kendall (1945), Biometrika 33; ``spearman`` is Pearson's of mid-ranks.

    Raises:
        ValueError: no such coefficient, different lengths, or missing values.
    """
    if coefficient not in COEFFICIENTS:
        raise ValueError(f"coefficient {coefficient!r}: write one of {', '.join(COEFFICIENTS)}")
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if a.shape != b.shape or a.ndim != 1 or not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("a correlation needs two columns of equal length with no missing value")
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    if coefficient == "kendall":
        return _tau_b(a, b)
    if coefficient == "spearman":
        a, b = mid_ranks(a), mid_ranks(b)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size > 0 else None


def mid_ranks(values: Floats) -> Floats:
    """Ranks (n,) from 1, equal values sharing the mean of theirs."""
    _, code, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[code])


def _tau_b(a: Floats, b: Floats) -> float:
    """Tau-b by the table of distinct values: of grades, it is far smaller than the data."""
    code_a, n_a = np.unique(a, return_inverse=True, return_counts=True)[1:]
    code_b, n_b = np.unique(b, return_inverse=True, return_counts=True)[1:]
    if len(n_a) * len(n_b) > MOST_CELLS:
        from scipy.stats import kendalltau

        return float(kendalltau(a, b).statistic)
    cells = len(n_a) * len(n_b)
    table = np.bincount(code_a * len(n_b) + code_b, minlength=cells).reshape(len(n_a), len(n_b))
    below_right = np.zeros_like(table)
    below_right[:-1, :-1] = table[::-1, ::-1].cumsum(axis=0).cumsum(axis=1)[::-1, ::-1][1:, 1:]
    concordant = int((table * below_right).sum())
    pairs, tied_a, tied_b, tied_both = (
        int((n * (n - 1)).sum()) // 2 for n in (np.array(len(a)), n_a, n_b, table)
    )
    discordant = pairs - tied_a - tied_b + tied_both - concordant
    return (concordant - discordant) / math.sqrt((pairs - tied_a) * (pairs - tied_b))


def grouped_correlation(
    x: ArrayLike, y: ArrayLike, groups: Sequence[Hashable], coefficient: Coefficient
) -> GroupedCorrelation:
    """Correlation within each group (over the systems that answered one prompt), averaged.

    This is the "story level" of HANNA (Chhun et al., 2022, COLING) and WMT's segment level: it
    asks whether the judge ranks the answers to one prompt as people do. Groups where one side is
    constant have no correlation; they are left out and counted.
    """
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    rows: dict[Hashable, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    found = {group: correlation(a[at], b[at], coefficient) for group, at in rows.items()}
    known = {group: value for group, value in found.items() if value is not None}
    within = np.array(list(known.values()))
    return GroupedCorrelation(
        value=float(within.mean()) if known else None,
        within=within,
        groups=tuple(known),
        n_undefined=len(found) - len(known),
    )


def system_correlation(
    x: ArrayLike, y: ArrayLike, systems: ArrayLike, coefficient: Coefficient
) -> float | None:
    """Correlation of the systems' mean scores: does the judge rank systems as people do?

    For ranks means are taken to 12 digits: systems whose ratings sum to the same are tied, however
    the sum was rounded. None where there are fewer than 2 systems, or one side gives all the same
    mean.
    """
    code = np.unique(np.asarray(systems), return_inverse=True)[1]
    n = np.bincount(code)
    if len(n) < 2:
        return None
    means = [np.bincount(code, np.asarray(side, dtype=float)) / n for side in (x, y)]
    if coefficient != "pearson":
        means = [np.array([float(f"{mean:.12g}") for mean in side]) for side in means]
    return correlation(means[0], means[1], coefficient)
