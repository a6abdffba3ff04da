"""Interval estimates that stay honest for few samples, clustered samples and rates near 0 or 1.

Every function takes plain arrays with no missing values: leaving unknown values out, and saying
how many there were, is the caller's duty. ``level`` is the two-sided coverage aimed at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
RESAMPLES = 1000
FEWEST_CLUSTERS_TO_RESAMPLE = 5
"""With 4 clusters a bootstrap has 35 distinct resamples: too few for a 2.5 % tail."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure, its interval and the number of observations behind it.

    A bound is None where it does not exist at this ``n``; it is infinite where the data put no
    limit on it. ``value`` is infinite for a cost per success where nothing succeeded.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    method: str
    level: float = LEVEL


def wilson(successes: float, n: float, *, level: float = LEVEL) -> tuple[float, float]:
    """Bounds of a proportion by Wilson's score interval.

    Source: Wilson (1927), JASA 22. ``successes`` and ``n`` may be fractional (an effective sample
    size). Valid for independent observations; never of zero width, also at 0 or ``n`` successes.

    Raises:
        ValueError: unless ``0 <= successes <= n`` and ``n > 0``.
    """
    _check_counts(successes, n)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def clopper_pearson(successes: int, n: int, *, level: float = LEVEL) -> tuple[float, float]:
    """Bounds of a proportion that cover at least ``level`` whatever the true rate is.

    Source: Clopper and Pearson (1934), Biometrika 26. Valid for independent observations;
    conservative, so wider than Wilson's.

    Raises:
        ValueError: unless ``0 <= successes <= n`` and ``n > 0``.
    """
    from scipy.special import betaincinv

    _check_counts(successes, n)
    tail = (1 - level) / 2
    low = 0.0 if successes == 0 else float(betaincinv(successes, n - successes + 1, tail))
    high = 1.0 if successes == n else float(betaincinv(successes + 1, n - successes, 1 - tail))
    return low, high


def clustered_standard_error(
    values: ArrayLike, clusters: ArrayLike, *, corrected: bool = True
) -> float | None:
    """Standard error of the mean of ``values`` (n,) whose ``clusters`` (n,) are independent.

    sqrt(C/(C-1) * sum over clusters of (sum of residuals)^2) / n; without ``corrected`` the factor
    C/(C-1) is left out. Source: Liang and Zeger (1986), Biometrika 73; for evaluations, Miller
    (2024), arXiv:2411.00640. None for fewer than 2 clusters. Too small for few clusters (use
    t with C-1 degrees of freedom) and 0 where all values are equal (see ``proportion``).
    """
    numbers = np.asarray(values, dtype=float)
    codes, n_clusters = cluster_codes(clusters)
    if n_clusters < 2:
        return None
    sums = np.bincount(codes, weights=numbers - numbers.mean(), minlength=n_clusters)
    factor = n_clusters / (n_clusters - 1) if corrected else 1.0
    return float(math.sqrt(factor * float(np.square(sums).sum())) / len(numbers))


def clustered_mean(
    values: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL
) -> Estimate | None:
    """Mean of ``values`` (n,) with its clustered-t interval; None where there are no values.

    The interval is mean +- t(C-1) x ``clustered_standard_error``. For a rate of successes use
    ``proportion``: this one has zero width where all values agree.
    """
    numbers = np.asarray(values, dtype=float)
    if numbers.size == 0:
        return None
    mean = float(numbers.mean())
    error = clustered_standard_error(numbers, clusters)
    if error is None:
        return _without_interval(mean, numbers.size, "one cluster: no interval", level)
    half = _t_quantile(cluster_codes(clusters)[1] - 1, level) * error
    return Estimate(
        value=mean,
        low=mean - half,
        high=mean + half,
        n=numbers.size,
        method="clustered t",
        level=level,
    )


