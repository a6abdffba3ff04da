"""Bootstrap of statistics that are not functions of sums: rank correlations, alpha, spreads."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evalsuite.analysis.clusters import Floats, cluster_codes
from evalsuite.analysis.intervals import LEVEL, Estimate

Integers = NDArray[np.intp]
RESAMPLES = 1000
FEWEST_CLUSTERS = 8
MOST_UNDEFINED = 0.01
"""Share of resamples without a value (one side constant) up to which the rest give an interval."""
BLOCK = 8_000_000
"""Numbers held at once: resamples x rows."""


def resample(
    value: float | None,
    drawn: Callable[[Floats], Floats],
    clusters: ArrayLike,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
) -> Estimate | None:
    """``value`` of all rows with percentiles of what ``drawn`` gives of redrawn clusters.

    ``drawn`` turns ``times`` (R, n), how often each row counts in each of R resamples, into the
    statistic (R,), NaN where it does not exist. Whole ``clusters`` (n,) are redrawn. Percentiles
    are widened for few clusters as Hesterberg (2015), Am. Stat. 69, does it. Seeded; the order of
    rows does not matter. No bounds for fewer than 8 clusters, or where more than 1 in 100 resamples
    have no value. None where ``value`` is.
    """
    if value is None or math.isnan(value):
        return None
    code, n_clusters = cluster_codes(clusters)
    low = high = None
    method = "n too small for a bootstrap"
    if n_clusters >= FEWEST_CLUSTERS:
        found = _draws(drawn, code, n_clusters, resamples, seed)
        found = found[np.isfinite(found)]
        if len(found) < (1 - MOST_UNDEFINED) * resamples:
            method = "undefined in some resamples: no interval"
        else:
            tail = _tail(level, n_clusters)
            low, high = (float(bound) for bound in np.quantile(found, [tail, 1 - tail]))
            method = f"cluster bootstrap percentiles, {resamples} resamples"
    return Estimate(value=value, low=low, high=high, n=len(code), method=method, level=level)


def _draws(
    drawn: Callable[[Floats], Floats],
    code: Integers,
    n_clusters: int,
    resamples: int,
    seed: int,
) -> Floats:
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK // len(code))
    found = []
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        chosen = rng.integers(n_clusters, size=(size, n_clusters))
        chosen += np.arange(size)[:, None] * n_clusters
        times = np.bincount(chosen.ravel(), minlength=size * n_clusters)
        found.append(drawn(times.reshape(size, n_clusters)[:, code].astype(np.float64)))
    return np.concatenate(found)


def _tail(level: float, n_clusters: int) -> float:
    from scipy.special import ndtr, stdtrit

    reach = float(stdtrit(n_clusters - 1, 0.5 + level / 2))
    return float(ndtr(-reach * math.sqrt(n_clusters / (n_clusters - 1))))
