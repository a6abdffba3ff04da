"""Bootstrap intervals of any figure that is a function of sums: ratios, F1, differences of both."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.clusters import (
    Floats,
    cluster_codes,
    cluster_sums,
    resampled_totals,
    strata_of_clusters,
    units,
)
from evalsuite.analysis.intervals import LEVEL, Estimate

RESAMPLES = 2000
"""Efron and Tibshirani (1993), 14.3: BCa wants more resamples than plain percentiles do."""
FEWEST_CLUSTERS = 8
"""BCa corrects by a third moment over the clusters; of fewer there is none worth the name."""

Statistic = Callable[[Floats], Floats]
"""From totals (..., S, k), S strata of k summed columns, to the figure (...)."""


def bca(
    columns: ArrayLike,
    statistic: Statistic,
    clusters: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Estimate | None:
    """A figure of column sums and its bias-corrected and accelerated cluster-bootstrap interval.

    ``columns`` (n, k) are summed by cluster, whole clusters are redrawn within ``strata`` (n,), and
    ``statistic`` turns totals (..., S, k) into the figure (...), for all resamples at once. The
    acceleration comes from leaving out one cluster at a time. Source: Efron (1987), JASA 82; for
    strata Davison and Hinkley (1997), 5.3.2. Widened for few clusters, t(C - S) x sqrt(C / (C - S))
    in place of z, as Hesterberg (2015), Am. Stat. 69, does it for percentiles. Of very many
    clusters, groups take their place (``clusters.units``). Seeded; the order of rows does not
    matter.

    No bounds for fewer than 8 clusters or fewer than 2 in a stratum, where the figure is undefined
    (NaN) in the data or in a resample, and where it is the same in all resamples: a bootstrap can
    only show variation that the data have. Optimistic below about 30 clusters. None without rows.

    Raises:
        ValueError: a value is missing, a cluster lies in two strata, or level not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level of coverage lies between 0 and 1, not at {level}")
    table = np.asarray(columns, dtype=float)
    if table.ndim != 2 or not np.isfinite(table).all():
        raise ValueError("columns must be a table (n, k) with no missing or infinite value")
    if len(table) == 0:
        return None
    codes, n_clusters = cluster_codes(clusters, len(table))
    of_cluster = strata_of_clusters(codes, n_clusters, strata)
    sums = cluster_sums(table, codes, n_clusters)
    whole = cluster_sums(sums, of_cluster, int(of_cluster.max()) + 1)
    value = float(statistic(whole))
    bounds: tuple[float | None, float | None] = (None, None)
    if n_clusters < FEWEST_CLUSTERS or np.bincount(of_cluster).min() < 2:
        method = "n too small for a bootstrap"
    else:
        drawn = statistic(resampled_totals(sums, of_cluster, seed=seed, resamples=resamples))
        redrawn, cells, of_cell = units(sums, of_cluster, seed=seed)
        of_unit = of_cell[cells]
        left_out = statistic(whole[None] - _alone(redrawn, of_unit))
        if not np.isfinite(drawn).all() or not np.isfinite(left_out).all():
            method = "undefined in some resamples: no interval"
        elif np.ptp(drawn) <= 1e-12 * abs(value):
            method = "nothing varies: no interval"
        else:
            free = len(redrawn) - whole.shape[0]
            reach = _t_reach(level, free) * math.sqrt(len(redrawn) / free)
            bounds = _bounds(value, drawn, _acceleration(left_out, of_unit), reach)
            method = f"BCa cluster bootstrap, {resamples} resamples"
            if bounds == (None, None):
                method = "figure outside all resamples: no interval"
    low, high = bounds
    return Estimate(value=value, low=low, high=high, n=len(table), method=method, level=level)


def bca_mean_difference(
    a: ArrayLike,
    b: ArrayLike,
    clusters: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Estimate | None:
    """Mean of ``a - b`` (n,) on the same samples with its BCa interval; see ``bca``.

    With ``strata`` (tasks) the unweighted mean of the tasks' differences. For scores with heavy or
    lopsided tails; for 0/1 outcomes ``evalsuite.analysis.paired.paired_difference`` is better.

    Raises:
        ValueError: a score is missing, or the arrays differ in length.
    """
    differences = np.asarray(a, dtype=float) - np.asarray(b, dtype=float)
    if differences.ndim != 1 or np.shape(a) != np.shape(b):
        raise ValueError("pairs need both sides, each one-dimensional")

    def mean_over_strata(totals: Floats) -> Floats:
        return np.asarray((totals[..., 0] / totals[..., 1]).mean(axis=-1))

    columns = np.column_stack([differences, np.ones(differences.size)])
    return bca(
        columns,
        mean_over_strata,
        clusters,
        strata=strata,
        seed=seed,
        resamples=resamples,
        level=level,
    )


def _alone(sums: Floats, strata: np.ndarray) -> Floats:
    """Each cluster's ``sums`` (C, k) in its own stratum of otherwise empty totals (C, S, k)."""
    alone = np.zeros((len(sums), int(strata.max()) + 1, sums.shape[1]))
    alone[np.arange(len(sums)), strata] = sums
    return alone


def _acceleration(left_out: Floats, strata: np.ndarray) -> float:
    """A sixth of the skewness of the figure's influence values, by stratum."""
    cubes, squares = 0.0, 0.0
    for stratum in np.unique(strata):
        inside = left_out[strata == stratum]
        influence = (len(inside) - 1) * (inside.mean() - inside)
        cubes += float((influence**3).sum()) / len(inside) ** 3
        squares += float((influence**2).sum()) / len(inside) ** 2
    return cubes / (6 * squares**1.5) if squares > 0 else 0.0


def _t_reach(level: float, degrees: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + level / 2))


def _bounds(
    value: float, drawn: Floats, acceleration: float, reach: float
) -> tuple[float | None, float | None]:
    """Bounds ``reach`` standard errors away, where z would be 1.96 of them."""
    normal = NormalDist()
    # Ties count half, so that a figure of few distinct values is not taken for biased.
    below = float((drawn < value).mean() + (drawn == value).mean() / 2)
    if not 0 < below < 1:
        return None, None
    shift = normal.inv_cdf(below)
    found = []
    for signed in (-reach, reach):
        shifted = shift + signed
        room = 1 - acceleration * shifted
        # Too skewed for this level: the correction has no end, so the bound is that of the draws.
        at = normal.cdf(shift + shifted / room) if room > 0 else float(shifted > 0)
        found.append(float(np.quantile(drawn, at)))
    return found[0], found[1]