def proportion(
    successes: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL
) -> Estimate | None:
    """Rate of ``successes`` (n,) of 0 or 1, with an interval fit for its ``clusters`` (n,).

    Wilson where every cluster is a single observation. Otherwise Wilson with the effective sample
    size of ``effective_n``, after Korn and Graubard (1998), Survey Methodology 24, with Wilson in
    place of Clopper-Pearson as Franco et al. (2019), J. Survey Stat. Methodol. 7, recommend. None
    where there are no observations; no bounds where there is one cluster.
    """
    hits = np.asarray(successes, dtype=float)
    if hits.size == 0:
        return None
    rate = float(hits.mean())
    n_clusters = cluster_codes(clusters)[1]
    if n_clusters == hits.size:
        low, high = wilson(float(hits.sum()), hits.size, level=level)
        method = "Wilson"
    elif n_clusters < 2:
        return _without_interval(rate, hits.size, "one cluster: no interval", level)
    else:
        n = effective_n(hits, clusters, level=level)
        low, high = wilson(min(n, rate * n), n, level=level)
        method = f"Wilson, effective n {n:.0f} of {n_clusters} clusters"
    return Estimate(value=rate, low=low, high=high, n=hits.size, method=method, level=level)


def effective_n(values: ArrayLike, clusters: ArrayLike, *, level: float = LEVEL) -> float:
    """How many independent observations the clustered ``values`` (n,) are worth.

    n / design effect x (z / t(C-1))^2, where the design effect is the clustered over the plain
    variance of the mean, at least 1. Where all values agree it cannot be estimated, so clusters
    are taken as repeating one observation: n^2 / sum of squared sizes (Kish, 1965), the cautious
    end. The last factor pays for estimating the variance from few clusters.
    """
    numbers = np.asarray(values, dtype=float)
    codes, n_clusters = cluster_codes(clusters)
    sizes = np.bincount(codes, minlength=n_clusters)
    if n_clusters == numbers.size:
        return float(numbers.size)
    if n_clusters < 2:
        return 1.0
    plain = float(numbers.var()) / numbers.size
    if plain > 0:
        error = clustered_standard_error(numbers, clusters) or 0.0
        n = numbers.size / max(1.0, error * error / plain)
    else:
        n = numbers.size**2 / float(np.square(sizes).sum())
    z = NormalDist().inv_cdf(0.5 + level / 2)
    return n * (z / _t_quantile(n_clusters - 1, level)) ** 2


def stratified(parts: Sequence[Estimate], weights: Sequence[float]) -> Estimate:
    """Weighted mean of independent estimates, and an interval made of theirs.

    Square-and-add of each part's distance to its own bounds (MOVER: Zou and Donner, 2008, Stat.
    Med. 27; Newcombe, 1998), which keeps the parts' asymmetry and never has zero width where they
    have none. The strata (tasks) are taken as fixed: it speaks of these tasks, not of others like
    them. No bound where a part has none.

    Raises:
        ValueError: no parts, or not one weight each.
    """
    if not parts or len(parts) != len(weights):
        raise ValueError("stratified needs at least one part, and one weight for each")
    if len(parts) == 1:
        return parts[0]
    shares = [weight / sum(weights) for weight in weights]
    value = sum(share * part.value for share, part in zip(shares, parts, strict=True))
    below, above = 0.0, 0.0
    bounded = True
    for share, part in zip(shares, parts, strict=True):
        if part.low is None or part.high is None:
            bounded = False
            continue
        below += (share * (part.value - part.low)) ** 2
        above += (share * (part.high - part.value)) ** 2
    return Estimate(
        value=value,
        low=value - math.sqrt(below) if bounded else None,
        high=value + math.sqrt(above) if bounded else None,
        n=sum(part.n for part in parts),
        method=f"{len(parts)} strata combined by MOVER",
        level=parts[0].level,
    )


