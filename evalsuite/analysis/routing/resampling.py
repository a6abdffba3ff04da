"""Bootstrap intervals of figures that are not functions of sums: areas, crossings, hulls."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from evalsuite.analysis.bootstrap import FEWEST_CLUSTERS
from evalsuite.analysis.clusters import Floats, cluster_codes
from evalsuite.analysis.intervals import LEVEL, Estimate

RESAMPLES = 1000

Figure = Callable[[Floats], float | None]
"""From how often each row counts (n,) to the figure; None where it is not defined."""


def cluster_bootstrap(
    figure: Figure,
    clusters: ArrayLike,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Estimate | None:
    """``figure`` of all rows once, and its percentile interval over redrawn clusters (n,).

    Percentiles are moved outwards for few clusters, to t(C - 1) x sqrt(C / (C - 1)) in place of z
    (Hesterberg, 2015, Am. Stat. 69). Whatever the figure sorts or picks by is sorted and picked
    again in each resample. No bounds below 8 clusters, or where a resample leaves the figure
    undefined. None where it is undefined of the rows themselves. Seeded.
    """
    codes, n_clusters = cluster_codes(clusters)
    value = figure(np.ones(codes.size)) if codes.size else None
    if value is None:
        return None
    bounds: tuple[float | None, float | None] = (None, None)
    if n_clusters < FEWEST_CLUSTERS:
        method = "n too small for a bootstrap"
    else:
        rng = np.random.default_rng(seed)
        drawn: list[float] = []
        for _ in range(resamples):
            chosen = rng.integers(0, n_clusters, size=n_clusters)
            found = figure(np.bincount(chosen, minlength=n_clusters).astype(float)[codes])
            if found is None:
                break
            drawn.append(found)
        method = f"cluster bootstrap, {resamples} resamples"
        if len(drawn) < resamples:
            method = "undefined in some resamples: no interval"
        elif np.ptp(drawn) <= 1e-12 * abs(value):
            method = "nothing varies: no interval"
        else:
            tail = _tail(n_clusters, level)
            low, high = np.quantile(drawn, [tail, 1 - tail])
            bounds = min(float(low), value), max(float(high), value)
    low_bound, high_bound = bounds
    return Estimate(
        value=value, low=low_bound, high=high_bound, n=codes.size, method=method, level=level
    )


def _tail(n_clusters: int, level: float) -> float:
    """The quantile of the draws that the lower bound is taken at."""
    from scipy.special import ndtr, stdtrit

    reach = float(stdtrit(n_clusters - 1, 0.5 + level / 2))
    return float(ndtr(-reach * math.sqrt(n_clusters / (n_clusters - 1))))
