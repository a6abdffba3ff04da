"""Ranks and the ranks that the data cannot exclude."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


EQUAL = 1e-8
"""Log-odds, a few millionths of a point: ratings this close are equal and share a rank."""


class Ranks(NamedTuple):
    """(K,) rank within the part (1 is best), and its confidence set ``low`` .. ``high``."""

    rank: Integers
    low: Integers
    high: Integers


def rank_intervals(
    ratings: Floats,
    covariance: Floats,
    parts: Integers,
    critical: Callable[[int], float],
) -> Ranks:
    """Rank (K,) ``ratings`` with (K, K) ``covariance`` within each of the ``parts``.

    A model's best possible rank is 1 + how many others are surely better, its worst the size of
    the part less how many are surely worse: Mogstad, Romano, Shaikh & Wilhelm (2024), Rev. Econ.
    Stud. 91. "Surely" is judged on the interval of the difference, which two overlapping intervals
    of single ratings do not tell, with Bonferroni's correction over the model's K - 1 comparisons.

    Args:
        ratings: (K,) log-odds.
        covariance: (K, K) of ``ratings``.
        parts: (K,) connected part of each.
        critical: half-width in standard errors of an interval for one of so many comparisons.
    """
    difference = ratings[:, None] - ratings[None, :]
    variance = np.diag(covariance)[:, None] + np.diag(covariance)[None, :] - 2 * covariance
    se = np.sqrt(np.maximum(variance, 0.0))
    comparable = parts[:, None] == parts[None, :]
    size = comparable.sum(axis=1)
    widths = {int(n): critical(max(int(n) - 1, 1)) for n in np.unique(size)}
    half = np.array([widths[int(n)] for n in size])[:, None] * se
    worse_than = comparable & (difference < -EQUAL)
    surely_better = comparable & (difference > half)
    surely_worse = comparable & (difference < -half)
    return Ranks(
        rank=1 + worse_than.sum(axis=1),
        low=1 + surely_worse.sum(axis=1),
        high=size - surely_better.sum(axis=1),
    )