def ratio_of_sums(
    numerators: ArrayLike,
    denominators: ArrayLike,
    clusters: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    level: float = LEVEL,
) -> Estimate | None:
    """Sum of ``numerators`` (n,) / sum of ``denominators`` (n,), such as dollars per success.

    Percentile bootstrap over whole clusters, drawn within ``strata`` (tasks) where given; both
    sums are resampled together. Source: Efron and Tibshirani (1993), ch. 13; Davison and Hinkley
    (1997), 3.8 for clusters. Seeded, and independent of the order of rows. The ratio is infinite
    where the denominator is 0, and so is a bound whose tail of resamples has none. No bounds for
    fewer than 5 clusters; optimistic for fewer than about 20. None where there are no rows.
    """
    top, bottom = np.asarray(numerators, dtype=float), np.asarray(denominators, dtype=float)
    if top.size == 0:
        return None
    value = _ratio(float(top.sum()), float(bottom.sum()))
    totals = _resampled_totals(
        np.column_stack([top, bottom]), clusters, strata, seed=seed, resamples=resamples
    )
    if math.isinf(value) or totals is None:
        why = "no denominator" if math.isinf(value) else "n too small for a bootstrap"
        return _without_interval(value, top.size, why, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(totals[:, 1] > 0, totals[:, 0] / totals[:, 1], math.inf)
    tail = (1 - level) / 2
    # A quantile that does not interpolate stays defined beside infinite resamples.
    low = float(np.quantile(ratios, tail, method="lower"))
    high = float(np.quantile(ratios, 1 - tail, method="higher"))
    return Estimate(
        value=value,
        low=min(low, value),
        high=max(high, value),
        n=top.size,
        method=f"cluster bootstrap, {resamples} resamples",
        level=level,
    )


def percentile(values: ArrayLike, q: float, *, level: float = LEVEL) -> Estimate | None:
    """The ``q`` quantile (0 < q < 1) of ``values`` (n,) and its order-statistic interval.

    The value is ``sorted[floor(n q)]`` as MLPerf's LoadGen takes it. The bounds are the order
    statistics whose ranks bracket a Binomial(n, q) count with ``level``: no assumption on the
    distribution, but independent observations (David and Nagaraja, 2003, 7.1). A bound is None
    where n is too small for it to exist. None where there are no values.
    """
    from scipy.special import bdtr

    ordered = np.sort(np.asarray(values, dtype=float))
    n = int(ordered.size)
    if n == 0:
        return None
    below = np.asarray(bdtr(np.arange(n), n, q))  # P(K <= k) for k = 0 .. n-1
    tail = (1 - level) / 2
    lower_rank = int(np.searchsorted(below, tail, side="right"))  # 1-based; 0 means none
    upper_rank = int(np.searchsorted(below, 1 - tail, side="left")) + 1  # n + 1 means none
    bounded = lower_rank >= 1 and upper_rank <= n
    return Estimate(
        value=float(ordered[min(n - 1, math.floor(n * q))]),
        low=float(ordered[lower_rank - 1]) if lower_rank >= 1 else None,
        high=float(ordered[upper_rank - 1]) if upper_rank <= n else None,
        n=n,
        method="order statistics" if bounded else "order statistics: n too small",
        level=level,
    )


def cluster_codes(clusters: ArrayLike) -> tuple[NDArray[np.intp], int]:
    """Cluster labels (n,) as integers 0..C-1 in label order, and C."""
    labels, codes = np.unique(np.asarray(clusters), return_inverse=True)
    return codes, len(labels)


def _resampled_totals(
    columns: Floats,
    clusters: ArrayLike,
    strata: ArrayLike | None,
    *,
    seed: int,
    resamples: int,
) -> Floats | None:
    """Totals (resamples, k) of ``columns`` (n, k) over clusters redrawn within strata."""
    codes, n_clusters = cluster_codes(clusters)
    if n_clusters < FEWEST_CLUSTERS_TO_RESAMPLE:
        return None
    sums = np.column_stack(
        [np.bincount(codes, weights=column, minlength=n_clusters) for column in columns.T]
    )
    stratum_of = np.zeros(n_clusters, dtype=np.intp)
    if strata is not None:
        stratum_of[codes] = cluster_codes(strata)[0]
    rng = np.random.default_rng(seed)
    totals = np.zeros((resamples, columns.shape[1]))
    for stratum in np.unique(stratum_of):
        members = sums[stratum_of == stratum]
        rows = max(1, 1_000_000 // len(members))  # a slice of resamples at a time bounds memory
        for start in range(0, resamples, rows):
            stop = min(resamples, start + rows)
            shape = (stop - start, len(members))
            drawn = rng.integers(0, len(members), size=shape, dtype=np.int32)
            for k, column in enumerate(members.T):
                totals[start:stop, k] += np.take(np.ascontiguousarray(column), drawn).sum(axis=1)
    return totals


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.inf


def _t_quantile(degrees: int, level: float) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.5 + level / 2))


def _without_interval(value: float, n: int, why: str, level: float) -> Estimate:
    return Estimate(value=value, low=None, high=None, n=n, method=why, level=level)


def _check_counts(successes: float, n: float) -> None:
    if n <= 0 or not 0 <= successes <= n:
        raise ValueError(f"needs 0 <= successes <= n and n > 0, not {successes} of {n}")
